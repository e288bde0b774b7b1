"""Answers that grow in Slack, told over the whole product: seen early, whole at the end, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.channels.slack.keys import action_id
from supportbot.model.inbound import ActionKind
from supportbot.model.ticket import Handler, Status
from supportbot.testing.fake_slack import ALL_LIMITS, FakeMessage, FakeSlack
from tests.acceptance.slack_desk import Desk, Plan, desk, product, stage

ESCALATE, FEEDBACK = action_id(ActionKind.ESCALATE), action_id(ActionKind.FEEDBACK)
WORDS = (
    "Open the settings page. Choose the project you want. Then press the Export button. "
    "Pick a format from the list. Wait until the file is ready. We send you a mail then. "
    "The link in it works for a day. Ask us if it does not."
)
#: The model says it in eight pieces, at once where it is not held.
PLAN = Plan(answer=lambda _request: WORDS)
SLOWLY = replace(PLAN, seconds_per_chunk=0.25)


@pytest.fixture
def plan() -> Plan:
    return PLAN


async def begun(d: Desk) -> FakeMessage:
    """Let Ada ask; return her question once a part of the answer can be seen: the model is held."""
    d.model.hold(2)
    question = d.slack.mention("support", "ada", "How do I export?")
    await seen(d, question, "Open the settings page.")
    return question


async def seen(d: Desk, question: FakeMessage, text: str) -> None:
    """Wait until a part of the answer can be seen."""
    await d.until(lambda: any(text in reply.markdown for reply in d.slack.replies(question)))


async def over(d: Desk) -> None:
    """Wait until all is answered and has left."""
    await d.settled()
    await d.eventually(d.left)


def shown_status(d: Desk, question: FakeMessage) -> str:
    return d.slack.workspace.statuses.get(f"{question.channel}:{question.root}", "")


async def session_is(d: Desk, question: FakeMessage, status: str) -> None:
    await d.until(lambda: d.slack.streams.session(question) == status)


async def is_whole_once(d: Desk, question: FakeMessage) -> FakeMessage:
    """The answer stands in the thread once, complete, with its buttons, and no status is left."""
    await over(d)
    [reply] = d.slack.replies(question)
    assert reply.markdown == WORDS
    assert reply.streaming_state in {None, "completed"}
    elements = [one for block in reply.blocks for one in block.get("elements", ())]
    assert {ESCALATE, FEEDBACK} <= {one.get("action_id") for one in elements}
    await d.until(lambda: not shown_status(d, question))
    await d.until(lambda: d.slack.streams.session(question) != "processing")
    return reply


async def test_an_answer_grows_sentence_by_sentence(d: Desk) -> None:
    question = await begun(d)
    d.model.hold(4)
    await seen(d, question, "Then press the Export button.")
    assert d.slack.replies(question)[0].markdown != WORDS
    d.model.go_on()
    reply = await is_whole_once(d, question)
    pieces = [c.arguments["chunks"][0]["text"] for c in d.slack.calls("chat.appendStream")]
    assert len(pieces) >= 2
    assert all(piece.endswith(".") for piece in pieces)
    assert d.slack.calls("chat.update") == []
    d.slack.click(reply, FEEDBACK, "ada")
    d.slack.click(reply, ESCALATE, "ada")
    await d.settled()
    (ticket,) = await d.tickets()
    assert ticket.handler is Handler.HUMAN


async def test_a_direct_message_is_answered_in_a_session(d: Desk) -> None:
    d.model.hold()
    question = d.slack.direct("ada", "How do I export?")
    await session_is(d, question, "processing")
    assert d.slack.replies(question) == []
    d.model.go_on()
    await is_whole_once(d, question)


async def test_a_status_is_shown_before_the_first_words(d: Desk) -> None:
    d.model.hold()
    question = d.slack.mention("support", "ada", "How do I export?")
    await d.until(lambda: shown_status(d, question) == "is thinking…")
    assert d.slack.replies(question) == []
    d.model.go_on()
    await is_whole_once(d, question)


async def test_streams_can_be_turned_off(transport: Transport, tmp_path: Path) -> None:
    async with desk(transport, tmp_path, replace(SLOWLY, slack="live = false")) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await is_whole_once(d, question)
        assert d.slack.calls("chat.startStream") == []


async def test_a_draft_shows_a_status_and_leaves_none(transport: Transport, tmp_path: Path) -> None:
    async with desk(transport, tmp_path, replace(PLAN, mode="draft")) as d:
        d.model.hold(2)
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.until(lambda: shown_status(d, question))
        d.model.go_on()
        await over(d)
        await d.until(lambda: not shown_status(d, question))
        assert d.slack.replies(question) == []  # a draft waits for an operator
        assert d.slack.calls("chat.startStream") == []


async def test_a_stream_that_slack_closes_goes_on_as_a_message(d: Desk) -> None:
    question = await begun(d)
    d.slack.streams.expire_after(seconds=0)
    d.model.hold(4)
    await seen(d, question, "Then press the Export button.")
    assert d.slack.calls("chat.update")
    d.model.go_on()
    await is_whole_once(d, question)


@pytest.mark.parametrize("ends", [{"appends": 0}, {"seconds": 0}])
async def test_a_stream_that_slack_closes_is_finished_as_a_message(
    d: Desk, ends: dict[str, Any]
) -> None:
    question = await begun(d)
    d.slack.streams.expire_after(**ends)
    d.model.go_on()
    await is_whole_once(d, question)
    assert d.slack.calls("chat.update")


def limited(method: str) -> Callable[[FakeSlack], None]:
    return lambda slack: slack.faults.rate_limit(method, retry_after_seconds=1)


def refused(method: str, error: str) -> Callable[[FakeSlack], None]:
    return lambda slack: slack.faults.fail(method, error)


def lost(method: str) -> Callable[[FakeSlack], None]:
    return lambda slack: slack.faults.lose_answer(method)


@pytest.mark.parametrize(
    "trouble",
    [
        limited("chat.startStream"),
        limited("chat.appendStream"),
        limited("chat.stopStream"),
        refused("chat.startStream", "not_allowed"),
        refused("chat.startStream", "channel_type_not_supported"),
        refused("chat.startStream", "missing_recipient_user_id"),
        refused("chat.appendStream", "internal_error"),
        refused("chat.stopStream", "invalid_blocks"),
        lost("chat.startStream"),
        lost("chat.appendStream"),
        lost("chat.stopStream"),
        refused("assistant.threads.setStatus", "missing_scope"),
    ],
)
async def test_trouble_costs_no_answer_and_says_none_twice(
    tmp_path: Path, trouble: Callable[[FakeSlack], None]
) -> None:
    async with desk(Transport.SOCKET, tmp_path, SLOWLY) as d:
        trouble(d.slack)
        question = d.slack.mention("support", "ada", "How do I export?")
        await is_whole_once(d, question)


async def test_a_bot_that_is_removed_in_mid_answer_hands_over(d: Desk) -> None:
    await begun(d)
    d.slack.workspace.channel("support").members.discard(d.slack.bot_user)
    d.model.go_on()
    await over(d)
    (ticket,) = await d.tickets()
    assert ticket.handler is Handler.HUMAN


async def test_the_stop_button_ends_the_answer_where_it_is(d: Desk) -> None:
    question = await begun(d)
    d.slack.streams.stop(question, "ada")
    await over(d)
    [reply] = d.slack.replies(question)
    assert WORDS.startswith(reply.markdown)
    assert reply.markdown != WORDS
    (ticket,) = await d.tickets()
    assert (ticket.status, ticket.handler) == (Status.PENDING, Handler.BOT)
    stopped = [e.reason for e in await d.events(ticket) if e.kind == "suppressed"]
    assert stopped == ["stopped"]
    await session_is(d, question, "active")
    d.model.go_on()
    d.slack.say("support", "ada", "And as CSV?", thread=question)
    await d.slack.wait_for_replies(question, 2)


async def test_a_direct_message_has_the_stop_button_while_its_answer_grows(d: Desk) -> None:
    d.model.hold()
    question = d.slack.direct("ada", "How do I export?")
    await session_is(d, question, "processing")
    d.model.hold(2)
    await seen(d, question, "Choose the project")
    assert d.slack.streams.session(question) == "processing"
    d.model.go_on()
    await is_whole_once(d, question)
    set_to = [call.arguments["status"] for call in d.slack.calls("agents.sessions.setStatus")]
    assert "active" not in set_to  # the end of the stream is the end of the work


async def test_a_better_question_right_after_the_stop_is_answered_whatever_comes_first(
    transport: Transport, tmp_path: Path
) -> None:
    def answer(request: Any) -> str:
        return "Press C." if "as CSV" in str(request["messages"][-1]) else WORDS

    async with desk(transport, tmp_path, Plan(answer=answer)) as d:
        question = await begun(d)
        with d.slack.order.backwards():
            d.slack.streams.stop(question, "ada")
            d.slack.say("support", "ada", "Stop, I meant as CSV", thread=question)
        await d.until(lambda: len(d.model.requests) == 2)
        d.model.go_on()
        await d.slack.wait_for_replies(question, 2)
        await over(d)
        stopped, better = [reply.markdown for reply in d.slack.replies(question)]
        assert (WORDS.startswith(stopped), better) == (True, "Press C.")


async def test_the_stop_button_ends_an_answer_that_nobody_saw(d: Desk) -> None:
    d.model.hold()
    question = d.slack.direct("ada", "How do I export?")
    await session_is(d, question, "processing")
    d.slack.streams.stop(question, "ada")
    await over(d)
    await session_is(d, question, "active")
    assert d.slack.replies(question) == []


async def test_thirty_answers_at_once_stay_within_slack_s_limits(
    transport: Transport, tmp_path: Path
) -> None:
    plan = replace(PLAN, seconds_per_chunk=0.4, workspace={"limits": ALL_LIMITS})
    async with desk(transport, tmp_path, plan) as d:
        people = [d.slack.add_user(f"user{number}").name for number in range(30)]
        asked = [d.slack.mention("support", name, "How do I export?") for name in people]
        for question in asked:
            await d.slack.wait_for_replies(question, timeout_seconds=60.0)
        for question in asked:
            await is_whole_once(d, question)
        assert 5 <= len(d.slack.calls("chat.startStream")) <= 20
        assert d.slack.violations == []


async def test_an_answer_that_was_cut_off_is_finished_in_its_place(tmp_path: Path) -> None:
    """The process ends while its answer is seen growing; the next one finishes it."""
    async with stage(PLAN) as world:
        async with product(world, Transport.SOCKET, tmp_path, PLAN) as d:
            question = await begun(d)
            for task in asyncio.all_tasks():
                if task.get_name().startswith("ticket-"):
                    task.cancel()  # as a kill: nothing is written any more
        d.model.go_on()
        async with product(world, Transport.SOCKET, tmp_path, PLAN) as later:
            await is_whole_once(later, question)
