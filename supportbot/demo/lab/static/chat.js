// The web chat, as each of its visitors sees it.

import { act, button, draw, element, find, hand, onSend, select, words } from "./page.js";

export function drawChat(visitors) {
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
