// Copies the message to the guest; without this, it can be selected in its field.

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    const copied = document.querySelector("[data-copied]");
    copied.hidden = false;
    document.getElementById("news").textContent = copied.textContent;
  });
}
