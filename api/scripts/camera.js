// The camera in a page, where the browser reads QR codes: for the board at a gate, and for the label
// on a device.

const PAUSE_MS = 150;

/** Whether this browser reads QR codes. */
async function canScan() {
  try {
    const kinds = await BarcodeDetector.getSupportedFormats();
    return kinds.includes("qr_code") && Boolean(navigator.mediaDevices);
  } catch {
    return false;
  }
}

/** Shows the camera until `read` makes something of a QR code; nothing when it was hidden before. */
async function scan(video, read) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    while (video.isConnected && !video.hidden) {
      const codes = await detector.detect(video).catch(() => []);
      const found = codes.map(({ rawValue }) => read(rawValue)).find(Boolean);
      if (found) return found;
      await new Promise((later) => setTimeout(later, PAUSE_MS));
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.hidden = true;
  }
}

/**
 * Has a button start the camera, and stop it when it is pressed again. The button stays hidden where
 * the browser cannot scan. `found` gets what `read` made of a code; `refused` is told of no camera.
 */
export async function offer(button, video, { read, found, refused }) {
  if (!(await canScan())) return;
  button.hidden = false;
  const label = button.textContent;
  let isOn = false;
  button.addEventListener("click", async () => {
    if (isOn) {
      video.hidden = true;
      return;
    }
    isOn = true;
    button.textContent = button.dataset.stop;
    try {
      const code = await scan(video, read);
      if (code) found(code);
    } catch {
      refused();
    }
    button.textContent = label;
    isOn = false;
  });
}
