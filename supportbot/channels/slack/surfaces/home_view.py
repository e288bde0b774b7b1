"""The app's home tab and the form that it opens, as Slack's views. Pure.

https://docs.slack.dev/surfaces/app-home and https://docs.slack.dev/reference/views
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from supportbot.channels.slack.forms import Wording, form_view
from supportbot.channels.slack.keys import ASK_ACTION, ASK_FORM
from supportbot.model.ticket import Handler, Status
from supportbot.store.own_tickets import OwnTicket

Block = dict[str, Any]

#: So many tickets are shown.
MOST_TICKETS = 15
_MOST_PRODUCTS = 50
_BUTTONS_IN_A_ROW = 5
_MOST_BUTTON_CHARS = 75
_MOST_LABEL_CHARS = 2_000

_ABOUT = (
    "Ask me here, in a direct message, or in a channel by mentioning me. "
    "I answer from the documentation, and pass you on to a person where I cannot."
)
_STATES: Mapping[tuple[Status, Handler], str] = {
    (Status.OPEN, Handler.BOT): "is being answered",
    (Status.OPEN, Handler.HUMAN): "a person will answer",
    (Status.PENDING, Handler.BOT): "answered",
    (Status.PENDING, Handler.HUMAN): "a person answered",
    (Status.RESOLVED, Handler.BOT): "resolved",
    (Status.RESOLVED, Handler.HUMAN): "resolved",
}


def home_view(tickets: Sequence[OwnTicket], products: Mapping[str, str]) -> dict[str, Any]:
    """Return somebody's home tab: what they can ask about, and what they asked."""
    shown = [_ticket(ticket) for ticket in tickets[:MOST_TICKETS]]
    nothing = _section("You have not asked anything yet.")
    blocks = [
        _header("Ask support"),
        _section(_ABOUT),
        *_buttons(products),
        {"type": "divider"},
        _header("Your tickets"),
        *(shown or [nothing]),
    ]
    return {"type": "home", "blocks": blocks}


def ask_form(product: str, name: str) -> dict[str, Any]:
    """Return the form for a question about a product (by key and name)."""
    wording = Wording(
        title="Ask support",
        label=f"What would you like to know about {name}?"[:_MOST_LABEL_CHARS],
        submit="Ask",
        hint="I answer you in a direct message.",
    )
    return form_view(ASK_FORM, product, wording)


def _buttons(products: Mapping[str, str]) -> list[Block]:
    named = sorted(products.items(), key=lambda one: one[1].casefold())[:_MOST_PRODUCTS]
    rows = [named[n : n + _BUTTONS_IN_A_ROW] for n in range(0, len(named), _BUTTONS_IN_A_ROW)]
    return [
        {"type": "actions", "elements": [_button(key, name) for key, name in row]} for row in rows
    ]


def _button(product: str, name: str) -> Block:
    text = f"Ask about {name}"
    if len(text) > _MOST_BUTTON_CHARS:
        text = f"{text[: _MOST_BUTTON_CHARS - 1]}…"
    # Ids differ within a row; what was pressed is in the value.
    return {
        "type": "button",
        "action_id": f"{ASK_ACTION}:{product}",
        "text": _plain(text),
        "value": product,
    }


def _ticket(ticket: OwnTicket) -> Block:
    subject = _escaped(ticket.subject or "Your question")
    link = _address(ticket.target)
    title = f"<{link}|{subject}>" if link else subject
    state = _STATES.get((ticket.status, ticket.handler), "closed")
    at = int(ticket.opened_at.timestamp())
    date = f"<!date^{at}^{{date_short_pretty}} {{time}}|{ticket.opened_at:%Y-%m-%d}>"
    return _section(f"*{title}*\n{state} · {_escaped(ticket.product)} · {date}")


def _address(target: Mapping[str, str]) -> str | None:
    """Return the address of a ticket's conversation, which Slack opens in its own client."""
    team, channel, ts = (target.get(name) for name in ("team", "channel", "thread_ts"))
    if not (team and channel and ts):
        return None
    return "https://slack.com/app_redirect?" + urlencode(
        {"team": team, "channel": channel, "message_ts": ts}
    )


def _escaped(text: str) -> str:
    """Keep a customer's words from becoming a link, a mention or a style."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\u200b" + one if one in "*_~`|" else one for one in plain)


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}


def _header(text: str) -> Block:
    return {"type": "header", "text": _plain(text)}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": True}
