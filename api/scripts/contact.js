// Fills in one contact from the phone's address book, where the browser has that.

const button = document.querySelector("[data-contact]");

async function choose() {
  const [contact] = await navigator.contacts.select(["name", "tel"], { multiple: false });
  if (!contact) return;
  document.getElementById("name").value = contact.name?.[0] ?? "";
  document.getElementById("mobile").value = contact.tel?.[0] ?? "";
}

if ("contacts" in navigator && button) {
  button.hidden = false;
  // Nobody was chosen, or it is not allowed: name and number are typed.
  button.addEventListener("click", () => choose().catch(() => {}));
}
