from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from supportbot.errors import StoreUnavailable
from supportbot.model.catalog import Mode
from supportbot.model.inbound import Action, ActionKind, Sender
from supportbot.model.ticket import Handler, Status
from supportbot.orchestrator.sweep import Sweep, SweepRules
from supportbot.store import due
from supportbot.store.database import Database
from supportbot.testing import MemoryChannel, said


async def test_overdue_ticket_is_handed_off_once(world: Any, clock: Any) -> None:
    accepted = await world.hear(said("hi"))
    clock.advance(minutes=9)
    await world.sweep.hand_off_overdue()
    assert (await world.ticket(accepted.ticket)).handler is Handler.BOT
    clock.advance(minutes=2)
    await world.sweep.hand_off_overdue()
    await world.sweep.hand_off_overdue()
    ticket = await world.ticket(accepted.ticket)
    assert ticket.handler is Handler.HUMAN
    assert (await world.kinds(ticket)).count("handoff") == 1
    await world.settle()
    assert world.completer.prompts == []
    assert len(world.channel.texts("t1")) == 1


async def test_silent_ticket_is_resolved_as_assumed(world: Any, clock: Any) -> None:
    ticket = await world.ask(said("hi"))
    clock.advance(hours=23)
    await world.sweep.resolve_silent()
    assert (await world.ticket(ticket.public_id)).status is Status.PENDING
    clock.advance(hours=2)
    await world.sweep.resolve_silent()
    await world.sweep.resolve_silent()
    ticket = await world.ticket(ticket.public_id)
    assert ticket.status is Status.RESOLVED
    reasons = [e.reason for e in await world.events(ticket) if e.kind == "resolved"]
    assert reasons == ["bot_assumed"]


async def test_customer_who_came_back_and_was_answered_is_not_taken_for_silent(
    world: Any, clock: Any
) -> None:
    """The sweep reads first and locks later: the new answer has only just left."""
    ticket = await world.ask(said("hi"))
    clock.advance(hours=25)
    before = clock() - timedelta(hours=24)
    await world.ask(said("I am back"))
    await world.sweep._resolve(ticket.id, before)
    assert (await world.ticket(ticket.public_id)).status is Status.PENDING


async def test_draft_that_waits_is_not_taken_for_silence(make_world: Any, clock: Any) -> None:
    world = await make_world(mode=Mode.DRAFT)
    ticket = await world.ask(said("hi"))
    clock.advance(days=3)
    await world.sweep.resolve_silent()
    assert (await world.ticket(ticket.public_id)).status is Status.OPEN


async def test_ticket_resolved_lately_is_reopened(world: Any, clock: Any) -> None:
    first = await world.ask(said("hi"))
    await world.takeover.resolve(first.public_id, None)
    clock.advance(days=6)
    again = await world.ask(said("it came back"))
    assert again.id == first.id
    assert (again.episode_n, again.handler, again.status) == (2, Handler.BOT, Status.PENDING)
    assert (await world.kinds(again))[-2:] == ["reopened", "bot_replied"]
    assert world.channel.texts() == ["answer 1", "answer 2"]


async def test_ticket_resolved_long_ago_is_followed_by_a_linked_one(world: Any, clock: Any) -> None:
    first = await world.ask(said("hi"))
    await world.takeover.resolve(first.public_id, None)
    clock.advance(days=8)
    second = await world.ask(said("something new"))
    third = await world.ask(said("and more"))
    assert second.id != first.id
    assert third.id == second.id
    assert "linked" in await world.kinds(second)
    assert (await world.ticket(first.public_id)).status is Status.RESOLVED


async def test_lanes_are_rebuilt_from_the_tables_at_start(world: Any) -> None:
    accepted = await world.hear(said("hi"))
    await world.dispatcher.start(world.settle_ticket, world.sweep.periodic())
    await world.until(lambda: bool(world.channel.sent))
    await world.dispatcher.stop(5)
    assert not (await world.ticket(accepted.ticket)).bot_owes


async def test_tickets_are_answered_in_their_own_order_while_others_go_on(world: Any) -> None:
    await world.dispatcher.start(world.settle_ticket, world.sweep.periodic())
    for n in range(3):
        await asyncio.gather(*(world.hear(said(f"{t}{n}", thread=t)) for t in ("a", "b", "c")))
        await world.until(lambda n=n: len(world.channel.sent) == 3 * (n + 1))
    await world.dispatcher.stop(5)
    for thread in ("a", "b", "c"):
        keys = [one.key for one in world.channel.sent if one.target["to"] == thread]
        assert keys == sorted(keys)
        assert len(keys) == 3


async def test_overdue_ticket_is_handed_off_once_by_many_processes_and_restarts(
    world: Any, clock: Any, store_url: str
) -> None:
    accepted = await world.hear(said("hi"))
    clock.advance(minutes=11)
    elsewhere = [Database(store_url) for _ in range(3)]
    sweeps = [Sweep(replace(world.wiring, db=db), SweepRules(), world.rounds) for db in elsewhere]
    await asyncio.gather(*(sweep.hand_off_overdue() for sweep in sweeps))
    await Sweep(world.wiring, SweepRules(), world.rounds).hand_off_overdue()
    for db in elsewhere:
        await db.aclose()
    await world.settle()
    await world.settle()
    ticket = await world.ticket(accepted.ticket)
    assert (await world.kinds(ticket)).count("handoff") == 1
    assert len(world.channel.texts("t1")) == 1
    assert len(world.channel.texts("operators")) == 1


async def test_question_that_came_after_the_overdue_one_was_answered_is_not_handed_off(
    world: Any, clock: Any
) -> None:
    """The sweep reads first and locks later; what it read may be settled by then."""
    accepted = await world.hear(said("hi"))
    clock.advance(minutes=11)
    before = clock() - timedelta(minutes=10)
    await world.settle()
    await world.hear(said("and this?"))
    ticket = await world.ticket(accepted.ticket)
    await world.sweep._end_wait(ticket.id, before)
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW])
async def test_overdue_ticket_is_suppressed_by_name_where_nobody_would_be_told(
    make_world: Any, clock: Any, mode: Mode
) -> None:
    world = await make_world(mode=mode)
    accepted = await world.hear(said("hi"))
    clock.advance(minutes=11)
    await world.sweep.hand_off_overdue()
    await world.sweep.hand_off_overdue()
    ticket = await world.ticket(accepted.ticket)
    assert (ticket.handler, ticket.bot_owes) == (Handler.BOT, False)
    reasons = [e.reason for e in await world.events(ticket) if e.kind == "suppressed"]
    assert reasons == ["overdue"]
    await world.settle()
    assert world.channel.sent == []


async def test_customer_who_asks_for_a_person_waits_from_then_on(world: Any, clock: Any) -> None:
    await world.ask(said("hi"))
    asked_at = clock.advance(minutes=5)
    accepted = await world.hear(Action(ActionKind.ESCALATE, Sender("ada"), ("t1",)))
    assert (await world.ticket(accepted.ticket)).waiting_since == asked_at


async def test_every_periodic_job_survives_a_store_that_is_away(world: Any) -> None:
    class Away:
        def reading(self) -> Any:
            raise StoreUnavailable("away")

        writing = reading

    away: Any = Away()
    sweep = Sweep(replace(world.wiring, db=away), SweepRules(), world.rounds)
    jobs = sweep.periodic()
    for job in jobs:
        await job.run()
    names = {job.name for job in jobs}
    expected = {"wake", "overdue", "reminder", "silent", "abandoned", "waiting", "raw", "files"}
    assert names == expected | {"sign_ins", "standing"}


async def test_the_console_of_another_process_is_left_alone(make_world: Any, clock: Any) -> None:
    """`supportbot ask` answers its own question, also while the product runs."""
    console = MemoryChannel(clock, key="console:me", kind="console")
    world = await make_world(channel=console)
    await world.hear(said("from a terminal"))
    async with world.db.reading() as work:
        assert await due.owing(work, clock()) == []
