"""A customer sees that an answer is being made, and the sign goes whatever comes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.completions.scripted import Turn
from supportbot.errors import CompletionError, DeliveryUnknown, SendError
from supportbot.model.catalog import Mode
from supportbot.model.ticket import Standing
from supportbot.orchestrator.answering.live import LiveRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.orchestrator.working import Working, WorkingRules
from supportbot.testing import LiveMemoryChannel, said
from tests.integration.orchestrator.growing import (
    LOOK_UP,
    QUICK,
    order_desk,
    started,
    until_seen,
)

SHOWN_AND_TAKEN_AWAY = [Standing.WORKING, Standing.RESTING]


@pytest.fixture
def channel(clock: Any) -> LiveMemoryChannel:
    made = LiveMemoryChannel(clock)
    made.may_grow = False
    return made


async def at_work(make_world: Any, channel: Any, turn: Turn, **changes: Any) -> Any:
    """Let a turn begin and its status be shown; return the world and its settling."""
    world = await make_world([turn, "then"], channel=channel, **changes)
    object.__setattr__(world.wiring, "working", Working(WorkingRules(after_seconds=0.0)))
    ticket = await world.ticket((await world.hear(said("how?"))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    return world, ticket, settling


async def ended(world: Any, settling: asyncio.Task[None]) -> None:
    await settling
    await world.wiring.working.aclose()


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.DRAFT])
async def test_a_status_is_shown_until_the_answer_is_there(
    make_world: Any, channel: Any, mode: Mode
) -> None:
    gate = asyncio.Event()
    turn = Turn("Yes.", end_gate=gate)
    world, _, settling = await at_work(make_world, channel, turn, mode=mode)
    await world.until(lambda: channel.statuses == [Standing.WORKING])
    gate.set()
    await ended(world, settling)
    assert channel.statuses == SHOWN_AND_TAKEN_AWAY


async def test_a_quick_answer_needs_no_status(make_world: Any, channel: Any) -> None:
    world = await make_world(["Yes."], channel=channel)
    await world.ask(said("how?"))
    await world.wiring.working.aclose()
    assert channel.texts("t1") == ["Yes."]
    assert channel.statuses == []


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW])
async def test_a_product_that_says_nothing_shows_nothing(
    make_world: Any, channel: Any, mode: Mode
) -> None:
    world, _, settling = await at_work(make_world, channel, Turn("Yes."), mode=mode)
    await ended(world, settling)
    assert channel.statuses == []


async def test_a_model_that_fails_leaves_no_status(make_world: Any, channel: Any) -> None:
    gate = asyncio.Event()
    failure = CompletionError("down", "down", permanent=True)
    turn = Turn("Ye", end_gate=gate, error=failure)
    world, _, settling = await at_work(make_world, channel, turn)
    await world.until(lambda: channel.statuses == [Standing.WORKING])
    gate.set()
    await ended(world, settling)
    assert channel.statuses == [Standing.WORKING, Standing.WITH_PEOPLE]


async def test_a_turn_that_is_given_up_leaves_no_status(make_world: Any, channel: Any) -> None:
    turn = Turn("Yes.", end_gate=asyncio.Event())
    world, ticket, settling = await at_work(make_world, channel, turn)
    await world.until(lambda: channel.statuses == [Standing.WORKING])
    await world.takeover.take_over(ticket.public_id, None)
    await ended(world, settling)
    assert channel.statuses == [Standing.WORKING, Standing.WITH_PEOPLE]


async def test_a_process_that_ends_takes_its_status_with_it(make_world: Any, channel: Any) -> None:
    turn = Turn("Yes.", end_gate=asyncio.Event())
    world, _, settling = await at_work(make_world, channel, turn)
    await world.until(lambda: channel.statuses == [Standing.WORKING])
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    await world.wiring.working.aclose()
    assert channel.statuses == SHOWN_AND_TAKEN_AWAY


async def test_first_words_take_the_place_of_the_status(make_world: Any, channel: Any) -> None:
    channel.may_grow = True
    gate = asyncio.Event()
    turn = Turn("Open the page. Then press Export. Done now.", end_gate=gate)
    rules = RespondRules(live=LiveRules(start_seconds=0.05, flush_seconds=0.01))
    world, _, settling = await at_work(make_world, channel, turn, rules=rules)
    await world.until(lambda: channel.statuses == SHOWN_AND_TAKEN_AWAY)
    assert channel.sent == []  # the rest of the answer is to come
    gate.set()
    await ended(world, settling)
    assert channel.statuses == SHOWN_AND_TAKEN_AWAY


class Counting(Working):
    """Counts how often it is told how a ticket stands."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = 0

    def end(self, ticket_id: int, tell: Any) -> None:
        self.ends += 1
        super().end(ticket_id, tell)


async def test_only_first_words_take_the_place_of_the_status(make_world: Any, channel: Any) -> None:
    channel.may_grow = True
    looked, first, second = asyncio.Event(), asyncio.Event(), asyncio.Event()
    looked.set()
    script = [
        Turn("Let me look. One moment.", tool_calls=LOOK_UP, end_gate=first),
        Turn("It was shipped. It comes soon. Bye.", end_gate=second),
    ]
    world = await make_world(script, channel=channel, rules=QUICK, **order_desk(looked))
    working = Counting()
    object.__setattr__(world.wiring, "working", working)
    _, settling = await started(world)
    await until_seen(world, "Let me look.")
    first.set()
    await until_seen(world, "It was shipped.")
    assert working.ends == 1
    second.set()
    await ended(world, settling)


async def test_a_status_that_cannot_be_shown_harms_no_answer(make_world: Any, channel: Any) -> None:
    channel.status_failures += [DeliveryUnknown("perhaps"), SendError("no", permanent=True)]
    gate = asyncio.Event()
    world, _, settling = await at_work(make_world, channel, Turn("Yes.", end_gate=gate))
    await world.until(lambda: len(channel.status_failures) == 1)
    gate.set()
    await ended(world, settling)
    assert channel.texts("t1") == ["Yes."]
    assert not channel.status_failures


async def test_what_was_surely_not_shown_is_not_taken_away(make_world: Any, channel: Any) -> None:
    channel.status_failures.append(SendError("a rush", permanent=False))
    gate = asyncio.Event()
    world, _, settling = await at_work(make_world, channel, Turn("Yes.", end_gate=gate))
    await world.until(lambda: not channel.status_failures)
    gate.set()
    await ended(world, settling)
    assert channel.statuses == []


async def test_no_status_begins_once_the_answer_has_only_to_be_sent(
    make_world: Any, channel: Any
) -> None:
    world = await make_world(["Yes."], channel=channel)
    rules = WorkingRules(after_seconds=3_600.0)
    object.__setattr__(world.wiring, "working", Working(rules))
    channel.open.clear()
    ticket = await world.ticket((await world.hear(said("how?"))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    while not await world.deliveries(ticket):  # noqa: ASYNC110 - rows have no event
        await asyncio.sleep(0.005)
    await world.wiring.working.aclose()  # nobody waits for a moment to show it
    assert channel.statuses == channel.sent == []
    channel.open.set()
    await ended(world, settling)
    assert channel.texts("t1") == ["Yes."]
    assert channel.statuses == []


async def test_an_answer_does_not_wait_for_its_status(make_world: Any, channel: Any) -> None:
    asked, may_go_on = asyncio.Event(), asyncio.Event()
    showing = channel.show_status

    async def slowly(target: Any, standing: Standing) -> None:
        asked.set()
        await may_go_on.wait()
        await showing(target, standing)

    channel.show_status = slowly
    gate = asyncio.Event()
    world, _, settling = await at_work(make_world, channel, Turn("Yes.", end_gate=gate))
    await asked.wait()
    gate.set()
    await settling
    assert channel.texts("t1") == ["Yes."]
    may_go_on.set()
    await world.wiring.working.aclose()
    assert channel.statuses == SHOWN_AND_TAKEN_AWAY
