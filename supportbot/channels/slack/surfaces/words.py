"""What the bot says in Slack beside its answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supportbot.channels.slack.config import Rulebook
from supportbot.channels.slack.parsing.requests import ASKS_NOTHING, stays_in_thread
from supportbot.channels.slack.parsing.scene import GROUP_UNKNOWN, NOT_IN_GROUP, NOT_INSTALLED
from supportbot.model.inbound import ALREADY_ASKED, Accepted

#: Told to whoever may not ask in a channel, by the reason that is stored.
BARRED: Mapping[str, str] = {
    NOT_IN_GROUP: "I only take questions of certain groups in this channel. "
    "Ask me in a direct message, or ask a colleague who is a member.",
    GROUP_UNKNOWN: "I cannot find out right now whether you may ask me in this channel. "
    "Please try again in a few minutes.",
    NOT_INSTALLED: "I am not installed in this workspace (any more), so I cannot answer here.",
}
TAKEN = "I have your question, and answer you in a direct message."
TAKEN_HERE = "I have your question, and answer it in the thread of this message."
_ALREADY_ASKED = "I have this question of yours already, and have not taken it a second time."
_NOT_TAKEN = "I can do nothing with that."


def request_line(payload: Mapping[str, Any], accepted: Accepted, rulebook: Rulebook) -> str:
    """Answer whoever typed a command or chose a shortcut, in their sight only."""
    if accepted.suppressed is None:
        return TAKEN_HERE if stays_in_thread(payload, rulebook) else TAKEN
    if accepted.suppressed == ASKS_NOTHING:
        return _help(str(payload.get("command") or "/support"), rulebook.products)
    if accepted.suppressed == ALREADY_ASKED:
        return _ALREADY_ASKED
    return BARRED.get(accepted.suppressed, _NOT_TAKEN)


def welcome(products: Mapping[str, str]) -> str:
    """Greet whoever opened an empty conversation."""
    about = " or ".join(sorted(products.values())) if len(products) in {1, 2} else "our products"
    return f"Hello! What would you like to know about {about}? I can pass you on to a person too."


def _help(command: str, products: Mapping[str, str]) -> str:
    lines = [f"Write your question behind it: `{command} How do I export my data?`"]
    if len(products) > 1:
        lines.append("To ask about a certain product, name it first:")
        lines += [f"• `{command} {key} …` for {name}" for key, name in sorted(products.items())]
    return "\n".join(lines)
