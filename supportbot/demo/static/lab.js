// The lab page: the customers' three surfaces, and the transcript of the conversation in hand.
// The server is asked once a second; what customers wrote is only ever set as text.

const POLL_MS = 1000;
const find = (id) => document.getElementById(id);

/** What is in hand: `talk` is the key of a conversation, such as `slack:1790.1` or `web:ab12`. */
const hand = { talk: null, channel: null, thread: null, mail: undefined, visitor: null };
/** What is on the screen, as JSON, so that only what changed is drawn again. */
const drawn = new Map();
const pressed = new Map();
let seen = null;
let rowsShown = 0;
let shownLetter = null;

async function request(path, body) {
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

function trouble(words) {
  find("trouble").textContent = words ?? "";
  find("trouble").hidden = !words;
}

/** Do what a customer asked for, then look at once. */
async function act(path, body) {
  try {
    const answer = await request(path, body);
    trouble(null);
    return answer;
  } catch (error) {
    trouble(error.message);
    return null;
  } finally {
    look();
  }
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(className, text, press) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

function moment(at) {
  const made = element("time", "", new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }));
  made.dateTime = at;
  return made;
}

/** Words of the bot as the server's sanitised HTML; words of a customer as text. */
function words(className, message) {
  const made = element("div", className);
  if (message.html) made.innerHTML = message.html;
  else made.append(element("div", "text", message.text));
  return made;
}

const short = (ticket) => (ticket ? `ticket …${ticket.slice(-6)}` : "no ticket yet");

function select(talk) {
  hand.talk = talk;
  rowsShown = 0;
  drawn.delete("sql");
  look();
}

/** Draw a list again if what it shows changed; stay at the end where the reader is there. */
function draw(id, value, make) {
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

function talkBox(key, selected) {
  const box = element("article", "talk");
  box.dataset.selected = String(selected);
  box.dataset.key = key;
  return box;
}

// --- Slack ---------------------------------------------------------------------------------------

function drawSlack(channels) {
  const channel = channels.find((one) => one.id === hand.channel) ?? channels[0];
  hand.channel = channel.id;
  if (!channel.threads.some((thread) => thread.id === hand.thread)) hand.thread = null;
  find("slack-form").hidden = !channel.product;
  find("slack-closed").hidden = Boolean(channel.product);
  find("slack-thread").hidden = !hand.thread;
  find("slack-text").placeholder = hand.thread ? "Reply…" : `Message #${channel.name} with @supportbot`;
  draw("slack-list", [channel, hand.talk, hand.thread, [...pressed]], () => {
    if (!channel.threads.length) return [element("p", "empty", "Nobody has written here yet.")];
    return channel.threads.map((thread) => slackThread(channel, thread));
  });
}

function slackThread(channel, thread) {
  const key = `slack:${thread.id}`;
  const box = talkBox(key, hand.talk === key);
  const [first, ...replies] = thread.messages;
  if (channel.product) {
    const pick = button("pick", "", () => select(key));
    pick.dataset.focus = `pick-${key}`;
    pick.append(element("span", "", "Show transcript"), element("code", "", short(thread.ticket)));
    box.append(pick);
  }
  box.append(slackPost(channel, first));
  if (replies.length) {
    const below = element("div", "replies");
    below.append(...replies.map((message) => slackPost(channel, message)));
    box.append(below);
  }
  if (channel.product) {
    const reply = button("link", "Reply in thread", () => {
      hand.thread = thread.id;
      select(key);
      find("slack-text").focus();
    });
    reply.dataset.focus = `reply-${key}`;
    box.append(reply);
  }
  return box;
}

function slackPost(channel, message) {
  const post = element("div", message.bot ? "post bot" : "post");
  const initials = message.bot ? "sb" : message.name.split(" ").map((part) => part[0]).join("").slice(0, 2);
  const face = element("span", initials === "TR" ? "face b" : "face", initials);
  face.setAttribute("aria-hidden", "true");
  const head = element("div", "");
  head.append(element("span", "name", message.name));
  if (message.bot) head.append(element("span", "app", "APP"));
  head.append(moment(message.at));
  const said = words("said", message);
  if (!message.html) mark(said.firstElementChild);
  if (message.buttons.length) said.append(slackButtons(channel, message));
  post.append(face, head, said);
  return post;
}

function mark(text) {
  const name = "@supportbot";
  if (!text.textContent.startsWith(name)) return;
  const rest = text.textContent.slice(name.length);
  text.replaceChildren(element("span", "at", name), rest);
}

function slackButtons(channel, message) {
  const row = element("div", "buttons");
  for (const one of message.buttons) {
    const key = `${message.ts}/${one.action}`;
    const made = button("", one.text, async () => {
      pressed.set(key, one.text);
      const body = { channel: channel.id, ts: message.ts, user: find("slack-user").value, action: one.action };
      const answer = await act("slack/press", { ...body, positive: one.positive });
      if (answer) select(`slack:${answer.id}`);
    });
    made.setAttribute("aria-pressed", String(pressed.get(key) === one.text));
    made.dataset.focus = `${key}/${one.text}`;
    row.append(made);
  }
  return row;
}

for (const tab of document.querySelectorAll("[data-channel]")) {
  hand.channel ??= tab.dataset.channel;
  tab.addEventListener("click", () => {
    hand.channel = tab.dataset.channel;
    hand.thread = null;
    drawn.delete("slack-list");
    for (const one of document.querySelectorAll("[data-channel]")) one.setAttribute("aria-pressed", String(one === tab));
    if (seen) drawSlack(seen.slack);
  });
}

find("slack-thread").querySelector("button").addEventListener("click", () => {
  hand.thread = null;
  if (seen) drawSlack(seen.slack);
  find("slack-text").focus();
});

onSend("slack-form", "slack-text", async (text) => {
  const answer = await act("slack/messages", { channel: hand.channel, user: find("slack-user").value, text, thread: hand.thread });
  if (!answer) return false;
  hand.thread = answer.id;
  select(`slack:${answer.id}`);
  return true;
});

// --- Mail ----------------------------------------------------------------------------------------

function drawMail(conversations) {
  if (hand.mail === undefined) hand.mail = conversations.at(-1)?.id ?? null;
  const open = conversations.find((one) => one.id === hand.mail);
  find("mail-head").hidden = Boolean(open);
  find("mail-thread").hidden = !open;
  if (open) find("mail-thread").querySelector("span").textContent = `Reply to “${open.subject}”`;
  find("mail-text").placeholder = open ? "Write a reply" : "Write a mail";
  draw("mail-list", [conversations, hand.talk, hand.mail], () => {
    if (!conversations.length) return [element("p", "empty", "No mail yet.")];
    return conversations.map(conversationBox);
  });
  const last = open?.letters.at(-1)?.id;
  if (last && last !== shownLetter) showLetter(find("mail-list"));
  shownLetter = last;
}

/** Scroll the list, and only the list, so that the newest mail can be read from its beginning. */
function showLetter(list) {
  const letter = list.querySelector(".letter:last-child");
  if (letter) list.scrollTop += letter.getBoundingClientRect().bottom - list.getBoundingClientRect().bottom + 12;
}

function conversationBox(conversation) {
  const key = `mail:${conversation.id}`;
  const open = hand.mail === conversation.id;
  const box = talkBox(key, hand.talk === key);
  const pick = button("pick", "", () => {
    hand.mail = open ? null : conversation.id;
    select(key);
  });
  pick.setAttribute("aria-expanded", String(open));
  pick.dataset.focus = `pick-${key}`;
  pick.append(element("strong", "", conversation.subject));
  pick.append(element("span", "", `${conversation.product} · ${conversation.letters.length}`));
  box.append(pick);
  if (open) box.append(...conversation.letters.map(letterBox));
  return box;
}

function letterBox(letter) {
  const box = element("section", `letter${letter.mine ? " mine" : ""}${letter.automatic ? " away" : ""}`);
  const head = element("header", "");
  head.append(element("b", "", letter.from), moment(letter.at));
  head.append(element("span", "", `to ${letter.to}${letter.automatic ? " · automatic reply" : ""}`));
  const body = words("body", letter);
  if (!letter.html) dimQuote(body.firstElementChild);
  box.append(head, body);
  return box;
}

function dimQuote(text) {
  const at = text.textContent.search(/\n\nOn .{5,120} wrote:\n>/);
  if (at < 0) return;
  const [own, quote] = [text.textContent.slice(0, at), text.textContent.slice(at)];
  text.replaceChildren(own, element("span", "quote", quote));
}

find("mail-new").addEventListener("click", () => {
  hand.mail = null;
  if (seen) drawMail(seen.mail);
  find("mail-subject").focus();
});

find("mail-away").addEventListener("click", async () => {
  if (await act("mail/messages", { conversation: hand.mail, automatic: true })) select(`mail:${hand.mail}`);
});

onSend("mail-form", "mail-text", async (text) => {
  const fresh = { person: find("mail-person").value, to: find("mail-to").value, subject: find("mail-subject").value };
  const answer = await act("mail/messages", { conversation: hand.mail ?? null, text, ...(hand.mail ? {} : fresh) });
  if (!answer) return false;
  find("mail-subject").value = "";
  hand.mail = answer.id;
  select(`mail:${answer.id}`);
  return true;
});

// --- Web chat ------------------------------------------------------------------------------------

function drawWeb(visitors) {
  const visitor = visitors.find((one) => one.id === hand.visitor) ?? visitors.at(-1);
  hand.visitor = visitor?.id ?? null;
  draw("web-tabs", [visitors.map((one) => [one.id, one.name]), hand.visitor], () => visitors.map((one) => {
    const tab = button("", `${one.name.replace("Visitor ", "")} · ${one.product}`, () => {
      hand.visitor = one.id;
      select(`web:${one.id}`);
    });
    tab.setAttribute("aria-pressed", String(one.id === hand.visitor));
    tab.dataset.focus = one.id;
    return tab;
  }));
  find("web-form").hidden = !visitor;
  find("web-escalate").hidden = !visitor?.ticket || visitor.handler === "human";
  draw("web-list", [visitor ?? null], () => {
    if (!visitor) return [element("p", "empty", "No visitor yet.")];
    if (!visitor.messages.length) return [element("p", "empty", `${visitor.name} is on the page of ${visitor.product} and has not written yet.`)];
    const shown = visitor.messages.map((message) => bubble(visitor, message));
    if (visitor.waiting && visitor.handler === "bot") shown.push(element("p", "waiting", "An answer is being written…"));
    return shown;
  });
}

function bubble(visitor, message) {
  const made = words(`bubble ${message.notice ? "notice" : message.author}`, message);
  if (message.reply && message.author === "bot") {
    const row = element("div", "buttons");
    for (const [text, value] of [["Helpful", 1], ["Not helpful", -1]]) {
      const thumb = button("", text, () => act("web/feedback", { visitor: visitor.id, reply: message.reply, value }));
      thumb.setAttribute("aria-pressed", String(message.rating === value));
      thumb.dataset.focus = `${message.reply}/${value}`;
      row.append(thumb);
    }
    made.append(row);
  }
  return made;
}

find("web-new").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await act("web/visitors", { product: find("web-product").value });
  if (!answer) return;
  hand.visitor = answer.id;
  select(`web:${answer.id}`);
  find("web-text").focus();
});

find("web-escalate").addEventListener("click", async () => {
  if (await act("web/escalate", { visitor: hand.visitor })) select(`web:${hand.visitor}`);
});

onSend("web-form", "web-text", async (text) => {
  const answer = await act("web/messages", { visitor: hand.visitor, text });
  if (answer) select(`web:${answer.id}`);
  return Boolean(answer);
});

// --- Transcript ----------------------------------------------------------------------------------

function talks(found) {
  const all = found.slack.flatMap((channel) => (channel.product ? channel.threads : [])).map((one) => [`slack:${one.id}`, one]);
  all.push(...found.mail.map((one) => [`mail:${one.id}`, one]));
  all.push(...found.web.map((one) => [`web:${one.id}`, one]));
  return new Map(all);
}

async function drawTranscript(found) {
  const known = talks(found);
  if (!known.has(hand.talk)) hand.talk = known.keys().next().value ?? null;
  const talk = hand.talk;
  const ticket = known.get(talk)?.ticket;
  const view = ticket ? await request(`tickets/${encodeURIComponent(ticket)}`) : null;
  if (talk !== hand.talk) return; // another one was chosen meanwhile
  find("sql-ticket").textContent = view ? view.id : "";
  if (view) find("sql-ticket").href = `/tickets/${view.id}`;
  find("sql-head").hidden = !view;
  draw("sql-head", view && [view.status, view.handler, view.id, view.subject], () => (view ? headFacts(view) : []));
  draw("sql-rows", view ? view.rows : talk, () => {
    if (!view) return [element("li", "empty", "Write as a customer, and its rows appear here.")];
    const before = rowsShown;
    rowsShown = view.rows.length;
    return view.rows.map((row, number) => rowItem(row, before > 0 && number >= before));
  });
}

function headFacts(view) {
  const facts = [["customer", view.customer], ["product", view.product], ["channel", view.channel], ["status", view.status], ["handler", view.handler]];
  return facts.map(([name, value]) => {
    const made = element("span", "", `${name} `);
    made.append(element("b", "", value));
    return made;
  });
}

function rowItem(row, fresh) {
  const item = element("li", fresh ? `${row.table} fresh` : row.table);
  const line = element("div", "line");
  line.append(element("span", "table", row.table), element("b", "", row.title), moment(row.at));
  item.append(line);
  if (row.text) item.append(element("p", "text", row.text));
  if (row.facts.length) {
    const list = element("dl", "");
    for (const [name, value] of row.facts) list.append(element("dt", "", name), element("dd", "", value));
    item.append(list);
  }
  return item;
}

// --- All of it -----------------------------------------------------------------------------------

function onSend(form, field, send) {
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

function answersIn(found) {
  const slack = found.slack.flatMap((one) => one.threads).flatMap((one) => one.messages).filter((one) => one.bot).length;
  const mail = found.mail.flatMap((one) => one.letters).filter((one) => !one.mine).length;
  const web = found.web.flatMap((one) => one.messages).filter((one) => one.author !== "customer").length;
  return { Slack: slack, Mail: mail, "Web chat": web };
}

/** Say aloud where an answer arrived; the lists themselves stay quiet. */
function tell(before, after) {
  const [old, fresh] = [answersIn(before), answersIn(after)];
  const places = Object.keys(fresh).filter((place) => fresh[place] > old[place]);
  if (places.length) find("news").textContent = `New answer: ${places.join(", ")}.`;
}

let timer = 0;
let looking = false;
let lookAgain = false;

async function look() {
  clearTimeout(timer);
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  try {
    const found = await request("surfaces");
    if (seen) tell(seen, found);
    seen = found;
    drawSlack(found.slack);
    drawMail(found.mail);
    drawWeb(found.web);
    await drawTranscript(found);
    if (find("trouble").dataset.gone) trouble(null);
    delete find("trouble").dataset.gone;
  } catch (error) {
    find("trouble").dataset.gone = "yes";
    trouble(error instanceof TypeError ? "The demo has ended, or can't be reached." : error.message);
  }
  looking = false;
  const soon = lookAgain;
  lookAgain = false;
  timer = setTimeout(look, soon ? 0 : POLL_MS);
}

look();
