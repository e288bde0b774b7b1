"""What a growing reply must not do: be seen too early, hold up a turn, or speak unasked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from supportbot.completions.scripted import Turn
from supportbot.errors import ChannelError, CompletionError, SendError
from supportbot.model.catalog import Mode
from supportbot.model.completion import ToolCall
from supportbot.model.delivery import Delivery, DeliveryState
from supportbot.model.policy import DraftReply
from supportbot.model.ticket import Handler
from supportbot.orchestrator.answering import live, respond
from supportbot.orchestrator.answering.live import LiveRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.policy.base import Answer
from supportbot.policy.release import releasable
from supportbot.policy.review import RULES, Rule
from supportbot.store import live as claims_of_turns
from supportbot.store import tickets
from supportbot.testing import Fails, LiveMemoryChannel, said
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import gather

ANSWER = "Open the page. Then press Export. Done now."
QUICK = RespondRules(
    live=LiveRules(start_seconds=0.0, flush_seconds=0.01, lease_seconds=8.0, step_seconds=0.2)
)


@pytest.fixture
def channel(clock: Any) -> LiveMemoryChannel:
    return LiveMemoryChannel(clock)


async def started(world: Any) -> tuple[Any, asyncio.Task[None]]:
    ticket = await world.ticket((await world.hear(said("how?"))).ticket)
    return ticket, asyncio.create_task(world.settle_ticket(ticket.id))


async def states(world: Any, ticket: Any) -> list[DeliveryState]:
    return [one.state for one in await world.deliveries(ticket)]


async def claimed(world: Any, ticket: Any) -> None:
    while DeliveryState.LIVE not in await states(world, ticket):  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(0.01)


def seen(channel: Any) -> list[str]:
    return [text for texts in channel.grown.values() for text in texts]


def switched(world: Any, mode: Mode) -> None:
    [(key, published)] = world.wiring.policies.items()
    world.wiring.policies[key] = replace(published, policy=replace(published.policy, mode=mode))


async def killed_unseen(world: Any, channel: Any) -> Any:
    """Let a process die between its claim and the opened message."""
    opening = channel.open_live

    async def never(_delivery: Delivery) -> Any:
        await asyncio.Event().wait()

    channel.open_live = never
    ticket, settling = await started(world)
    await claimed(world, ticket)
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    channel.open_live = opening
    return ticket


async def test_after_a_take_over_nothing_is_sent_where_nothing_was_seen(
    make_world: Any, channel: Any
) -> None:
    channel.opening_failures.append(ChannelError("no"))
    world = await make_world([Turn(ANSWER, end_gate=asyncio.Event())], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await claimed(world, ticket)
    await world.takeover.take_over(ticket.public_id, None)
    await asyncio.wait_for(settling, 5)
    await world.settle()
    assert channel.sent == []
    assert await states(world, ticket) == [DeliveryState.CANCELLED]


async def test_a_take_over_right_before_the_commit_ends_the_reply_at_once(
    make_world: Any, channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not left open until somebody finds its claim run out."""
    end, commit = asyncio.Event(), respond.commit
    world = await make_world([Turn(ANSWER, end_gate=end)], channel=channel, rules=QUICK)

    async def taken_over(*given: Any) -> Delivery | None:
        await world.takeover.take_over(ticket.public_id, None)
        return await commit(*given)

    monkeypatch.setattr(respond, "commit", taken_over)
    ticket, settling = await started(world)
    await world.until(lambda: bool(seen(channel)))
    end.set()
    await settling
    [shown] = channel.texts("t1")
    assert ANSWER.startswith(shown)
    assert await states(world, ticket) == [DeliveryState.SENT]


async def test_a_killed_claim_that_nobody_saw_is_cancelled_after_a_take_over(
    make_world: Any, channel: Any
) -> None:
    world = await make_world([Turn(ANSWER, end_gate=asyncio.Event())], channel=channel, rules=QUICK)
    ticket = await killed_unseen(world, channel)
    await world.takeover.take_over(ticket.public_id, None)
    world.clock.advance(seconds=60)
    await world.settle_ticket(ticket.id)
    assert channel.sent == []
    [claim] = await world.deliveries(ticket)
    assert channel.discarded == [claim.key]  # what was opened before the kill, if anything
    assert await states(world, ticket) == [DeliveryState.CANCELLED]


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW])
async def test_a_killed_claim_that_nobody_saw_says_nothing_in_a_silent_mode(
    make_world: Any, channel: Any, mode: Mode
) -> None:
    world = await make_world([Turn(ANSWER, end_gate=asyncio.Event())], channel=channel, rules=QUICK)
    ticket = await killed_unseen(world, channel)
    switched(world, mode)
    world.clock.advance(seconds=60)
    await world.settle_ticket(ticket.id)
    assert channel.sent == []
    [claim] = await world.deliveries(ticket)
    assert channel.discarded == [claim.key]  # what was opened before the kill, if anything
    assert await states(world, ticket) == [DeliveryState.CANCELLED]
    now = await world.ticket(ticket.public_id)
    assert now.answered_seq == now.asked_seq
    [suppressed] = [one for one in await world.events(ticket) if one.kind == "suppressed"]
    assert suppressed.reason == f"mode_{mode}"


async def test_a_plugin_s_rule_is_asked_before_anything_is_seen(
    make_world: Any, channel: Any
) -> None:
    gate = asyncio.Event()
    world = await make_world(
        [Turn("Your card is 4111. Done now ok", end_gate=gate)], channel=channel, rules=QUICK
    )

    def check(answer: Answer) -> DraftReply | None:
        text = answer.completion.text
        return DraftReply(text) if "4111" in text else None

    mind = world.settle_ticket._respond._mind
    rules = (*RULES, Rule("card", "An operator looks first.", check))
    object.__setattr__(mind, "review_rules", rules)
    ticket, settling = await started(world)
    await world.until(lambda: bool(world.completer.prompts))
    await asyncio.sleep(0.1)
    assert channel.grown == {}
    gate.set()
    await settling
    assert channel.sent == []
    [draft] = await world.drafts(ticket)
    assert "4111" in draft.text


async def test_a_handoff_in_sight_is_told_in_the_words_of_the_policy(
    make_world: Any, channel: Any
) -> None:
    gate = asyncio.Event()
    broken = CompletionError("server", "x", permanent=True)
    world = await make_world(
        [Turn("Oeffne die Seite. Dann weiter", end_gate=gate, error=broken)],
        channel=channel,
        rules=QUICK,
        canned={"handoff": "Ein Kollege antwortet."},
    )
    ticket, settling = await started(world)
    await world.until(lambda: bool(seen(channel)))
    gate.set()
    await settling
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    assert channel.texts("t1") == ["Ein Kollege antwortet."]


async def test_a_handoff_is_told_although_its_first_sending_failed_and_nothing_had_opened(
    make_world: Any, channel: Any
) -> None:
    """The handoff moves the fence; its own note, in the claim of the turn, is not bound to it."""
    gate = asyncio.Event()
    channel.opening_failures.append(ChannelError("no"))
    channel.failures.append(Fails(SendError("busy", permanent=False, retry_after_seconds=30)))
    broken = CompletionError("server", "x", permanent=True)
    world = await make_world(
        [Turn(ANSWER, end_gate=gate, error=broken)],
        channel=channel,
        rules=QUICK,
        canned={"handoff": "A colleague answers."},
    )
    ticket, settling = await started(world)
    await claimed(world, ticket)
    gate.set()
    await settling
    assert channel.sent == []
    world.clock.advance(seconds=60)
    await world.settle()
    assert channel.texts("t1") == ["A colleague answers."]
    assert await states(world, ticket) == [DeliveryState.SENT]


@pytest.mark.parametrize("slow", ["open", "append"])
async def test_a_slow_channel_does_not_hold_up_the_deadline(
    make_world: Any, channel: Any, slow: str
) -> None:
    rules = replace(QUICK, turn_seconds=0.3)
    world = await make_world([Turn(ANSWER, end_gate=asyncio.Event())], channel=channel, rules=rules)
    opening = channel.open_live

    async def stands_still(_what: object) -> None:
        await asyncio.Event().wait()

    async def slowly(delivery: Delivery) -> Any:
        if slow == "open":
            await stands_still(delivery)
        reply = await opening(delivery)
        reply.append = stands_still
        return reply

    channel.open_live = slowly
    ticket, settling = await started(world)
    await claimed(world, ticket)
    done, _ = await asyncio.wait((settling,), timeout=5)
    settling.cancel()
    assert done
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_a_long_answer_is_looked_at_in_proportion_to_its_length(
    make_world: Any, channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def counted(text: str, policy: Any) -> str | None:
        looked.append(len(text))
        return releasable(text, policy)

    monkeypatch.setattr(live, "releasable", counted)
    long = "```\n" + "Do a b c d. " * 1000
    rules = replace(QUICK, live=LiveRules(start_seconds=0.0))
    world = await make_world([long], channel=channel, rules=rules)
    await world.ask(said("how?"))
    assert channel.texts("t1") == [long]
    assert sum(looked) < 30 * len(long)


async def test_a_forbidden_phrase_stops_a_model_that_goes_on_speaking(
    make_world: Any, channel: Any
) -> None:
    long = "Of course. " * 400
    world = await make_world(
        [Turn(f"{long}You get a full refund. {long}")],
        channel=channel,
        rules=QUICK,
        never=("full refund",),
    )
    ticket, settling = await started(world)
    await settling
    [handoff] = [one for one in await world.events(ticket) if one.kind == "handoff"]
    assert handoff.data["rules"] == ["never_phrase"]
    assert not any("refund" in text for text in seen(channel) + channel.texts("t1"))


async def test_tools_are_not_called_after_words_that_must_never_be_said(
    make_world: Any, channel: Any
) -> None:
    done: list[str] = []

    @tool
    def find_order(number: str) -> str:
        """Find an order."""
        done.append(number)
        return "shipped"

    calls = (ToolCall("c1", "find_order", '{"number": "7"}'),)
    long = "Of course. " * 40
    world = await make_world(
        [Turn(f"{long}A full refund", tool_calls=calls), "It was shipped."],
        channel=channel,
        rules=RespondRules(),
        toolbox=gather([find_order]).toolbox,
        tools=("find_order",),
        never=("full refund",),
    )
    ticket = await world.ask(said("how?"))
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    assert done == []


async def test_a_channel_that_lets_none_grow_now_gets_the_whole_answer(
    make_world: Any, channel: Any
) -> None:
    channel.may_grow = False
    gate = asyncio.Event()
    world = await make_world([Turn(ANSWER, end_gate=gate)], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await asyncio.sleep(0.1)
    assert await states(world, ticket) == []  # the turn is not even claimed
    gate.set()
    await settling
    assert channel.texts("t1") == [ANSWER]
    assert channel.grown == {}


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_who_finds_the_turn_claimed_in_that_moment_gives_up_without_a_failure(
    make_world: Any, channel: Any
) -> None:
    gate, end = asyncio.Event(), asyncio.Event()
    turn = Turn(ANSWER, gate=gate, end_gate=end)
    world = await make_world([turn, "Whole."], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await world.until(lambda: bool(world.completer.prompts))
    with capture_logs() as logs:
        async with world.db.writing() as work:  # another process claims it
            at = world.clock()
            await claims_of_turns.claim(work, ticket, 1, at, at + timedelta(seconds=8))
            await tickets.cover(work, ticket, 1)
            gate.set()
            await somebody_waits(world)
        end.set()
        await settling
    assert [one for one in logs if one["event"] == "work_failed"] == []
    assert (await world.ticket(ticket.public_id)).attempts == 0
    world.clock.advance(seconds=9)
    await world.settle()
    assert channel.texts("t1") == ["Whole."]


async def somebody_waits(world: Any) -> None:
    """Wait until a transaction waits for another one."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with world.db.reading() as work:
        while not await work.connection.scalar(waiting):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
