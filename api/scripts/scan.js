// Comfort for scanning a board: by the camera in the page, where the browser reads QR codes, and
// with pictures made small before they travel. Without it the form takes a picture and sends it.

const SIDE = 1600;
const PAUSE_MS = 150;

/** The page of a board, if that is what a QR code says; whichever host it names, it is ours. */
function boardIn(text) {
  const path = /^https?:\/\/[^/]+(\/b\/[\w-]+)$/.exec(text);
  return path?.[1];
}

/** Puts a button before the form that takes pictures, where the browser can scan by itself. */
export async function offer(more, found) {
  const form = more.querySelector('form[action="/scan"]');
  if (!form || form.dataset.offered) return;
  form.dataset.offered = "yes";
  const kinds = await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => []);
  if (!kinds?.includes("qr_code") || !navigator.mediaDevices) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = form.dataset.here;
  button.addEventListener("click", () => (button.stop ? button.stop() : scan(form, button, found)));
  form.before(button);
}

/** Shows the camera until a board is seen, the button is pressed again, or the page moves on. */
async function scan(form, button, found) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    button.replaceWith(Object.assign(document.createElement("p"), { textContent: form.dataset.none }));
    return;
  }
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  video.srcObject = stream;
  button.after(video);
  button.textContent = form.dataset.stop;
  button.stop = () => video.remove();
  await video.play().catch(() => {});
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  let board;
  while (video.isConnected && !board) {
    const codes = await detector.detect(video).catch(() => []);
    board = codes.map(({ rawValue }) => boardIn(rawValue)).find(Boolean);
    if (!board) await new Promise((later) => setTimeout(later, PAUSE_MS));
  }
  stream.getTracks().forEach((track) => track.stop());
  video.remove();
  delete button.stop;
  button.textContent = form.dataset.here;
  if (board) found(board);
}

/** The same form with a picture that a slow line carries; as it was where that cannot be done. */
export async function shrink(fields) {
  try {
    const picture = await createImageBitmap(fields.get("picture"));
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width * scale, picture.height * scale];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    if (small) fields.set("picture", small, "picture.jpg");
  } catch {
    // A picture that this browser cannot draw is sent as it is.
  }
  return fields;
}
