// Comfort for scanning a board: by the camera in the page, and with pictures made small before they
// travel. Without it the form takes a picture and sends it.

import { offer } from "./camera.js";

const SIDE = 1600;

/** The page of a board, if that is what a QR code says; whichever host it names, it is ours. */
function boardIn(text) {
  const path = /^https?:\/\/[^/]+(\/b\/[\w-]+)$/.exec(text);
  return path?.[1];
}

/** Puts the camera before the form that takes pictures, where the browser can scan by itself. */
export function offerScan(more, found) {
  const form = more.querySelector('form[action="/scan"]');
  if (!form || form.dataset.offered) return;
  form.dataset.offered = "yes";
  const { here, stop, none } = form.dataset;
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: here });
  button.dataset.stop = stop;
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
  button.hidden = video.hidden = true;
  form.before(button, video);
  const refused = () => button.replaceWith(Object.assign(document.createElement("p"), { textContent: none }));
  offer(button, video, { read: boardIn, found, refused });
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
