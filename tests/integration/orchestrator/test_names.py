"""What customers are called: learned from their channel, and never made up."""

from __future__ import annotations

from typing import Any

from supportbot.model.inbound import Introduced, Sender
from supportbot.store import details
from supportbot.testing import said

ANN = Sender("ann", "Ann")


async def name_of(world: Any, ticket: Any) -> str | None:
    async with world.db.reading() as work:
        card = await details.customer(work, ticket.customer_id)
    return card.name


async def test_name_replaces_none_and_stays(world: Any) -> None:
    ticket = await world.ask(said("hi", sender=Sender("ann")))
    assert await name_of(world, ticket) is None
    await world.ask(said("there?", sender=ANN))
    assert await name_of(world, ticket) == "Ann"
    await world.ask(said("hello?", sender=Sender("ann", "Somebody else")))
    assert await name_of(world, ticket) == "Ann"


async def test_introduction_changes_the_name(world: Any) -> None:
    ticket = await world.ask(said("hi", sender=ANN))
    await world.hear(Introduced(Sender("ann", "Ann Arbor")))
    assert await name_of(world, ticket) == "Ann Arbor"
    _, row = await world.inbounds()
    assert (row.outcome, row.raw, row.meta) == ("introduced", None, {})


async def test_introduction_of_nobody_makes_no_customer(world: Any) -> None:
    accepted = await world.hear(Introduced(ANN))
    assert accepted.suppressed == "unknown_customer"
    await world.hear(Introduced(ANN), deferred=True)
    await world.backlog.drain()
    ticket = await world.ask(said("hi", sender=Sender("ann")))
    assert await name_of(world, ticket) is None


async def test_introduction_waits_behind_the_message_it_follows(world: Any) -> None:
    await world.hear(said("hi", sender=Sender("ann")), deferred=True)
    await world.hear(Introduced(ANN), deferred=True)
    await world.backlog.drain()
    (ticket,) = await world.all_tickets()
    assert await name_of(world, ticket) == "Ann"
