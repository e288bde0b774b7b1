// Keeps a ticket's page up to date: asks for its parts every few seconds and puts the new ones in.
// Promise: focus and scroll stay where they are, and nothing that is being typed is lost.

const EVERY_MS = 4000;
const LONGEST_MS = 60000;

const place = document.querySelector("[data-live]");
const announce = document.getElementById("announce");
const newer = document.getElementById("newer");
const log = document.getElementById("transcript");
let etag = "";
let waitMs = EVERY_MS;

function busy(part) {
  if (part.contains(document.activeElement) && document.activeElement !== document.body) return true;
  return [...part.querySelectorAll("textarea")].some((area) => area.value !== area.defaultValue);
}

function swap(old, fresh) {
  if (old.innerHTML === fresh.innerHTML || busy(old)) return;
  for (const open of old.querySelectorAll("details[open][id]")) {
    fresh.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
  }
  old.replaceChildren(...fresh.childNodes);
}

function merge(old, fresh) {
  let heard = 0;
  let before = null;
  for (const item of [...fresh.children]) {
    const known = item.id ? document.getElementById(item.id) : null;
    if (known === null) {
      old.insertBefore(item, before === null ? old.firstChild : before.nextSibling);
      before = item;
      if (item.dataset.side === "customer") heard += 1;
    } else {
      if (known.innerHTML !== item.innerHTML && !known.contains(document.activeElement)) {
        known.replaceChildren(...item.childNodes);
      }
      before = known;
    }
  }
  return heard;
}

function tell(heard) {
  if (heard === 0) return;
  announce.textContent = heard === 1 ? "The customer wrote a new message." : `The customer wrote ${heard} new messages.`;
  if (log.scrollHeight - log.scrollTop - log.clientHeight > 24) newer.hidden = false;
}

function put(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const fresh of page.querySelectorAll("[data-swap]")) {
    const old = document.getElementById(fresh.id);
    if (old) swap(old, fresh);
  }
  tell(merge(log, page.getElementById("transcript")));
}

async function refresh() {
  const headers = etag ? { "If-None-Match": etag } : {};
  const answer = await fetch(place.dataset.live, { headers, cache: "no-store", redirect: "error" });
  if (answer.status === 401) {
    announce.textContent = "You are signed out. Load the page again to sign in.";
    return false;
  }
  if (answer.ok) {
    put(await answer.text());
    etag = answer.headers.get("ETag") ?? "";
  }
  return true;
}

async function turn() {
  let goOn = true;
  if (!document.hidden) {
    try {
      goOn = await refresh();
      waitMs = EVERY_MS;
    } catch {
      waitMs = Math.min(waitMs * 2, LONGEST_MS); // the server is away: ask less and less often
    }
  }
  if (goOn) setTimeout(turn, waitMs);
}

if (place && log) {
  log.scrollTop = log.scrollHeight;
  newer.addEventListener("click", () => {
    log.scrollTop = log.scrollHeight;
    newer.hidden = true;
    log.focus({ preventScroll: true });
  });
  log.addEventListener("scroll", () => {
    if (log.scrollHeight - log.scrollTop - log.clientHeight <= 24) newer.hidden = true;
  });
  setTimeout(turn, EVERY_MS);
}
