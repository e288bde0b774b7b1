// The transcript of the conversation in hand, row by row.

import { draw, element, find, hand, moment, request } from "./page.js";

let rowsShown = 0;
let shownTalk = null;

function talks(found) {
  const all = found.slack.channels.flatMap((one) => (one.product === null ? [] : one.threads)).map((one) => [`slack:${one.id}`, one]);
  all.push(...found.mail.map((one) => [`mail:${one.id}`, one]));
  all.push(...found.web.map((one) => [`web:${one.id}`, one]));
  return new Map(all);
}

/** Take a conversation in hand where none is, or where it is gone. */
export function choose(found) {
  const known = talks(found);
  if (!known.has(hand.talk)) hand.talk = known.keys().next().value ?? null;
}

export async function drawTranscript(found) {
  const talk = hand.talk;
  const ticket = talks(found).get(talk)?.ticket;
  const view = ticket ? await request(`tickets/${encodeURIComponent(ticket)}`) : null;
  if (talk !== hand.talk) return; // another one was chosen meanwhile
  find("sql-ticket").textContent = view ? view.id : "";
  if (view) find("sql-ticket").href = `/tickets/${view.id}`;
  find("sql-head").hidden = !view;
  draw("sql-head", view && [view.status, view.handler, view.id, view.subject], () => (view ? headFacts(view) : []));
  if (talk !== shownTalk) rowsShown = 0;
  shownTalk = talk;
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
