"""The fence: what the bot made of a ticket is worth nothing once somebody else has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from supportbot.errors import SendError
from supportbot.model.delivery import DeliveryKind, DeliveryState
from supportbot.model.inbound import ActionKind
from supportbot.model.ticket import Ticket
from supportbot.store import live, tickets
from supportbot.testing import Fails, said
from tests.integration.orchestrator.desk import customer_presses

Move = Callable[[Any, Ticket], Awaitable[None]]


async def take_over(world: Any, ticket: Ticket) -> None:
    await world.takeover.take_over(ticket.public_id, None)


async def resolve(world: Any, ticket: Ticket) -> None:
    await world.takeover.resolve(ticket.public_id, None)


async def escalate(world: Any, _ticket: Ticket) -> None:
    await customer_presses(world, ActionKind.ESCALATE)


hands = pytest.mark.parametrize("move", [take_over, resolve, escalate])


async def covered(world: Any, seen: Ticket) -> bool:
    """Tell whether an answer to a ticket as it was seen could be stored now."""
    async with world.db.writing() as work:
        return await tickets.cover(work, seen, seen.asked_seq)


async def replies(world: Any, ticket: Ticket) -> list[DeliveryState]:
    deliveries = await world.deliveries(ticket)
    return [d.state for d in deliveries if d.kind is DeliveryKind.REPLY and d.replaces is None]


@hands
async def test_an_answer_that_did_not_leave_yet_is_cancelled(
    world: Any, clock: Any, move: Move
) -> None:
    busy = SendError("busy", permanent=False, retry_after_seconds=30)
    world.channel.failures.append(Fails(busy))
    ticket = await world.ask(said("hi"))
    await move(world, ticket)
    clock.advance(minutes=1)
    await world.settle()
    assert await replies(world, ticket) == [DeliveryState.CANCELLED]
    assert "answer 1" not in world.channel.texts()


@hands
async def test_an_interrupted_answer_that_never_arrived_is_cancelled(
    world: Any, clock: Any, move: Move
) -> None:
    world.channel.failures.append(Fails(RuntimeError("the process died")))
    ticket = await world.ask(said("hi"))
    await move(world, ticket)
    clock.advance(minutes=1)
    await world.settle()
    await world.settle()
    assert await replies(world, ticket) == [DeliveryState.CANCELLED]
    assert "answer 1" not in world.channel.texts()


@hands
async def test_an_answer_to_the_ticket_as_it_was_is_not_stored(world: Any, move: Move) -> None:
    seen = await world.ask(said("hi"))
    assert await covered(world, seen)
    await move(world, seen)
    assert not await covered(world, seen)


async def test_an_answer_to_words_that_were_changed_is_not_stored(world: Any) -> None:
    seen = await world.ask(said("hi"))
    async with world.db.writing() as work:
        await tickets.revise(work, seen.id)
    assert not await covered(world, seen)


async def test_an_answer_to_what_was_answered_meanwhile_is_not_stored(world: Any) -> None:
    accepted = await world.hear(said("hi"))
    seen = await world.ticket(accepted.ticket)
    assert await covered(world, seen)
    assert not await covered(world, seen)


@hands
async def test_a_reply_that_grows_shows_no_more(world: Any, clock: Any, move: Move) -> None:
    ticket, later = await world.ask(said("hi")), clock() + timedelta(minutes=1)
    async with world.db.writing() as work:
        claim = await live.claim(work, ticket, 2, clock(), later)
        assert claim is not None
        assert await live.grow(work, claim, "One.", later)
    await move(world, ticket)
    async with world.db.writing() as work:
        assert not await live.grow(work, claim, "One. Two.", later)
