"""Whatever arrives has a stored reason, nobody waits without a word, and the bot listens on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.model.ticket import EventKind, Handler, Status
from supportbot.testing.fake_slack import FakeSlack
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk

AT = "1796000000.000100"
DESK = Plan(slack='operators_channel = "C0DESK"', furnish=lambda slack: slack.add_channel("desk"))


@pytest.fixture(autouse=True)
def _no_traceback(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Nothing in this file ends in a traceback."""
    with caplog.at_level(logging.INFO):
        yield
    assert "Traceback" not in "".join(capfd.readouterr())
    assert [record for record in caplog.records if record.exc_info] == []


async def still_answers(d: Desk) -> None:
    """Ask something: the listener lives."""
    question = d.slack.mention("support", "grace", "Are you there?")
    (answer, *_) = await d.slack.wait_for_replies(question)
    assert answer.markdown


def message(**changes: Any) -> dict[str, Any]:
    """Return an event of a mention; None takes a field away."""
    event = {
        "type": "message",
        "channel": "C0SUPPORT",
        "channel_type": "channel",
        "user": "U0ADA",
        "text": "<@U0FAKEBOT1> help",
        "ts": AT,
    }
    return {name: value for name, value in (event | changes).items() if value is not None}


EVENTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown_event": ({"type": "galaxy_collapsed"}, "suppressed", "slack event: galaxy_collapsed"),
    "event_without_type": ({"channel": "C0SUPPORT"}, "suppressed", "slack event: None"),
    "unknown_subtype": (message(subtype="levitated"), "suppressed", "slack message: levitated"),
    "no_channel": (message(channel=None), "refused", "unparsable"),
    "no_ts": (message(ts=None), "refused", "unparsable"),
    "ts_that_is_no_time": (message(ts="yesterday"), "refused", "unparsable"),
    "no_user": (message(user=None), "suppressed", "no_author"),
    "user_that_is_no_text": (message(user={"id": "U1"}), "refused", "unparsable"),
    "text_that_is_no_text": (message(text=7), "refused", "empty"),
    "nothing_said": (message(text=""), "refused", "empty"),
    "edit_of_nothing": (message(subtype="message_changed"), "refused", "unparsable"),
    "deletion_of_nothing": (message(subtype="message_deleted"), "refused", "unparsable"),
    "edit_of_a_stranger": (
        message(subtype="message_changed", message=message(text="x", ts="1795000000.000100")),
        "suppressed",
        "before_it_came",
    ),
    "deletion_of_a_stranger": (
        message(subtype="message_deleted", deleted_ts="1795000000.000100"),
        "suppressed",
        "before_it_came",
    ),
    "thread_that_is_none": (message(thread_ts={"a": 1}), "refused", "unparsable"),
    "files_that_are_none": (message(text="", files="F1"), "refused", "empty"),
}


@pytest.mark.parametrize(("event", "outcome", "reason"), EVENTS.values(), ids=EVENTS)
async def test_event_that_is_no_question_has_a_stored_reason(
    transport: Transport, tmp_path: Path, event: dict[str, Any], outcome: str, reason: str
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.emit(event)
        assert await d.outcomes() == [(outcome, reason)]
        assert d.model.requests == []
        await still_answers(d)


INTERACTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown_interaction": ({"type": "mind_reading"}, "slack payload: mind_reading"),
    "unknown_button": (
        {"type": "block_actions", "actions": [{"action_id": "foreign", "action_ts": "1"}]},
        "slack action: foreign",
    ),
    "no_actions": ({"type": "block_actions", "trigger_id": "1.1"}, "slack action: None"),
    "our_button_on_nothing": (
        {"type": "block_actions", "actions": [{"action_id": "supportbot_escalate"}]},
        "unparsable",
    ),
    "our_button_on_a_message_of_nobody": (
        {
            "type": "block_actions",
            "actions": [{"action_id": "supportbot_escalate", "value": "gone", "action_ts": "1"}],
            "container": {"channel_id": "C0SUPPORT", "message_ts": AT},
            "user": {"id": "U0ADA"},
        },
        "unknown_delivery",
    ),
}


@pytest.mark.parametrize(("payload", "reason"), INTERACTIONS.values(), ids=INTERACTIONS)
async def test_press_that_asks_for_nothing_has_a_stored_reason(
    transport: Transport, tmp_path: Path, payload: dict[str, Any], reason: str
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.interact(payload)
        await d.slack.settled()
        assert [one for _, one in await d.outcomes()] == [reason]
        await still_answers(d)


async def test_question_of_40_000_characters_is_kept_whole_and_answered(
    transport: Transport, tmp_path: Path
) -> None:
    words = "begin " + "word " * 8_000 + "the end"
    async with desk(transport, tmp_path) as d:
        question = d.slack.mention("support", "ada", words)
        (answer,) = await d.slack.wait_for_replies(question)
        assert answer.markdown == ANSWER
        (ticket,) = await d.tickets()
        assert (await d.messages(ticket))[0].text == words
        asked = d.model.requests[-1]["messages"][-1]["content"]
        assert len(asked) < len(words)
        assert "characters left out" in asked
        assert asked.count("begin") == asked.count("the end") == 1


def _deleted(slack: FakeSlack) -> None:
    del slack.workspace.channels["C0SUPPORT"]


def _archived(slack: FakeSlack) -> None:
    slack.workspace.channels["C0SUPPORT"].is_archived = True


def _removed(slack: FakeSlack) -> None:
    slack.workspace.channels["C0SUPPORT"].members.discard(slack.bot_user)


@pytest.mark.parametrize("lost", [_deleted, _archived, _removed])
async def test_place_that_is_lost_while_an_answer_is_written_goes_to_people(
    transport: Transport, tmp_path: Path, lost: Callable[[FakeSlack], None]
) -> None:
    """A channel that is deleted or archived, and a bot that is removed, in mid-answer."""
    async with desk(transport, tmp_path, DESK) as d:
        d.model.hold()
        d.slack.mention("support", "ada", "How do I export?")
        await d.until(lambda: d.model.requests)
        lost(d.slack)
        d.model.go_on()
        await d.eventually(lambda: _with_people(d))
        (ticket,) = await d.tickets()
        events = await d.events(ticket)
        assert EventKind.DELIVERY_FAILED in {event.kind for event in events}
        assert ticket.status is Status.OPEN
        await d.eventually(d.left)
        told = [m for m in d.slack.workspace.messages if m.channel == "C0DESK"]
        assert any("C0SUPPORT" in m.markdown or "delivery" in m.markdown.lower() for m in told)
        place = d.slack.direct("grace", "Are you there?")
        await d.eventually(d.answered(place))


async def _with_people(d: Desk) -> bool:
    return all(ticket.handler is Handler.HUMAN for ticket in await d.tickets())


async def test_author_whom_slack_does_not_know_any_more_is_answered(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.faults.fail("users.info", "user_not_found", times=10)
        question = d.slack.mention("support", "ada", "How do I export?")
        del d.slack.workspace.users["U0ADA"]
        (answer,) = await d.slack.wait_for_replies(question)
        assert answer.markdown == ANSWER
        await still_answers(d)


async def test_event_of_another_workspace_is_set_aside(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        envelope = {
            "type": "event_callback",
            "event_id": "EvOTHER",
            "team_id": "T0OTHER",
            "api_app_id": "A0FAKE0001",
            "authorizations": [{"team_id": "T0OTHER", "user_id": "U0OTHERBOT", "is_bot": True}],
            "event": message(team="T0OTHER"),
        }
        d.slack._site.send("events_api", envelope)
        ((outcome, reason),) = await d.outcomes()
        assert (outcome, reason) == ("suppressed", "app_not_installed")
        assert d.model.requests == []
        await still_answers(d)


async def test_button_that_is_pressed_twice_acts_once(transport: Transport, tmp_path: Path) -> None:
    async with desk(transport, tmp_path, DESK) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        (answer,) = await d.slack.wait_for_replies(question)
        for _ in range(2):
            d.slack.click(answer, "supportbot_escalate", "ada")
        await d.slack.wait_for_replies(question, 2)
        await d.settled()
        await d.eventually(d.left)
        (ticket,) = await d.tickets()
        assert ticket.handler_epoch == 1
        told = [m for m in d.slack.workspace.messages if m.channel == "C0DESK"]
        assert len(told) == 1
        assert len(d.slack.replies(question)) == 2


async def test_button_on_an_old_answer_still_calls_a_person(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, DESK) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        (answer,) = await d.slack.wait_for_replies(question)
        await d.settled()
        (ticket,) = await d.tickets()
        await d.house.takeover.resolve(ticket.public_id, None)
        d.slack.click(answer, "supportbot_escalate", "ada")
        await d.eventually(lambda: _with_people(d))
        await d.eventually(d.left)
        (ticket,) = await d.tickets()
        assert (ticket.handler, ticket.episode_n) == (Handler.HUMAN, 2)
