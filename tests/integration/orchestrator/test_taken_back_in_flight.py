"""Words that are taken back while they are on their way: they leave no more, and never twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.delivery import Delivery, DeliveryState
from supportbot.model.inbound import Deleted
from supportbot.store.tables.answers import DeliveryRow
from supportbot.testing import Fails
from tests.integration.orchestrator.desk import GRACE, escalated, under, writes
from tests.integration.orchestrator.kept import tables_with

SECRET = "R0SEBUD"
BUSY = SendError("busy", permanent=False)
TAKEN_BACK = "*(This was taken back.)*"


async def goes_on(world: Any) -> None:
    for _ in range(3):
        world.clock.advance(minutes=2)
        await world.settle()


async def taken_back_in_flight(world: Any, *failures: Fails) -> Delivery:
    """Let an operator take back a reply while the channel is at it; return what became of it."""
    ticket, notice = await escalated(world)
    await world.hear(writes(GRACE, f"The secret is {SECRET}", below=under(notice)), "m1")
    world.channel.failures.extend(failures)
    world.channel.open.clear()
    leaving = asyncio.create_task(world.settle())
    await world.until(lambda: SECRET in world.channel.attempts[-1].text)
    await world.hear(Deleted("m1", ("desk",)))
    world.channel.open.set()
    await leaving
    await goes_on(world)
    assert await tables_with(world.db, SECRET) == set()
    replies = [one for one in await world.deliveries(ticket) if one.signed and not one.replaces]
    (reply,) = replies
    return reply


async def why(world: Any, delivery: Delivery) -> str | None:
    """Return why a delivery was ended."""
    async with world.db.reading() as work:
        query = select(DeliveryRow.error).where(DeliveryRow.id == delivery.id)
        found: str | None = await work.connection.scalar(query)
    return found


def attempts(world: Any) -> int:
    """Count how often the channel was asked to send it, with or without its words."""
    return sum(bool(one.signed) for one in world.channel.attempts)


async def test_reply_that_is_refused_once_it_was_taken_back_never_leaves(world: Any) -> None:
    reply = await taken_back_in_flight(world, Fails(BUSY))
    assert reply.state is DeliveryState.CANCELLED
    assert attempts(world) == 1
    assert not [one for one in world.channel.sent if one.signed]
    assert await why(world, reply) == "taken back"


async def test_reply_that_can_never_leave_is_no_case_for_people_once_it_was_taken_back(
    world: Any,
) -> None:
    before = len(world.channel.shown("operators"))
    reply = await taken_back_in_flight(world, Fails(SendError("no such place", permanent=True)))
    assert reply.state is DeliveryState.CANCELLED
    assert not [
        one for one in world.channel.shown("operators")[before:] if "in question" in one.text
    ]


@pytest.mark.parametrize("left", [True, False])
async def test_reply_whose_receipt_was_lost_is_looked_for_and_not_sent_again(
    world: Any, *, left: bool
) -> None:
    reply = await taken_back_in_flight(world, Fails(DeliveryUnknown("lost"), left=left))
    assert attempts(world) == 1
    assert reply.state is (DeliveryState.SENT if left else DeliveryState.CANCELLED)
    shown = [one.text for one in world.channel.shown("t1") if one.signed]
    assert shown == ([TAKEN_BACK] if left else [])


@pytest.mark.parametrize("left", [True, False])
async def test_reply_of_which_nobody_knows_is_changed_where_it_may_stand(
    world: Any, *, left: bool
) -> None:
    world.channel.findable = False
    reply = await taken_back_in_flight(world, Fails(DeliveryUnknown("lost"), left=left))
    assert reply.state is DeliveryState.UNCERTAIN
    shown = [one.text for one in world.channel.shown("t1") if one.signed]
    assert shown == ([TAKEN_BACK] if left else [])
