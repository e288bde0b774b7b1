from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.slack.config import Rulebook
from supportbot.channels.slack.parsing.parse import parse
from supportbot.model.inbound import Action, ActionKind, Heard, Ignored, Inbound

OWN = {"team": "T1", "bot_user": "UBOT", "bot_id": "B1"}
PRESSED = {
    "type": "agent_session_stopped",
    "channel": "C1",
    "thread_ts": "1700000000.000100",
    "user": "U1",
    "streaming_message_ts": ["1700000001.000100"],
    "event_ts": "1700000002.500000",
}


def hear(event: dict[str, Any]) -> Heard:
    raw = json.dumps({"type": "event_callback", "event": event}).encode()
    return parse(Inbound("slack:main", ("k",), raw, OWN, datetime.now(UTC)), Rulebook())


def test_stop_button_names_its_thread_who_pressed_it_and_when() -> None:
    heard = hear(PRESSED)
    assert isinstance(heard, Action)
    assert heard.kind is ActionKind.STOP
    assert heard.sender.external_id == "T1:U1"
    assert heard.thread_keys == ("T1:C1:1700000000.000100",)
    assert heard.pressed_at == datetime.fromtimestamp(1700000002.5, UTC)


@pytest.mark.parametrize("missing", ["channel", "thread_ts", "user"])
def test_stop_button_of_nothing_is_ignored(missing: str) -> None:
    event = {name: value for name, value in PRESSED.items() if name != missing}
    assert hear(event) == Ignored("agent_session_stopped")


@pytest.mark.parametrize("event_ts", ["soon", "9" * 400, None, 7.5])
def test_a_moment_that_is_none_does_not_matter(event_ts: object) -> None:
    heard = hear(PRESSED | {"event_ts": event_ts})
    assert isinstance(heard, Action)
