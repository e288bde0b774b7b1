"""The words of the pages: what events are called, what is said after an act, how spans are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from supportbot.model.ticket import EventKind

#: `{who}` is the person or the bot; a reason is told behind the sentence.
EVENTS: Mapping[EventKind, str] = {
    EventKind.OPENED: "{who} opened the ticket",
    EventKind.REOPENED: "{who} wrote again: the ticket is open once more",
    EventKind.BOT_REPLIED: "{who} answered",
    EventKind.DRAFTED: "{who} wrote a draft that waits for an operator",
    EventKind.SUPPRESSED: "No answer leaves by itself",
    EventKind.HANDOFF: "{who} handed the ticket to a person",
    EventKind.TAKEOVER: "{who} took the ticket over",
    EventKind.RETURNED: "{who} returned the ticket to the bot",
    EventKind.HUMAN_REPLIED: "{who} answered",
    EventKind.RESOLVED: "{who} resolved the ticket",
    EventKind.EDITED: "{who} changed a message",
    EventKind.DELETED: "{who} took a message back",
    EventKind.MACHINE_MAIL: "A machine's mail came in; it is not answered",
    EventKind.DRAFT_DISCARDED: "{who} discarded a draft",
    EventKind.DELIVERY_FAILED: "A message could not be delivered",
    EventKind.DELIVERY_UNCERTAIN: "It is not certain that a message arrived",
    EventKind.COMPLETION_FAILED: "The model gave no usable answer",
    EventKind.FEEDBACK: "{who} rated an answer",
    EventKind.SCORED: "{who} said how well it went",
    EventKind.LINKED: "The ticket is linked with an earlier one",
    EventKind.BOUNCED: "A message came back",
    EventKind.SUPERSEDED: "A newer message, or a person, overtook an answer that nobody saw",
    EventKind.DEGRADED: "A budget runs low: the bot makes do with less",
    EventKind.FLOODED: "The customer writes faster than anybody could answer, and was told so",
    EventKind.TOOL_CALLED: "{who} called tools",
    EventKind.TOOL_UNCERTAIN: "It is not certain what a tool did",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A word to the operator after an act; tone is `good`, `info` or `bad`."""

    tone: str
    text: str


#: What a redirect may name in `?said=`; anything else is ignored, so nobody can put words there.
SAID: Mapping[str, Said] = {
    "taken": Said("good", "You have this ticket now. The bot is silent."),
    "replied": Said("good", "Your reply is on its way."),
    "returned": Said("good", "The bot answers what comes next."),
    "resolved": Said("good", "Resolved."),
    "sent": Said("good", "The draft is on its way."),
    "discarded": Said("info", "The draft is discarded. The ticket is yours now."),
    "password": Said("good", "Your password is set. All your other sign-ins have ended."),
    "welcome": Said("info", "You are signed in. Set a password, so that you can come back."),
    "out": Said("info", "You are signed out."),
    "released": Said("good", "The mail is read again now. If that fails, it comes back here."),
    "dropped": Said("info", "The mail is gone."),
    "enabled": Said("good", "The account is enabled."),
    "disabled": Said("good", "The account is disabled and signed out everywhere."),
}

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


def duration(span: timedelta) -> str:
    """Tell a span in its two largest units: `3 d 4 h`, `2 h 5 min`, `12 min`, `under 1 min`."""
    if span >= _DAY:
        return f"{span // _DAY} d {span % _DAY // _HOUR} h"
    if span >= _HOUR:
        return f"{span // _HOUR} h {span % _HOUR // _MINUTE} min"
    return f"{span // _MINUTE} min" if span >= _MINUTE else "under 1 min"


def label(code: str) -> str:
    """Turn a stored code such as `low_confidence` into words."""
    return code.replace("_", " ").replace(":", ": ")


def web_address(url: str | None) -> str | None:
    """Return an address that may become a link: http and https only."""
    return url if url and url.startswith(("http://", "https://")) else None
