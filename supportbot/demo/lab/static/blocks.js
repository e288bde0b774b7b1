// Parts of Slack messages, home tabs and forms, as the server cut them from their blocks.

import { button, element, html } from "./page.js";

/** Draw parts below each other; `press` is given a button that was pressed. */
export function drawParts(parts, press) {
  return parts.map((part) => makers[part.kind](part, press));
}

const makers = {
  html: (part) => html("part", part.html),
  note: (part) => html("part note", part.html),
  header: (part) => element("h3", "part", part.text),
  line: () => element("hr", ""),
  buttons: buttonRow,
  input,
};

function buttonRow(part, press) {
  const row = element("div", "buttons");
  for (const one of part.buttons) {
    const made = button(one.style ?? "", one.text, () => press(one));
    made.dataset.focus = `${one.action}/${one.text}`;
    row.append(made);
  }
  return row;
}

function input(part) {
  const label = element("label", "field");
  label.append(element("span", "", part.label), field(part));
  return label;
}

function field(part) {
  const made = element(part.choices.length ? "select" : part.long ? "textarea" : "input", "");
  for (const one of part.choices) {
    const choice = element("option", "", one.text);
    choice.value = one.value;
    made.append(choice);
  }
  if (part.long) made.rows = 6;
  if (part.most) made.maxLength = part.most;
  if (part.value || !part.choices.length) made.value = part.value;
  made.required = !part.optional;
  made.name = part.id;
  return made;
}
