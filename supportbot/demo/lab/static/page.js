// What all parts of the lab page share: asking the server, and drawing what changed.
// What customers wrote is only ever set as text.

export const find = (id) => document.getElementById(id);

/** What is in hand: `talk` is the key of a conversation, such as `slack:1790.1` or `web:ab12`. */
export const hand = { talk: null, channel: null, thread: null, edit: null, mail: undefined, visitor: null };
/** What is on the screen, as JSON, so that only what changed is drawn again. */
const drawn = new Map();

export async function request(path, body) {
  const options = body && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(`/lab/api/${path}`, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.message ?? "The demo does not answer as it should.");
  return answer;
}

export function trouble(words) {
  find("trouble").textContent = words ?? "";
  find("trouble").hidden = !words;
}

/** Ask the server what can be seen now. */
export const look = () => document.dispatchEvent(new Event("lab:look"));
/** Draw what was seen last with what is in hand now. */
export const redraw = () => document.dispatchEvent(new Event("lab:redraw"));

/** Do what somebody asked for, then look at once; `fail` is told why it could not be done. */
export async function act(path, body, fail = trouble) {
  try {
    const answer = await request(path, body);
    trouble(null);
    return answer;
  } catch (error) {
    fail(error.message);
    return null;
  } finally {
    look();
  }
}

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function button(className, text, press) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

export function moment(at) {
  const made = element("time", "", new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }));
  made.dateTime = at;
  return made;
}

/** The server's sanitised HTML. */
export function html(className, text) {
  const made = element("div", className);
  made.innerHTML = text;
  return made;
}

/** Words of the bot as HTML; words of a customer as text. */
export function words(className, message) {
  if (message.html) return html(className, message.html);
  const made = element("div", className);
  made.append(element("div", "text", message.text));
  return made;
}

export function select(talk) {
  hand.talk = talk;
  look();
}

/** Draw a list again if what it shows changed; stay at the end where the reader is there. */
export function draw(id, value, make) {
  const text = JSON.stringify(value);
  if (drawn.get(id) === text) return;
  const list = find(id);
  const follow = !drawn.has(id) || list.scrollHeight - list.scrollTop - list.clientHeight < 90;
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  drawn.set(id, text);
  list.replaceChildren(...make());
  if (follow && list.dataset.end !== undefined) list.scrollTop = list.scrollHeight;
  if (focused) list.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}

export function talkBox(key, selected) {
  const box = element("article", "talk");
  box.dataset.selected = String(selected);
  box.dataset.key = key;
  return box;
}

/** Send what is written in a field with Enter (not in mails) or with the form's button. */
export function onSend(form, field, send) {
  const text = find(field);
  const submit = async (event) => {
    event?.preventDefault();
    const said = text.value.trim();
    if (!said) return;
    if (await send(said)) text.value = "";
  };
  find(form).addEventListener("submit", submit);
  text.addEventListener("keydown", (event) => {
    if (field === "mail-text" || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    submit(event);
  });
}
