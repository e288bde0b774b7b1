"""A ticket in people's hands in which nobody answers: it is listed, and operators are told once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from supportbot.model.inbound import ActionKind
from supportbot.model.violation import Deadlines, ViolationKind
from supportbot.orchestrator.sweep import Sweep, SweepRules
from supportbot.orchestrator.telling.packet import tell_reminder
from supportbot.store import violations
from supportbot.store.unit_of_work import UnitOfWork
from supportbot.testing import MemoryChannel, said
from tests.integration.orchestrator.desk import GRACE, escalated, packet, press


async def listed(world: Any) -> list[str | None]:
    async with world.db.reading() as work:
        found = await violations.listed(work, world.clock(), Deadlines(person_minutes=240))
    return [one.ticket for one in found if one.kind is ViolationKind.PERSON]


async def sweep(world: Any) -> None:
    await world.sweep.remind_people()
    await world.settle()


async def test_operators_are_reminded_once_and_the_older_packet_leads_on(
    world: Any, clock: Any
) -> None:
    ticket, notice = await escalated(world)
    await sweep(world)
    assert len(world.channel.shown("operators")) == 1
    clock.advance(hours=5)
    for _ in range(3):
        await sweep(world)
    older, reminder = world.channel.shown("operators")
    assert reminder.text.startswith(f"**Nobody answered yet**: hi `{ticket.public_id}`")
    assert "Nobody has it, and the bot stays silent" in reminder.text
    assert reminder.offers == notice.offers
    assert older.offers == ()
    assert await listed(world) == [ticket.public_id]


async def test_a_ticket_that_was_claimed_and_not_answered_is_a_violation(
    world: Any, clock: Any
) -> None:
    ticket = await world.ask(said("hi"))  # it is answered: no customer waits
    await world.takeover.take_over(ticket.public_id, None)
    assert await listed(world) == []
    clock.advance(hours=5)
    assert await listed(world) == [ticket.public_id]
    await sweep(world)
    assert len(world.channel.shown("operators")) == 1


async def test_whoever_has_it_is_named(world: Any, clock: Any) -> None:
    _, notice = await escalated(world)
    await press(world, ActionKind.CLAIM, GRACE, notice)
    clock.advance(hours=5)
    await sweep(world)
    assert "Grace has it, and the bot stays silent" in packet(world).text
    await press(world, ActionKind.REPLY, GRACE, packet(world), text="Here.")
    assert await listed(world) == []
    clock.advance(hours=5)
    await sweep(world)
    assert len(world.channel.shown("operators")) == 2


async def test_a_customer_who_writes_again_is_a_new_reason(world: Any, clock: Any) -> None:
    await escalated(world)
    clock.advance(hours=5)
    await sweep(world)
    await world.ask(said("hello?"))
    await sweep(world)
    reminders = [o for o in world.channel.shown("operators") if "Nobody answered" in o.text]
    assert len(reminders) == 2


async def test_a_returned_ticket_is_nobodys_reminder(world: Any, clock: Any) -> None:
    ticket, _ = await escalated(world)
    await world.takeover.return_to_bot(ticket.public_id, None)
    clock.advance(hours=5)
    await sweep(world)
    assert await listed(world) == []
    assert len(world.channel.shown("operators")) == 1


async def test_every_forgotten_ticket_is_reminded_of_however_many_there_are(
    make_world: Any, clock: Any
) -> None:
    world = await make_world()
    for number in range(3):
        accepted = await world.hear(said("hi", by=f"c{number}", thread=f"t{number}"))
        await world.takeover.take_over(accepted.ticket, None)
        clock.advance(seconds=1)
    clock.advance(hours=5)
    for left in (3, 2, 1, 0):
        async with world.db.reading() as work:
            found = await violations.people_awaited(work, clock(), limit=1)
            tickets = await violations.people_awaited(work, clock())
        assert (len(found), len(tickets)) == (min(left, 1), left)
        if found:
            await remind(world, found[0])


async def remind(world: Any, public_id: str) -> None:
    ticket = await world.ticket(public_id)
    async with world.db.writing() as work:
        await tell_reminder(world.wiring, work, ticket)


class Woken:
    """A dispatcher that only remembers which tickets it was woken for."""

    def __init__(self) -> None:
        self.tickets: list[int] = []

    async def wake(self, _work: UnitOfWork, ticket_id: int, _upto: int) -> None:
        self.tickets.append(ticket_id)


async def test_nobody_is_woken_where_operators_are_told_nowhere(
    make_world: Any, clock: Any
) -> None:
    world = await make_world(channel=MemoryChannel(clock, key="memory:other"))
    accepted = await world.hear(said("hi"))
    await world.takeover.take_over(accepted.ticket, None)
    await world.settle()
    clock.advance(hours=5)
    woken = Woken()
    wiring = replace(world.wiring, dispatcher=woken)
    await Sweep(wiring, SweepRules(), world.rounds).remind_people()
    assert woken.tickets == []
    assert await listed(world) == [accepted.ticket]
