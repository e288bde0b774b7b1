"""Whatever comes from Slack is acknowledged and kept with a reason; nothing breaks over it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from supportbot.errors import InboundRefused
from supportbot.model.inbound import CustomerMessage, Ignored
from tests.integration.channels.slack.listening import Setup

BROKEN: tuple[dict[str, Any], ...] = (
    {"type": "block_actions", "actions": []},
    {"type": "block_actions", "actions": None},
    {"type": "block_actions", "actions": 5, "user": {"id": "U0ADA"}},
    {"type": "block_actions", "actions": {"action_id": "x"}, "user": {"id": "U0ADA"}},
    {"type": "block_actions", "actions": [1], "user": {"id": "U0ADA"}},
    {"type": "block_actions", "actions": [{"action_id": "x"}], "user": None, "team": None},
    {"type": "view_submission"},
    {"type": "view_submission", "view": None},
    {"type": "view_submission", "view": {"callback_id": "supportbot_ask_form", "state": 1}},
    {"type": "view_closed", "view": {"callback_id": "x"}},
    {"type": "message_action", "callback_id": "supportbot_ask", "message": None},
    {"type": "block_suggestion"},
    {"type": None},
    {},
)
EVENTS: tuple[dict[str, Any], ...] = (
    {},
    {"type": None},
    {"type": ["message"]},
    {"type": "brand_new"},
    {"type": "message"},
    {"type": "message", "channel": None, "user": 1, "ts": 2, "text": 3},
    {"type": "message", "subtype": ["x"], "user": "U0ADA", "channel": "C1", "ts": "1.1"},
    {"type": "message", "subtype": {"x": 1}, "user": "U0ADA", "channel": "C1", "ts": "1.2"},
    {"type": "message", "subtype": "message_changed"},
    {"type": "message", "subtype": "message_changed", "message": {"user": "U0ADA"}},
    {"type": "message", "subtype": "message_deleted", "channel": "C0SUPPORT"},
    {"type": "app_mention", "user": "U0ADA", "channel": "C0SUPPORT", "ts": "never", "text": "x"},
    {"type": "app_home_opened", "tab": "home", "user": None, "view": 7},
    {"type": "app_home_opened", "tab": "messages", "user": "U0ADA", "channel": None},
    {"type": "assistant_thread_started", "assistant_thread": 5},
    {"type": "reaction_added", "user": {}, "item": 5},
    {"type": "reaction_added", "user": "U0ADA", "reaction": ["x"], "item": {"type": "message"}},
    {"type": "agent_session_stopped"},
)


def reasons(setup: Setup) -> list[str]:
    """Return why nothing follows from each thing that was heard."""
    found = []
    for inbound in setup.ear.inbound:
        try:
            heard = setup.channel.parse(inbound)
        except InboundRefused as refused:
            found.append(refused.reason)
        else:
            assert isinstance(heard, Ignored), heard
            found.append(heard.reason)
    return found


async def still_hears(setup: Setup) -> None:
    """Show that a question after all of it is heard."""
    setup.ear.inbound.clear()
    setup.slack.direct("ada", "How do I export?")
    await setup.slack.settled()
    (heard,) = setup.heard()
    assert isinstance(heard, CustomerMessage)


async def test_interactions_that_nobody_would_send_are_kept(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    deliveries = [setup.slack.interact(payload) for payload in BROKEN]
    await setup.slack.settled()
    assert [one.payload for one in deliveries if not one.acked] == []
    assert len(reasons(setup)) == len(BROKEN)
    assert all(reasons(setup))
    await still_hears(setup)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_events_that_nobody_would_send_are_kept(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    deliveries = [setup.slack.emit(event) for event in EVENTS]
    await setup.slack.settled()
    assert [one.payload["event"] for one in deliveries if not one.acked] == []
    assert len(reasons(setup)) == len(EVENTS)
    assert all(reasons(setup))
    await still_hears(setup)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_unreadable_payload_that_cannot_be_stored_is_not_acknowledged(setup: Setup) -> None:
    setup.ear.refusals_left = 1
    refused = setup.slack.interact({"type": "block_actions", "actions": []})
    await setup.slack.settled()
    assert not refused.acked
    assert setup.ear.inbound == []
