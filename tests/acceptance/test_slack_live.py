"""Answers that grow in Slack, told over the whole product: seen early, whole at the end, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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
#: The model says it in eight pieces.
SLOWLY = Plan(answer=lambda _request: WORDS, seconds_per_chunk=0.25)


async def seen(d: Desk, question: FakeMessage, text: str = "Open the settings page.") -> None:
    """Wait until a part of the answer can be seen, and more of it is to come."""

    async def shown() -> bool:
        return any(text in reply.markdown for reply in d.slack.replies(question))

    await d.eventually(shown)
    assert [reply.markdown for reply in d.slack.replies(question)] != [WORDS]


async def over(d: Desk) -> None:
    """Wait until all is answered and has left."""
    await d.settled()
    await d.eventually(d.left)


def shown_status(d: Desk, question: FakeMessage) -> str:
    return d.slack.workspace.statuses.get(f"{question.channel}:{question.root}", "")


async def is_whole_once(d: Desk, question: FakeMessage) -> FakeMessage:
    """The answer stands in the thread once, complete, with its buttons, and no status is left."""
    await over(d)
    [reply] = d.slack.replies(question)
    assert reply.markdown == WORDS
    assert reply.streaming_state in {None, "completed"}
    elements = [one for block in reply.blocks for one in block.get("elements", ())]
    assert {ESCALATE, FEEDBACK} <= {one.get("action_id") for one in elements}

    async def no_status() -> bool:
        return not shown_status(d, question) and d.slack.streams.session(question) != "processing"

    await d.eventually(no_status)
    return reply


async def test_an_answer_grows_sentence_by_sentence(transport: Transport, tmp_path: Path) -> None:
    async with desk(transport, tmp_path, SLOWLY) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await seen(d, question)
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


async def test_a_direct_message_is_answered_in_a_session(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(answer=lambda _request: WORDS, first_token_seconds=1.0, seconds_per_chunk=0.1)
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.direct("ada", "How do I export?")

        async def works() -> bool:
            return d.slack.streams.session(question) == "processing"

        await d.eventually(works)
        assert d.slack.replies(question) == []
        await is_whole_once(d, question)


async def test_a_status_is_shown_before_the_first_words(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(answer=lambda _request: WORDS, first_token_seconds=1.0)
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export?")

        async def thinks() -> bool:
            return shown_status(d, question) == "is thinking…"

        await d.eventually(thinks)
        assert d.slack.replies(question) == []
        await is_whole_once(d, question)


async def test_streams_can_be_turned_off(transport: Transport, tmp_path: Path) -> None:
    plan = Plan(answer=SLOWLY.answer, seconds_per_chunk=0.1, slack="live = false")
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await is_whole_once(d, question)
        assert d.slack.calls("chat.startStream") == []


async def test_a_draft_shows_a_status_and_leaves_none(transport: Transport, tmp_path: Path) -> None:
    plan = Plan(answer=SLOWLY.answer, mode="draft", seconds_per_chunk=0.25)
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export?")

        async def thinks() -> bool:
            return bool(shown_status(d, question))

        await d.eventually(thinks)
        await over(d)

        async def no_status() -> bool:
            return not shown_status(d, question)

        await d.eventually(no_status)
        assert d.slack.replies(question) == []  # a draft waits for an operator
        assert d.slack.calls("chat.startStream") == []


@pytest.mark.parametrize("ends", [{"appends": 1}, {"seconds": 0.6}])
async def test_a_stream_that_slack_closes_is_finished_as_a_message(
    transport: Transport, tmp_path: Path, ends: dict[str, Any]
) -> None:
    async with desk(transport, tmp_path, SLOWLY) as d:
        d.slack.streams.expire_after(**ends)
        question = d.slack.mention("support", "ada", "How do I export?")
        await seen(d, question)
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


async def test_a_bot_that_is_removed_in_mid_answer_hands_over(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, SLOWLY) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await seen(d, question)
        d.slack.workspace.channel("support").members.discard(d.slack.bot_user)
        await over(d)
        (ticket,) = await d.tickets()
        assert ticket.handler is Handler.HUMAN


async def test_the_stop_button_ends_the_answer_where_it_is(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, SLOWLY) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await seen(d, question)
        d.slack.streams.stop(question, "ada")
        await over(d)
        [reply] = d.slack.replies(question)
        assert WORDS.startswith(reply.markdown)
        assert reply.markdown != WORDS
        (ticket,) = await d.tickets()
        assert (ticket.status, ticket.handler) == (Status.PENDING, Handler.BOT)
        stopped = [e.reason for e in await d.events(ticket) if e.kind == "suppressed"]
        assert stopped == ["stopped"]

        async def rests() -> bool:
            return d.slack.streams.session(question) == "active"

        await d.eventually(rests)
        d.slack.say("support", "ada", "And as CSV?", thread=question)
        await d.slack.wait_for_replies(question, 2)


async def test_a_direct_message_has_the_stop_button_while_its_answer_grows(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(answer=lambda _request: WORDS, first_token_seconds=1.5, seconds_per_chunk=0.25)
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.direct("ada", "How do I export?")

        async def works() -> bool:
            return d.slack.streams.session(question) == "processing"

        await d.eventually(works)
        await seen(d, question, "Choose the project")
        assert await works()
        await is_whole_once(d, question)
        set_to = [call.arguments["status"] for call in d.slack.calls("agents.sessions.setStatus")]
        assert "active" not in set_to  # the end of the stream is the end of the work


async def test_a_better_question_right_after_the_stop_is_answered_whatever_comes_first(
    transport: Transport, tmp_path: Path
) -> None:
    def answer(request: Any) -> str:
        return "Press C." if "as CSV" in str(request["messages"][-1]) else WORDS

    async with desk(transport, tmp_path, Plan(answer=answer, seconds_per_chunk=0.25)) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await seen(d, question)
        with d.slack.order.backwards():
            d.slack.streams.stop(question, "ada")
            d.slack.say("support", "ada", "Stop, I meant as CSV", thread=question)
        await d.slack.wait_for_replies(question, 2)
        await over(d)
        stopped, better = [reply.markdown for reply in d.slack.replies(question)]
        assert (WORDS.startswith(stopped), better) == (True, "Press C.")


async def test_the_stop_button_ends_an_answer_that_nobody_saw(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(answer=lambda _request: WORDS, first_token_seconds=3.0)
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.direct("ada", "How do I export?")

        async def works() -> bool:
            return d.slack.streams.session(question) == "processing"

        await d.eventually(works)
        d.slack.streams.stop(question, "ada")
        await over(d)

        async def rests() -> bool:
            return d.slack.streams.session(question) == "active"

        await d.eventually(rests)
        assert d.slack.replies(question) == []


async def test_thirty_answers_at_once_stay_within_slack_s_limits(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(answer=SLOWLY.answer, seconds_per_chunk=0.4, workspace={"limits": ALL_LIMITS})
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
    async with stage(SLOWLY) as world:
        async with product(world, Transport.SOCKET, tmp_path, SLOWLY) as d:
            question = d.slack.mention("support", "ada", "How do I export?")
            await seen(d, question)
            for task in asyncio.all_tasks():
                if task.get_name().startswith("ticket-"):
                    task.cancel()  # as a kill: nothing is written any more
        async with product(world, Transport.SOCKET, tmp_path, SLOWLY) as later:
            await is_whole_once(later, question)
