"""The copy of a question whose words were changed or taken back, wherever it is by then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.delivery import DeliveryKind, DeliveryState
from supportbot.model.inbound import Deleted, Edited
from supportbot.orchestrator.telling.quoting import GONE
from supportbot.testing import Fails
from tests.integration.orchestrator.desk import ADA
from tests.integration.orchestrator.kept import tables_with
from tests.integration.orchestrator.test_echo import settle_all, typed

SECRET = "R0SEBUD"
BUSY = Fails(SendError("busy", permanent=False))


async def asks(world: Any) -> Any:
    await world.hear(typed(f"my PIN is {SECRET}"), "m1")
    (ticket,) = await world.all_tickets()
    return ticket


async def takes_back(world: Any) -> None:
    await world.hear(Deleted("m1", ("asked-1",)))


async def goes_on(world: Any) -> None:
    for _ in range(3):
        world.clock.advance(minutes=1)
        await world.settle()


def copies(world: Any) -> list[str]:
    """Return what the copy says where it stands."""
    return [one.text for one in world.channel.shown() if one.kind is DeliveryKind.ECHO]


async def is_sending(world: Any, ticket: Any) -> asyncio.Task[None]:
    """Let the channel be at it, until it is opened."""
    world.channel.open.clear()
    lane = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.channel.attempts) == 1)
    return lane


async def nobody_knows(world: Any, *, left: bool) -> None:
    """Let the copy's sending break off, and nobody be able to tell what became of it."""
    world.channel.findable = False
    world.channel.failures.append(Fails(DeliveryUnknown("lost"), left=left))
    ticket = await asks(world)
    await world.settle_ticket(ticket.id)
    states = [one.state for one in await world.deliveries(ticket)]
    assert DeliveryState.UNCERTAIN in states


async def test_copy_that_stands_is_emptied_in_place(world: Any) -> None:
    await asks(world)
    await settle_all(world)
    assert copies(world) == [f"my PIN is {SECRET}"]
    await takes_back(world)
    await settle_all(world)
    assert copies(world) == [GONE]
    assert await tables_with(world.db, SECRET) == set()


async def test_copy_that_waits_leaves_without_the_words(world: Any) -> None:
    """Whoever asked is told what became of it, and later words have their place below it."""
    world.channel.failures.append(BUSY)
    await asks(world)
    await settle_all(world)
    await takes_back(world)
    await goes_on(world)
    assert copies(world) == [GONE]
    (ticket,) = await world.all_tickets()
    assert ticket.target["to"].startswith("below ")
    assert not ticket.bot_owes
    assert world.retriever.questions == []
    assert await tables_with(world.db, SECRET) == set()


async def test_copy_that_is_being_sent_is_emptied_behind_it(world: Any) -> None:
    ticket = await asks(world)
    lane = await is_sending(world, ticket)
    await takes_back(world)
    world.channel.open.set()
    await lane
    assert copies(world) == [f"my PIN is {SECRET}"]
    await goes_on(world)
    assert copies(world) == [GONE]
    assert await tables_with(world.db, SECRET) == set()


async def test_copy_that_is_refused_once_its_words_are_gone_leaves_without_them(
    world: Any,
) -> None:
    world.channel.failures.append(BUSY)
    ticket = await asks(world)
    lane = await is_sending(world, ticket)
    await takes_back(world)
    world.channel.open.set()
    await lane
    await goes_on(world)
    assert world.channel.texts() == [GONE]


async def test_copy_of_which_nobody_knew_is_found_and_emptied(world: Any) -> None:
    await nobody_knows(world, left=True)
    assert copies(world) == [f"my PIN is {SECRET}"]
    await takes_back(world)
    await goes_on(world)
    assert copies(world) == [GONE]


async def test_copy_of_which_nobody_knew_and_that_never_left_stays_away(world: Any) -> None:
    await nobody_knows(world, left=False)
    await takes_back(world)
    await goes_on(world)
    assert copies(world) == []
    assert await tables_with(world.db, SECRET) == set()


@pytest.mark.parametrize("answered", [False, True])
async def test_copy_reads_as_its_question_was_changed(world: Any, *, answered: bool) -> None:
    if not answered:
        world.channel.failures.append(BUSY)
    await asks(world)
    await settle_all(world)
    await world.hear(Edited(ADA, "m1", ("asked-1",), "my PIN is lost"))
    await goes_on(world)
    assert copies(world) == ["my PIN is lost"]
    await takes_back(world)
    await goes_on(world)
    assert copies(world) == [GONE]
    assert await tables_with(world.db, "my PIN is lost") == set()


async def test_copy_is_sent_with_the_words_that_it_has_when_it_is_claimed(
    world: Any,
) -> None:
    """What is due is read before it is claimed: the words may be others by then."""
    world.channel.failures.append(BUSY)
    ticket = await asks(world)
    await settle_all(world)
    world.clock.advance(minutes=1)
    (copy,) = await world.deliveries(ticket)
    assert copy.text == f"my PIN is {SECRET}"
    await takes_back(world)
    await world.deliver._one(copy)
    assert world.channel.texts() == [GONE]
