// Fills in one contact from the phone's address book, where the browser has that.

const button = document.querySelector("[data-contact]");

if ("contacts" in navigator && button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const asked = navigator.contacts.select(["name", "tel"], { multiple: false });
    const [contact] = await asked.catch(() => []);
    if (!contact) return;
    document.getElementById("name").value = contact.name?.[0] ?? "";
    document.getElementById("mobile").value = contact.tel?.[0] ?? "";
  });
}
