"""A line tells that an answer is being made; it is a courtesy, and costs no answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from supportbot.channels.slack.channel import SlackChannel
from supportbot.channels.slack.config import AllowanceRules, Transport
from supportbot.channels.slack.replies.status import THINKING
from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.delivery import Delivery, DeliveryState
from supportbot.model.ticket import Standing
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.integration.channels.slack.listening import make_channel, make_delivery

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
    await channel.show_status(target(question), Standing.WORKING)
    assert line(slack, question) == THINKING
    await channel.show_status(target(question), Standing.RESTING)
    assert line(slack, question) == ""
    assert slack.calls(SESSION) == []


async def test_in_a_direct_message_the_session_works_and_rests(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    question = slack.direct("ada", "how?")
    await channel.show_status(target(question), Standing.WORKING)
    assert slack.streams.session(question) == "processing"
    assert slack.calls(SESSION)[0].arguments["initiator_user_id"] == question.user
    await channel.show_status(target(question), Standing.RESTING)
    assert slack.streams.session(question) == "active"
    assert slack.calls(STATUS) == []


async def test_an_app_without_sessions_shows_the_line(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    slack.faults.fail(SESSION, "not_allowed")
    question = slack.direct("ada", "how?")
    await channel.show_status(target(question), Standing.WORKING)
    assert line(slack, question) == THINKING
    await channel.show_status(target(question), Standing.RESTING)
    assert line(slack, question) == ""
    assert len(slack.calls(SESSION)) == 1  # it is not asked again for a while


async def test_a_session_works_for_as_long_as_its_answer_grows(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    question = slack.direct("ada", "how?")
    claim = make_delivery(question, state=DeliveryState.LIVE, upto_seq=1, text="")
    await channel.show_status(claim.target, Standing.WORKING)
    assert channel.may_open(claim.key, claim.target)
    reply = await channel.open_live(claim)
    await reply.append("Open the page.")
    await channel.show_status(claim.target, Standing.RESTING)  # there are words to be seen
    assert slack.streams.session(question) == "processing"  # with a stop button
    await reply.finish(replace(claim, provider_id=reply.provider_id, text="Open the page. Done."))
    assert slack.streams.session(question) == "active"


async def test_one_session_that_is_refused_leaves_no_other_at_work(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    one, other = slack.direct("ada", "how?"), slack.direct("grace", "and I?")
    await channel.show_status(target(one), Standing.WORKING)
    slack.faults.fail(SESSION, "thread_not_found")
    await channel.show_status(target(other), Standing.WORKING)
    assert line(slack, other) == THINKING
    for question in (one, other):
        await channel.show_status(target(question), Standing.RESTING)
    assert (slack.streams.session(one), line(slack, other)) == ("active", "")
    await channel.show_status(target(other), Standing.WORKING)
    assert slack.streams.session(other) == "processing"


async def test_a_session_that_works_is_ended_though_sessions_were_turned_off_since(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    one, other = slack.direct("ada", "how?"), slack.direct("grace", "and I?")
    await channel.show_status(target(one), Standing.WORKING)
    slack.faults.fail(SESSION, "not_allowed")
    await channel.show_status(target(other), Standing.WORKING)
    await channel.show_status(target(one), Standing.RESTING)
    assert slack.streams.session(one) == "active"


async def test_a_guest_begins_no_session(slack: FakeSlack, channel: SlackChannel) -> None:
    question = slack.direct("ada", "how?")
    await channel.show_status(target(question, user_team="T0OTHER"), Standing.WORKING)
    assert "initiator_user_id" not in slack.calls(SESSION)[0].arguments


@pytest.mark.parametrize("method", [SESSION, STATUS])
async def test_slack_is_left_alone_for_as_long_as_it_asks(
    slack: FakeSlack, channel: SlackChannel, method: str
) -> None:
    slack.faults.rate_limit(method, retry_after_seconds=30)
    say: Any = slack.direct if method == SESSION else lambda *a: slack.mention("support", *a)
    question = say("ada", "how?")
    with pytest.raises(SendError):
        await channel.show_status(target(question), Standing.WORKING)
    with pytest.raises(SendError, match="too many"):
        await channel.show_status(target(say("grace", "and I?")), Standing.WORKING)
    assert len(slack.calls(method)) == 1


async def test_in_a_rush_statuses_are_left_away(slack: FakeSlack) -> None:
    channel = make_channel(slack, Transport.HTTP, allowance=AllowanceRules(statuses=4))
    questions = [slack.mention("support", "ada", f"question {number}") for number in range(5)]
    for question in questions[:2]:
        await channel.show_status(target(question), Standing.WORKING)
    with pytest.raises(SendError, match="too many"):
        await channel.show_status(target(questions[2]), Standing.WORKING)
    for question in questions[:2]:
        await channel.show_status(target(question), Standing.RESTING)
        assert line(slack, question) == ""
    shown = [call.arguments["status"] for call in slack.calls(STATUS)]
    assert shown == [THINKING, THINKING, "", ""]
    await channel.aclose()


async def test_a_place_without_a_thread_shows_nothing(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    nowhere = {"channel": "C0SUPPORT"}
    with pytest.raises(SendError, match="no thread"):
        await channel.show_status(nowhere, Standing.WORKING)
    await channel.show_status(nowhere, Standing.RESTING)
    assert slack.calls() == []


async def test_a_post_takes_the_line_away_by_itself(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    question = slack.mention("support", "ada", "how?")
    await channel.show_status(target(question), Standing.WORKING)
    await channel.send(make_delivery(question))
    assert line(slack, question) == ""
    await channel.show_status(target(question), Standing.RESTING)
    assert len(slack.calls(STATUS)) == 1


async def test_a_line_of_which_nobody_knows_whether_it_comes_after_the_post_is_taken_away(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    slack.faults.lose_answer(STATUS)
    question = slack.mention("support", "ada", "how?")
    with pytest.raises(DeliveryUnknown):
        await channel.show_status(target(question), Standing.WORKING)
    await channel.send(make_delivery(question))
    await channel.show_status(target(question), Standing.RESTING)
    assert [call.arguments["status"] for call in slack.calls(STATUS)] == [THINKING, ""]


@pytest.mark.parametrize(
    ("standing", "status"),
    [
        (Standing.RESTING, "active"),
        (Standing.WITH_PEOPLE, "suspended"),
        (Standing.RESOLVED, "closed"),
    ],
)
async def test_a_session_shows_how_its_ticket_stands(
    slack: FakeSlack, channel: SlackChannel, standing: Standing, status: str
) -> None:
    """Whether this process let it work, or another one that was killed."""
    one, other = slack.direct("ada", "how?"), slack.direct("grace", "and I?")
    await channel.show_status(target(one), Standing.WORKING)
    slack.workspace.sessions[f"{other.channel}:{other.ts}"] = "processing"
    for question in (one, other):
        await channel.show_status(target(question), standing)
        assert slack.streams.session(question) == status


@pytest.mark.parametrize("standing", [Standing.WITH_PEOPLE, Standing.RESOLVED])
async def test_a_thread_of_a_channel_only_loses_its_line(
    slack: FakeSlack, channel: SlackChannel, standing: Standing
) -> None:
    question = slack.mention("support", "ada", "how?")
    await channel.show_status(target(question), standing)
    assert slack.calls() == []
    await channel.show_status(target(question), Standing.WORKING)
    await channel.show_status(target(question), standing)
    assert line(slack, question) == ""
    assert slack.calls(SESSION) == []


async def test_a_line_that_a_killed_process_left_is_taken_away(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    question = slack.mention("support", "ada", "how?")
    slack.workspace.statuses[f"{question.channel}:{question.root}"] = THINKING
    await channel.show_status(target(question), Standing.RESTING)
    assert line(slack, question) == ""


async def test_how_a_ticket_stands_is_told_later_where_slack_wants_patience(
    slack: FakeSlack, channel: SlackChannel
) -> None:
    slack.faults.rate_limit(SESSION, retry_after_seconds=30)
    question = slack.direct("ada", "how?")
    for _ in range(2):
        with pytest.raises(SendError) as failed:
            await channel.show_status(target(question), Standing.WITH_PEOPLE)
        assert not failed.value.permanent
    assert len(slack.calls(SESSION)) == 1


async def growing(slack: FakeSlack, channel: SlackChannel, **changes: Any) -> tuple[Any, Delivery]:
    """Let an answer to a direct message grow; return it with its stored claim."""
    question = slack.direct("ada", "how?")
    claim = make_delivery(question, state=DeliveryState.LIVE, upto_seq=1, text="", **changes)
    assert channel.may_open(claim.key, claim.target)
    reply = await channel.open_live(claim)
    return reply, replace(claim, provider_id=reply.provider_id)


@pytest.mark.parametrize(
    ("standing", "status"),
    [(Standing.RESTING, "active"), (Standing.WITH_PEOPLE, "suspended")],
)
@pytest.mark.parametrize("expires", [False, True])
async def test_a_reply_that_grew_leaves_its_session_as_its_ticket_stands(
    slack: FakeSlack, channel: SlackChannel, standing: Standing, status: str, *, expires: bool
) -> None:
    reply, claim = await growing(slack, channel, standing=standing)
    await reply.append("Open the page.")
    (message,) = slack.streams.open
    if expires:
        slack.streams.expire(message)
    await reply.finish(replace(claim, text="Open the page. Done."))
    assert slack.streams.session(message) == status


@pytest.mark.parametrize("expires", [False, True])
async def test_a_reply_that_is_taken_away_leaves_no_session_at_work(
    slack: FakeSlack, channel: SlackChannel, *, expires: bool
) -> None:
    _, claim = await growing(slack, channel)
    (message,) = slack.streams.open
    if expires:
        slack.streams.expire(message)
    await channel.discard(claim)
    assert slack.workspace.sessions == {f"{message.channel}:{message.root}": "active"}


async def test_a_reply_that_goes_on_without_its_stream_keeps_the_stop_button(
    slack: FakeSlack,
) -> None:
    channel = make_channel(slack, Transport.HTTP, longest_stream_seconds=0.0)
    reply, claim = await growing(slack, channel)
    (message,) = slack.streams.open
    await reply.append("Open the page.")
    assert slack.streams.open == []
    assert slack.streams.session(message) == "processing"
    await reply.finish(replace(claim, text="Open the page. Done."))
    assert slack.streams.session(message) == "active"
    await channel.aclose()
