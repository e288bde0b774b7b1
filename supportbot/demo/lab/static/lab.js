// The lab page: Slack, mail and web chat, and the transcript of the conversation in hand.
// The server is asked once a second.

import { drawChat } from "./chat.js";
import { drawMail } from "./mail.js";
import { find, request, trouble } from "./page.js";
import { drawSlack, viewer } from "./slack.js";
import { choose, drawTranscript } from "./transcript.js";

const POLL_MS = 1000;

let seen = null;
let timer = 0;
let looking = false;
let lookAgain = false;

function answersIn(found) {
  const slack = found.slack.channels.flatMap((one) => one.threads).flatMap((one) => one.messages).filter((one) => one.bot).length;
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

function draw() {
  if (!seen) return;
  drawSlack(seen.slack);
  drawMail(seen.mail);
  drawChat(seen.web);
}

async function look() {
  clearTimeout(timer);
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  try {
    const person = viewer();
    const found = await request(`surfaces?as=${encodeURIComponent(person)}`);
    if (person === viewer()) {
      if (seen) tell(seen, found);
      seen = found;
      choose(found);
      draw();
      await drawTranscript(found);
    } else {
      lookAgain = true;
    }
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

document.addEventListener("lab:look", look);
document.addEventListener("lab:redraw", draw);
look();
