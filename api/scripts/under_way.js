// Says that a form is on its way, in the words of the button that was pressed, and sends it once.

const form = document.querySelector("form[data-under-way]");
const told = form.querySelector("[role=status]");

form.addEventListener("submit", (event) => {
  if (told.firstChild) return event.preventDefault();
  const { submitter } = event;
  // A button that is disabled would not say that it was the one.
  submitter.setAttribute("aria-disabled", "true");
  const label = document.createElement("label");
  label.append(submitter.dataset.underWay, document.createElement("progress"));
  told.append(label);
});

// A page that comes back from where the browser put it aside has nothing on its way.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  told.replaceChildren();
  form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
});
