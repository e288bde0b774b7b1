"""Payloads of messages, and how they are understood in channels with rules of their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from supportbot.channels.slack.config import ChannelRules, Rulebook
from supportbot.channels.slack.parsing.parse import parse
from supportbot.model.inbound import Heard, Inbound

META = {"team": "T1", "bot_user": "UBOT", "bot_id": "B1"}
OPEN_TO_S1 = frozenset({"S1"})
RULEBOOK = Rulebook(
    {
        "C1": ChannelRules("rocket"),
        "CALL": ChannelRules("rocket", listens_to_all=True),
        "CGROUP": ChannelRules("rocket", groups=OPEN_TO_S1),
        "CBOTS": ChannelRules("rocket", listens_to_all=True, bots=True, groups=OPEN_TO_S1),
    },
    ChannelRules("anvil"),
)


def message_event(**changes: Any) -> dict[str, Any]:
    event = {
        "type": "message",
        "channel": "C1",
        "channel_type": "channel",
        "user": "U1",
        "team": "T1",
        "text": "How do I export?",
        "ts": "1700000000.000100",
    }
    return event | changes


def hear(event: dict[str, Any], **facts: str) -> Heard:
    return hear_payload({"type": "event_callback", "event_id": "Ev1", "event": event}, **facts)


def hear_payload(payload: object, **facts: str) -> Heard:
    return hear_raw(json.dumps(payload).encode(), **facts)


def hear_raw(raw: bytes, **facts: str) -> Heard:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return parse(Inbound("slack:main", ("Ev1",), raw, {**META, **facts}, moment), RULEBOOK)
