// Comfort for the guest's pages: what happens at the gate appears by itself, and a press of a
// button is answered in place. Without this module every page works by forms and reloads alone.

import { offerScan, shrink } from "./scan.js";

const RETRY_MS = 10_000;

/** Pages, and not the documents that programs get. */
const headers = { accept: "text/html" };

const main = document.querySelector("main");
const part = (id) => document.getElementById(id);
const formOf = (asks) => asks.querySelector("form");

/** Which digits a form asks for: the same name, the same question. */
const nameOf = (form) => form && `${form.action} ${form.elements.pass?.value}`;

/** What was typed into each form, in case it goes and comes back. */
const typed = new Map();

let stream, retry, isPressed = false;

/** The page that an answer brings; throws for what is none of ours, as if no answer had come. */
async function pageIn(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.querySelector("main > #told")) throw new Error("no page of ours");
  return page;
}

/** Shows a page in the place of this one. A form that still asks the same stays untouched. */
function show(fresh, { keepsForm }) {
  document.title = fresh.title;
  for (const id of ["whose", "told", "asks", "more"]) {
    const [before, after] = [part(id), fresh.getElementById(id)];
    const isSame = nameOf(formOf(before)) === nameOf(formOf(after));
    if (id === "asks" && keepsForm && isSame) continue;
    if (before.innerHTML !== after.innerHTML) before.replaceChildren(...after.childNodes);
  }
  const code = part("code");
  if (code && !code.value) code.value = typed.get(nameOf(code.form)) ?? "";
  const { live = "", mark = "" } = fresh.querySelector("main").dataset;
  const isElsewhere = live !== main.dataset.live;
  Object.assign(main.dataset, { live, mark });
  offerScan(part("more"), (address) => location.assign(address));
  if (isElsewhere || !stream || stream.readyState === EventSource.CLOSED) listen();
}

/** Looks what there is to see now. */
async function look() {
  // What is not seen is looked at when it is seen again.
  if (isPressed || document.hidden) return;
  try {
    const fresh = await pageIn(await fetch(location.href, { headers }));
    if (!isPressed) show(fresh, { keepsForm: true });
  } catch {
    lookLater();
  }
}

function lookLater() {
  clearTimeout(retry);
  retry = setTimeout(look, RETRY_MS);
}

/** Hears of changes; where there is no place to listen, looks from time to time. */
function listen() {
  clearTimeout(retry);
  stream?.close();
  stream = undefined;
  if (!main.dataset.live) return;
  const mine = new EventSource(main.dataset.live);
  mine.addEventListener("mark", ({ data }) => data === main.dataset.mark || look());
  mine.addEventListener("error", () => {
    if (mine === stream && mine.readyState === EventSource.CLOSED) lookLater();
  });
  stream = mine;
}

/** Sends a form and shows the answer. If it got lost, the same press can be made once more. */
async function press(form) {
  const [button, isPicture] = [form.querySelector("button:not([type])"), form.elements.picture];
  const label = button.textContent;
  const body = isPicture ? await shrink(new FormData(form)) : new URLSearchParams(new FormData(form));
  button.textContent = main.dataset.wait;
  button.setAttribute("aria-disabled", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers });
    const fresh = await pageIn(answer);
    if (answer.redirected) history.replaceState(null, "", answer.url);
    typed.delete(nameOf(form));
    // A new stream tells at once what this press has begun.
    stream?.close();
    show(fresh, { keepsForm: false });
    if (document.activeElement === document.body) (part("code") ?? part("told")).focus();
  } catch {
    button.textContent = label;
    button.removeAttribute("aria-disabled");
    part("note").textContent = main.dataset.lost;
  }
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isPressed) return;
  isPressed = true;
  await press(event.target);
  isPressed = false;
});

document.addEventListener("input", ({ target }) => {
  if (target.id === "code") typed.set(nameOf(target.form), target.value);
});

// A page that was put aside (another app, the back button) shows the truth when it is seen again.
document.addEventListener("visibilitychange", () => document.hidden || look());
addEventListener("pageshow", ({ persisted }) => persisted && look());

// From here on this module looks; the page that was loaded need not load itself again.
clearTimeout(globalThis.again);
part("told").tabIndex = -1;
offerScan(part("more"), (address) => location.assign(address));
listen();
