// The chat page: shows the visitor's conversation and sends what they write.
// The server holds the truth; this page only asks for what is new, and asks again until it is told.

const WAITING_MS = 1000;
const GROWING_MS = 350;
const IDLE_MS = [2000, 2000, 4000, 8000, 15000];
const HIDDEN_MS = 30000;
const NAMES = { customer: "You", bot: "Assistant", operator: "Support team" };

const product = document.body.dataset.product;
const find = (id) => document.getElementById(id);
const [log, scroll, form, text] = [find("log"), find("scroll"), find("form"), find("text")];

/** What this page knows: the ticket it shows, how far, and the elements by message number. */
const known = { ticket: null, next: 0, seen: new Map(), idle: 0, handler: "bot" };
let timer = 0;
let asking = false;
let askAgain = false;

class Refused extends Error {}

async function request(path, body) {
  const options = body && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(`/chat/api/${encodeURIComponent(product)}/${path}`, options);
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const message = answer.message ?? "Something went wrong. Please try again.";
  throw response.status >= 500 ? new Error(message) : new Refused(message);
}

function trouble(message) {
  find("trouble").textContent = message ?? "";
  find("trouble").hidden = !message;
}

/** Random id of a request; the same one is used when the request is repeated. */
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only there on https and localhost
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function nearEnd() {
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
}

function element(tag, className, content) {
  const made = document.createElement(tag);
  made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
}

function bubble(message) {
  const item = element("li", message.notice ? "notice" : message.author);
  item.append(element("span", "name", message.notice ? "Notice" : NAMES[message.author]));
  const body = element("div", "bubble");
  if (message.html) body.innerHTML = message.html; // made and sanitised by the server
  else body.textContent = message.text;
  item.append(body);
  return item;
}

function shown(message) {
  const item = bubble(message);
  item.dataset.seq = message.seq;
  if (message.notice) return item;
  const foot = element("div", "foot");
  const time = element("time", "", clockTime(message.created_at));
  time.dateTime = message.created_at;
  foot.append(time);
  if (message.reply && message.author === "bot") foot.append(thumbs(message));
  item.append(foot);
  return item;
}

function clockTime(moment) {
  const at = new Date(moment);
  const today = at.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: "numeric", month: "short" };
  return at.toLocaleString([], { hour: "2-digit", minute: "2-digit", ...day });
}

function thumbs(message) {
  const group = find("thumbs").content.firstElementChild.cloneNode(true);
  const buttons = [...group.querySelectorAll("button")];
  const press = (value) => {
    for (const one of buttons) one.setAttribute("aria-pressed", String(Number(one.dataset.value) === value));
  };
  press(message.rating);
  for (const button of buttons) {
    button.addEventListener("click", async () => {
      const value = Number(button.dataset.value);
      press(value);
      try {
        await request("feedback", { reply: message.reply, value, client_id: newId() });
      } catch (error) {
        press(message.rating);
        trouble(error.message);
      }
    });
  }
  return group;
}

/** Put a message where its number belongs; one that is shown already is left alone. */
function place(message) {
  if (known.seen.has(message.seq)) return;
  const item = shown(message);
  const after = [...known.seen.keys()].filter((seq) => seq > message.seq);
  const before = after.length ? known.seen.get(Math.min(...after)) : log.querySelector(".pending, .growing");
  log.insertBefore(item, before);
  known.seen.set(message.seq, item);
}

function group() {
  let last = "";
  for (const item of log.children) {
    item.classList.toggle("same", item.classList[0] === last);
    last = item.classList[0];
  }
}

function render(part) {
  const follow = nearEnd();
  if (part.ticket !== known.ticket) {
    known.seen = new Map();
    known.ticket = part.ticket;
  }
  known.next = part.next;
  part.messages.forEach(place);
  for (const pending of log.querySelectorAll(".pending.stored")) {
    if (known.seen.size) pending.remove();
  }
  growing(part.growing);
  group();
  find("welcome").hidden = log.children.length > 0;
  find("typing").hidden = !(part.waiting && part.handler === "bot");
  state(part);
  if (follow) scroll.scrollTop = scroll.scrollHeight;
}

/** Show an answer that is still being written; its whole text takes its place in the end. */
function growing(html) {
  let item = log.querySelector(".growing");
  if (!html) {
    item?.remove();
    return;
  }
  if (!item) {
    item = bubble({ author: "bot", html });
    item.classList.add("growing");
    log.append(item);
  }
  const body = item.querySelector(".bubble");
  if (body.innerHTML !== html) body.innerHTML = html; // made and sanitised by the server
}

function state(part) {
  known.handler = part.handler ?? "bot";
  const person = known.handler === "human" && part.status !== "resolved";
  let words = "We answer here.";
  if (person) words = "A colleague will answer you here.";
  if (part.status === "resolved") words = "Closed. Write again to continue.";
  if (find("state").textContent !== words) find("state").textContent = words;
  find("escalate").hidden = !part.ticket || person || part.status === "resolved";
}

async function ask() {
  clearTimeout(timer);
  if (asking) {
    askAgain = true;
    return;
  }
  asking = true;
  let wait = WAITING_MS;
  try {
    const query = new URLSearchParams({ after: known.next });
    if (known.ticket) query.set("ticket", known.ticket);
    const part = await request(`messages?${query}`);
    render(part);
    trouble(null);
    known.idle = part.waiting || part.messages.length ? 0 : known.idle + 1;
    if (part.growing) wait = GROWING_MS;
    if (!part.waiting) wait = IDLE_MS[Math.min(known.idle, IDLE_MS.length - 1)];
  } catch (error) {
    known.idle += 1;
    wait = IDLE_MS[Math.min(known.idle, IDLE_MS.length - 1)];
    trouble(error instanceof Refused ? error.message : "No connection. Trying again…");
  }
  asking = false;
  if (askAgain) {
    askAgain = false;
    return ask();
  }
  timer = setTimeout(ask, document.hidden ? HIDDEN_MS : wait);
}

function pendingBubble(words) {
  const item = bubble({ author: "customer", text: words });
  item.classList.add("pending");
  item.append(element("div", "foot", "Sending…"));
  log.append(item);
  group();
  find("welcome").hidden = true;
  scroll.scrollTop = scroll.scrollHeight;
  return item;
}

/** Send one message; the id stays the same over all tries, so that it is stored once. */
async function send(words, id, item) {
  const foot = item.querySelector(".foot");
  foot.textContent = "Sending…";
  try {
    await request("messages", { text: words, client_id: id });
    item.classList.add("stored");
    foot.textContent = "";
    find("typing").hidden = known.handler === "human";
    known.idle = 0;
    ask();
  } catch (error) {
    const again = element("button", "again", "Try again");
    again.type = "button";
    again.addEventListener("click", () => send(words, id, item));
    foot.replaceChildren(`Not sent. ${error instanceof Refused ? error.message : ""} `, again);
  }
}

function submit(event) {
  event?.preventDefault();
  const words = text.value.trim();
  if (!words) return;
  text.value = "";
  grow();
  text.focus();
  send(words, newId(), pendingBubble(words));
}

function grow() {
  text.style.height = "auto"; // set by script: the content security policy allows that
  text.style.height = `${text.scrollHeight + 2}px`;
}

form.addEventListener("submit", submit);
text.addEventListener("input", grow);
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  submit(event);
});
find("escalate").addEventListener("click", async (event) => {
  event.target.disabled = true;
  try {
    await request("escalate", { client_id: newId() });
    await ask();
    text.focus();
  } catch (error) {
    trouble(error.message);
  }
  event.target.disabled = false;
});
document.addEventListener("visibilitychange", () => document.hidden || ask());

ask().then(() => {
  scroll.scrollTop = scroll.scrollHeight;
  text.focus();
});
