"""A reply to a customer's mail, for tests of sending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from supportbot.model.delivery import Audience, Delivery, DeliveryKind, DeliveryState

SECRET: Final = b"k" * 32
TARGET: Final[Mapping[str, str]] = {
    "to": "ann@cust.example",
    "from": "help@bot.example",
    "subject": "Where is my order?",
    "in_reply_to": "<2@cust.example>",
    "references": "<1@cust.example>",
}


def make_delivery(target: Mapping[str, str] | None = None, **changes: Any) -> Delivery:
    """Make a reply of the bot; `target` changes where it goes."""
    facts: dict[str, Any] = {
        "id": 1,
        "key": "reply:1",
        "ticket_id": 1,
        "ticket": "T1",
        "channel": "email:help@bot.example",
        "audience": Audience.CUSTOMER,
        "kind": DeliveryKind.REPLY,
        "state": DeliveryState.SENDING,
        "target": {**TARGET, **(target or {})},
        "text": "It is **on its way**.",
        "subject": None,
        "handler_epoch": 0,
        **changes,
    }
    return Delivery(**facts)
