// Reads the code on a device's label with the camera. A label may say the code alone, or an address
// that ends with `?code=` and the code.

import { offer } from "./camera.js";

const button = document.querySelector("[data-camera]");
const trouble = document.querySelector("[data-camera-trouble]");

offer(button, document.querySelector("video"), {
  read: (text) => (URL.canParse(text) ? new URL(text).searchParams.get("code") : text),
  found(code) {
    trouble.hidden = true;
    const input = document.getElementById(button.dataset.camera);
    input.value = code;
    input.focus();
  },
  refused() {
    trouble.hidden = false;
  },
});
