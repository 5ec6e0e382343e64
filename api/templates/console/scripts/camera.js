// Reads the code on a device's label with the camera, where the browser reads QR codes. A label may
// say the code alone, or an address that ends with `?code=` and the code.

const button = document.querySelector("[data-camera]");
const video = document.querySelector("video");
const trouble = document.querySelector("[data-camera-trouble]");

function codeIn(text) {
  return URL.canParse(text) ? (new URL(text).searchParams.get("code") ?? "") : text;
}

async function read() {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const look = async () => {
    const found = await detector.detect(video);
    const code = found.map(({ rawValue }) => codeIn(rawValue)).find((text) => text !== "");
    if (!code) return requestAnimationFrame(look);
    for (const track of stream.getTracks()) track.stop();
    video.hidden = true;
    const input = document.getElementById(button.dataset.camera);
    input.value = code;
    input.focus();
  };
  requestAnimationFrame(look);
}

if ("BarcodeDetector" in window && navigator.mediaDevices) {
  button.hidden = false;
  button.addEventListener("click", () => {
    trouble.hidden = true;
    read().catch(() => {
      trouble.hidden = false;
    });
  });
}
