// Asks before changes are lost: a link on this page asks with Save and Discard, and everything else
// that leaves it (the back button, closing the tab) with the browser's own question.

const form = document.querySelector("form[data-unsaved]");
const dialog = document.getElementById("unsaved");
// A form that is shown again holds what was not saved.
const before = form.dataset.unsaved === "already" ? null : state();
let isLeaving = false;
let next;

function state() {
  return new URLSearchParams(new FormData(form)).toString();
}

function isChanged() {
  return !isLeaving && state() !== before;
}

document.addEventListener("click", (click) => {
  const link = click.target.closest("a[href]");
  if (!link || !isChanged()) return;
  click.preventDefault();
  next = link.href;
  dialog.showModal();
});

dialog.querySelector("[data-discard]").addEventListener("click", () => {
  isLeaving = true;
  location.assign(next);
});

// Closed first, so that the browser can show which row is not right.
dialog.querySelector("[data-save]").addEventListener("click", () => dialog.close());

form.addEventListener("submit", () => {
  isLeaving = true;
});

window.addEventListener("beforeunload", (event) => {
  if (isChanged()) event.preventDefault();
});
