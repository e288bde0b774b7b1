"""A line tells that an answer is being made; it is a courtesy, and costs no answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from supportbot.channels.slack.allowance import AllowanceRules
from supportbot.channels.slack.channel import SlackChannel
from supportbot.channels.slack.config import Transport
from supportbot.errors import SendError
from supportbot.model.delivery import DeliveryState
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.integration.channels.slack.listening import make_channel, make_delivery

THINKING = "is thinking…"
SESSION, STATUS = "agents.sessions.setStatus", "assistant.threads.setStatus"


@pytest.fixture
async def channel(slack: FakeSlack) -> AsyncIterator[SlackChannel]:
    made = make_channel(slack, Transport.HTTP)
    yield made
    await made.aclose()


def target(question: FakeMessage, **changes: str) -> dict[str, str]:
    return {**make_delivery(question).target, **changes}


def line(slack: FakeSlack, question: FakeMessage) -> str:
    return slack.workspace.statuses.get(f"{question.channel}:{question.root}", "")


async def test_in_a_channel_a_line_is_shown_and_taken_away(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    question = slack.mention("support", "ada", "how?")
    await channel.show_status(target(question), THINKING)
    assert line(slack, question) == THINKING
    await channel.show_status(target(question), None)
    assert line(slack, question) == ""
    assert slack.calls(SESSION) == []


async def test_in_a_direct_message_the_session_works_and_rests(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    question = slack.direct("ada", "how?")
    await channel.show_status(target(question), THINKING)
    assert slack.streams.session(question) == "processing"
    assert slack.calls(SESSION)[0].arguments["initiator_user_id"] == question.user
    await channel.show_status(target(question), None)
    assert slack.streams.session(question) == "active"
    assert slack.calls(STATUS) == []


async def test_an_app_without_sessions_shows_the_line(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    slack.faults.fail(SESSION, "not_allowed")
    question = slack.direct("ada", "how?")
    await channel.show_status(target(question), THINKING)
    assert line(slack, question) == THINKING
    await channel.show_status(target(question), None)
    assert line(slack, question) == ""
    assert len(slack.calls(SESSION)) == 1  # it is not asked again for a while


async def test_a_session_works_for_as_long_as_its_answer_grows(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    question = slack.direct("ada", "how?")
    claim = make_delivery(question, state=DeliveryState.LIVE, upto_seq=1, text="")
    await channel.show_status(claim.target, THINKING)
    assert channel.may_open(claim.key, claim.target)
    reply = await channel.open_live(claim)
    await reply.append("Open the page.")
    await channel.show_status(claim.target, None)  # there are words to be seen
    assert slack.streams.session(question) == "processing"  # with a stop button
    await reply.finish(replace(claim, provider_id=reply.provider_id, text="Open the page. Done."))
    assert slack.streams.session(question) == "active"


async def test_one_session_that_is_refused_leaves_no_other_at_work(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    one, other = slack.direct("ada", "how?"), slack.direct("grace", "and I?")
    await channel.show_status(target(one), THINKING)
    slack.faults.fail(SESSION, "thread_not_found")
    await channel.show_status(target(other), THINKING)
    assert line(slack, other) == THINKING
    for question in (one, other):
        await channel.show_status(target(question), None)
    assert (slack.streams.session(one), line(slack, other)) == ("active", "")
    await channel.show_status(target(other), THINKING)
    assert slack.streams.session(other) == "processing"


async def test_a_session_that_works_is_ended_though_sessions_were_turned_off_since(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    one, other = slack.direct("ada", "how?"), slack.direct("grace", "and I?")
    await channel.show_status(target(one), THINKING)
    slack.faults.fail(SESSION, "not_allowed")
    await channel.show_status(target(other), THINKING)
    await channel.show_status(target(one), None)
    assert slack.streams.session(one) == "active"


async def test_a_guest_begins_no_session(slack: FakeSlack, channel: SlackChannel) -> None:
    question = slack.direct("ada", "how?")
    await channel.show_status(target(question, user_team="T0OTHER"), THINKING)
    assert "initiator_user_id" not in slack.calls(SESSION)[0].arguments


@pytest.mark.parametrize("method", [SESSION, STATUS])
async def test_slack_is_left_alone_for_as_long_as_it_asks(
    slack: FakeSlack, channel: SlackChannel, method: str
) -> None:
    slack.faults.rate_limit(method, retry_after_seconds=30)
    say: Any = slack.direct if method == SESSION else lambda *a: slack.mention("support", *a)
    question = say("ada", "how?")
    with pytest.raises(SendError):
        await channel.show_status(target(question), THINKING)
    await channel.show_status(target(say("grace", "and I?")), THINKING)
    assert len(slack.calls(method)) == 1


async def test_in_a_rush_statuses_are_left_away(slack: FakeSlack) -> None:
    channel = make_channel(slack, Transport.HTTP, allowance=AllowanceRules(statuses=4))
    questions = [slack.mention("support", "ada", f"question {number}") for number in range(5)]
    for question in questions:
        await channel.show_status(target(question), THINKING)
    for question in questions:
        await channel.show_status(target(question), None)
        assert line(slack, question) == ""
    shown = [call.arguments["status"] for call in slack.calls(STATUS)]
    assert shown.count("") == shown.count(THINKING) < len(questions)
    await channel.aclose()


async def test_a_place_without_a_thread_shows_nothing(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    await channel.show_status({"channel": "C0SUPPORT"}, THINKING)
    assert slack.calls() == []
