// The workspace as one person sees it; whoever is chosen there writes, presses and fills in.

import { drawParts } from "./blocks.js";
import { act, button, draw, element, find, hand, look, moment, onSend, redraw, select, talkBox } from "./page.js";

const [HOME, DIRECT] = ["home", "direct"];
const pressed = new Map();

export const viewer = () => find("slack-user").value;

/** Do something in Slack as the person who is chosen. */
const does = (path, body) => act(`slack/${path}`, { user: viewer(), ...body });

export function drawSlack(slack) {
  const channels = slack.channels;
  const open = channels.find((one) => one.id === hand.channel);
  if (!open && hand.channel !== HOME) hand.channel = channels[0].id;
  const channel = open ?? channels[0];
  const home = hand.channel === HOME;
  if (home || !channel.threads.some((thread) => thread.id === hand.thread)) hand.thread = null;
  drawTabs(channels);
  drawForm(slack.form);
  for (const part of ["slack-list", "slack-prompts", "slack-form"]) find(part).hidden = Boolean(slack.form);
  if (home) find("slack-form").hidden = true;
  drawContext();
  draw("slack-prompts", [home, channel.prompts], () => (home ? [] : channel.prompts.map((one) => prompt(channel, one))));
  if (home) draw("slack-list", ["home", slack.home], () => homeTab(slack.home));
  else draw("slack-list", [channel, hand.talk, hand.thread, [...pressed]], () => conversation(channel));
  find("slack-text").placeholder = hand.thread ? "Reply…" : hint(channel);
}

function hint(channel) {
  if (channel.id === DIRECT) return "Message supportbot";
  return channel.product ? `Message #${channel.name}, or /support and a question` : `Message #${channel.name}, or reply below a notice`;
}

function drawTabs(channels) {
  const tabs = channels.map((one) => [one.id, one.id === DIRECT ? one.name : `# ${one.name}`]);
  tabs.push([HOME, "Home"]);
  draw("slack-tabs", [tabs, hand.channel], () => tabs.map(([id, name]) => {
    const tab = button("", name, () => open(id));
    tab.setAttribute("aria-pressed", String(id === hand.channel));
    tab.dataset.channel = id;
    tab.dataset.focus = id;
    return tab;
  }));
}

/** Go to a channel or tab; Slack tells the app when one of its own is opened. */
function open(id) {
  Object.assign(hand, { channel: id, thread: null, edit: null });
  redraw();
  if (id === HOME) does("home");
  else if (id === DIRECT) does("tab");
}

// --- Conversations -------------------------------------------------------------------------------

function conversation(channel) {
  const items = [
    ...channel.threads.map((thread) => [thread.id, () => threadBox(channel, thread)]),
    ...channel.whispers.map((one) => [one.ts, () => (one.typed ? typed(one) : post(channel, one))]),
  ];
  if (!items.length) return [element("p", "empty", "Nobody has written here yet.")];
  return items.sort(([one], [other]) => one.localeCompare(other)).map(([, make]) => make());
}

function threadBox(channel, thread) {
  const key = `slack:${thread.id}`;
  const box = talkBox(key, hand.talk === key);
  const [first, ...replies] = thread.messages;
  if (thread.ticket) {
    const pick = button("pick", "", () => select(key));
    pick.dataset.focus = `pick-${key}`;
    pick.append(element("span", "", "Show transcript"), element("code", "", `ticket …${thread.ticket.slice(-6)}`));
    box.append(pick);
  }
  box.append(post(channel, first));
  const below = element("div", "replies");
  below.append(...replies.map((message) => post(channel, message)));
  if (thread.status || thread.working) below.append(status(channel, thread));
  if (below.childElementCount) box.append(below);
  const reply = button("link", "Reply in thread", () => {
    Object.assign(hand, { thread: thread.id, edit: null });
    select(key);
    redraw();
    find("slack-text").focus();
  });
  reply.dataset.focus = `reply-${key}`;
  box.append(reply);
  return box;
}

function status(channel, thread) {
  const line = element("p", "status", `supportbot ${thread.status || "is working"} `);
  if (thread.working) line.append(button("plain", "Stop", () => does("stop", { channel: channel.id, ts: thread.id })));
  return line;
}

function typed(one) {
  const line = element("p", "typed", "You typed ");
  line.append(element("code", "", one.typed));
  return line;
}

function post(channel, message) {
  const made = element("div", `post${message.bot ? " bot" : ""}${message.whisper ? " whisper" : ""}`);
  const initials = message.bot ? "sb" : message.name.split(" ").map((part) => part[0]).join("").slice(0, 2);
  const face = element("span", "face", initials);
  face.dataset.of = initials;
  face.setAttribute("aria-hidden", "true");
  const said = element("div", "said");
  if (message.whisper) said.append(element("p", "only", "Only visible to you"));
  said.append(...content(channel, message));
  for (const name of message.files) said.append(element("div", "file", name));
  if (message.growing) said.append(element("span", "growing", "…"));
  if (message.reactions.length) said.append(reactions(message));
  made.append(face, head(channel, message), said);
  return made;
}

function head(channel, message) {
  const made = element("div", "head");
  made.append(element("span", "name", message.name));
  if (message.bot) made.append(element("span", "app", "APP"));
  made.append(moment(message.at));
  if (message.edited) made.append(element("span", "edited", "(edited)"));
  if (!message.whisper) made.append(tools(channel, message));
  return made;
}

function content(channel, message) {
  if (message.parts) return drawParts(message.parts, (one) => press(channel, message, one)).map((part) => remember(message, part));
  const text = element("div", "text", message.text);
  mark(text);
  return [text];
}

/** Show which thumb was pressed. */
function remember(message, part) {
  for (const one of part.querySelectorAll("button[data-focus]")) {
    one.dataset.focus = `${message.ts}/${one.dataset.focus}`;
    const [, action, text] = one.dataset.focus.split("/");
    if (text === "Helpful" || text === "Not helpful") one.setAttribute("aria-pressed", String(pressed.get(`${message.ts}/${action}`) === text));
  }
  return part;
}

async function press(channel, message, one) {
  pressed.set(`${message.ts}/${one.action}`, one.text);
  await does("press", { channel: channel.id, ts: message.ts, action: one.action, positive: one.positive });
}

function mark(text) {
  const name = "@supportbot";
  if (!text.textContent.startsWith(name)) return;
  const rest = text.textContent.slice(name.length);
  text.replaceChildren(element("span", "at", name), rest);
}

function reactions(message) {
  const row = element("div", "reactions");
  for (const one of message.reactions) row.append(element("span", "", `${one.emoji} ${one.count}`));
  return row;
}

/** What Slack offers beside every message. */
function tools(channel, message) {
  const row = element("span", "tools");
  const place = { channel: channel.id, ts: message.ts };
  const add = (text, title, run) => {
    const made = button("", text, run);
    made.title = title;
    made.dataset.focus = `${message.ts}/${title}`;
    row.append(made);
  };
  add("✅", "Put a check mark on it", () => does("react", place));
  if (!message.bot) add("Ask support", "Ask support about this message", () => does("ask", place));
  if (message.mine) {
    add("Edit", "Change the message", () => {
      hand.edit = place;
      find("slack-text").value = message.text;
      redraw();
      find("slack-text").focus();
    });
    add("Delete", "Take the message back", () => does("delete", place));
  }
  return row;
}

function prompt(channel, one) {
  const made = button("prompt", one.title, () => does("messages", { channel: channel.id, text: one.message }));
  made.title = one.message;
  return made;
}

// --- Home tab and forms --------------------------------------------------------------------------

function homeTab(parts) {
  if (!parts) return [element("p", "empty", "The home tab is empty.")];
  return drawParts(parts, (one) => does("home/press", { action: one.action }));
}

function drawForm(form) {
  find("slack-modal").hidden = !form;
  draw("slack-modal", form, () => {
    if (!form) return [];
    const close = button("plain", form.close || "Close", () => does("form/close"));
    const row = element("div", "row");
    row.append(close);
    if (form.submit) {
      const send = element("button", "", form.submit);
      send.type = "submit";
      row.append(send);
    }
    const error = element("p", "trouble");
    error.hidden = true;
    return [element("h3", "", form.title), ...drawParts(form.parts, () => undefined), error, row];
  });
}

find("slack-modal").addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = Object.fromEntries(new FormData(event.target));
  const shown = event.target.querySelector(".trouble");
  await act("slack/form", { user: viewer(), values }, (why) => {
    shown.textContent = why;
    shown.hidden = false;
  });
});

// --- Writing -------------------------------------------------------------------------------------

function drawContext() {
  const context = find("slack-thread");
  context.hidden = !hand.thread && !hand.edit;
  context.firstElementChild.textContent = hand.edit ? "Change the message" : "Reply in the thread";
  context.lastElementChild.textContent = hand.edit ? "Leave it as it is" : "New message instead";
}

find("slack-thread").querySelector("button").addEventListener("click", () => {
  if (hand.edit) find("slack-text").value = "";
  else hand.thread = null;
  hand.edit = null;
  redraw();
  find("slack-text").focus();
});

onSend("slack-form", "slack-text", async (text) => {
  if (hand.edit) {
    if (!(await does("edit", { ...hand.edit, text }))) return false;
    hand.edit = null;
    return true;
  }
  const answer = await does("messages", { channel: hand.channel, text, thread: hand.thread, file: await attached() });
  if (!answer) return false;
  find("slack-file").value = "";
  if (answer.id) {
    hand.thread = answer.id;
    select(`slack:${answer.id}`);
  }
  return true;
});

/** The text file that goes with the message; null where none does. */
async function attached() {
  const [file] = find("slack-file").files;
  return file ? { name: file.name, text: await file.text() } : null;
}

find("slack-user").addEventListener("change", () => {
  Object.assign(hand, { thread: null, edit: null });
  look();
});

find("slack-only").addEventListener("click", () => {
  const only = document.body.classList.toggle("only-slack");
  find("slack-only").setAttribute("aria-pressed", String(only));
});

