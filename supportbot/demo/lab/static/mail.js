// Mail: what customers write, and the conversations as their mailboxes have them.

import { act, button, draw, element, find, hand, moment, onSend, redraw, select, talkBox, words } from "./page.js";

let shownLetter = null;

export function drawMail(conversations) {
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
  redraw();
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
