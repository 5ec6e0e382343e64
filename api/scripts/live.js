// Keeps an open page true. The server tells the mark that the page would have now; when it is
// another one, <main> is loaded again. Where the session has ended, the page leads to the sign-in.
// While the page is hidden nobody listens.

const AGAIN_AFTER_MS = 3000;

let events;

function listen() {
  const main = document.querySelector("main");
  if (!main.dataset.live || document.hidden) return;
  events?.close();
  events = new EventSource(main.dataset.live);
  events.addEventListener("mark", ({ data }) => {
    if (data !== document.querySelector("main").dataset.mark) renew();
  });
  events.onerror = async () => {
    events.close();
    await renew();
    setTimeout(listen, AGAIN_AFTER_MS);
  };
}

async function renew() {
  const asked = { cache: "no-store", headers: { accept: "text/html" } };
  const answer = await fetch(location.href, asked).catch(() => null);
  if (!answer || answer.status >= 500) return;
  if (answer.redirected) return location.assign(answer.url);
  const text = await answer.text();
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  // What is no page of ours says nothing about this one.
  if (!fresh) return;
  const main = document.querySelector("main");
  const active = document.activeElement;
  // What somebody is typing is left alone until the next change.
  if (main.contains(active) && active.matches("input, select, textarea")) return;
  // What became of an opening is read out, too; what changes each minute is not.
  const told = main.querySelector("#told")?.textContent;
  const href = main.contains(active) ? active.getAttribute("href") : null;
  main.replaceWith(fresh);
  if (href) fresh.querySelector(`[href="${CSS.escape(href)}"]`)?.focus();
  const news = fresh.querySelector("#told")?.textContent;
  if (news && news !== told) document.getElementById("news").textContent = news;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return events?.close();
  renew();
  listen();
});

// From here on this module looks; the page that was loaded need not load itself again.
clearTimeout(globalThis.again);
listen();
