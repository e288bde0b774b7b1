from __future__ import annotations

import asyncio
from typing import Any

from supportbot.completions.scripted import Turn
from supportbot.model.catalog import Mode
from supportbot.model.inbound import Sender
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.hearing.flood import FLOOD_NOTE
from supportbot.testing import said

MOST = 20


async def flooded(world: Any, messages: int, *, threads: int = 1) -> list[Ticket]:
    """Let one customer write so often at once."""
    heard = [said(f"message {n}", thread=f"t{n % threads}") for n in range(messages)]
    accepted = [await world.hear(one) for one in heard]
    return [await world.ticket(one.ticket) for one in accepted[:threads]]


async def test_flood_is_stored_told_once_and_answered_once(world: Any, clock: Any) -> None:
    (ticket,) = await flooded(world, 3 * MOST)
    await world.settle()
    assert world.channel.texts() == [FLOOD_NOTE]
    assert world.completer.prompts == []
    clock.advance(seconds=61)
    await world.settle()
    assert world.channel.texts() == [FLOOD_NOTE, "answer 1"]
    assert not (await world.ticket(ticket.public_id)).bot_owes
    asked = [m for m in await world.messages(ticket) if m.author.kind == "customer"]
    assert len(asked) == 3 * MOST
    assert (await world.kinds(ticket)).count("flooded") == 1


async def test_customer_who_never_stops_is_answered_once_a_minute(world: Any, clock: Any) -> None:
    for _ in range(5 * 60):
        await world.hear(said("more"))
        clock.advance(seconds=1)
        await world.settle()
    notes = world.channel.texts().count(FLOOD_NOTE)
    assert notes == 1
    # One for each message up to the cap, then one a minute.
    assert len(world.channel.texts()) - notes in {MOST + 3, MOST + 4}


async def test_other_customers_are_answered_at_once_while_one_floods(world: Any) -> None:
    await flooded(world, 2 * MOST)
    await world.ask(said("hi", by="bob", thread="t9", sender=Sender("c9")))
    assert world.channel.texts("t9") == ["answer 1"]


async def test_many_new_tickets_of_one_customer_come_one_after_the_other(
    world: Any, clock: Any
) -> None:
    tickets = await flooded(world, 2 * MOST, threads=2 * MOST)
    await world.settle()
    assert len(world.completer.prompts) == MOST
    clock.advance(seconds=61)
    await world.settle()
    assert len(world.completer.prompts) == MOST + 1
    clock.advance(seconds=61)
    await world.settle()
    assert len(world.completer.prompts) == 2 * MOST
    owed = [(await world.ticket(ticket.public_id)).bot_owes for ticket in tickets]
    assert not any(owed)


async def test_flood_of_a_ticket_that_people_have_is_theirs(world: Any) -> None:
    ticket = await world.ask(said("hi", thread="t0"))
    await world.takeover.take_over(ticket.public_id, None)
    await flooded(world, 2 * MOST)
    await world.settle()
    assert FLOOD_NOTE not in world.channel.texts()


async def test_flood_in_shadow_mode_is_recorded_and_nothing_is_said(make_world: Any) -> None:
    world = await make_world(mode=Mode.SHADOW)
    (ticket,) = await flooded(world, 2 * MOST)
    await world.settle()
    assert world.channel.sent == []
    assert "flooded" in await world.kinds(ticket)


async def test_flood_that_comes_at_once_is_taken_whole(world: Any) -> None:
    heard = [said(f"message {n}") for n in range(2 * MOST)]
    accepted = await asyncio.gather(*(world.hear(one) for one in heard))
    assert len({one.ticket for one in accepted}) == 1
    assert len(await world.inbounds()) == 2 * MOST


async def test_customer_who_writes_between_the_moment_and_the_answer_is_answered(
    world: Any, clock: Any
) -> None:
    await flooded(world, MOST + 1)
    await world.settle()
    answered_after = []
    for second in range(2, 601, 2):  # always just before the worker looks
        clock.advance(seconds=1.7)
        await world.hear(said("hello?"))
        clock.advance(seconds=0.3)
        prompts = len(world.completer.prompts)
        await world.settle()
        if len(world.completer.prompts) > prompts:
            answered_after.append(second)
    assert len(answered_after) in {8, 9, 10}


async def test_flood_during_an_answer_waits_its_minute(make_world: Any, clock: Any) -> None:
    thinking = asyncio.Event()
    world = await make_world([Turn("one", gate=thinking), "more", "still more"])
    ticket = await world.ticket((await world.hear(said("first", thread="t0"))).ticket)
    clock.advance(seconds=31)  # longer than a turn may be superseded
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    await flooded(world, MOST + 5, threads=1)
    told = (await world.ticket(ticket.public_id)).retry_at
    thinking.set()
    await settling
    assert told is not None
    assert (await world.ticket(ticket.public_id)).retry_at == told
    await world.settle()
    assert len(world.completer.prompts) == 1
    clock.advance(seconds=61)
    await world.settle()
    assert len(world.completer.prompts) == 2
    assert (await world.ticket(ticket.public_id)).retry_at is None
