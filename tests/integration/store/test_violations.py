"""What is listed as overdue, when, and how cheaply it is found among very many tickets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from supportbot.model.catalog import Mode
from supportbot.model.delivery import (
    Audience,
    DeliveryKind,
    DeliveryState,
    NewDelivery,
)
from supportbot.model.draft import DraftState
from supportbot.model.inbound import Inbound, Sender
from supportbot.model.message import NewMessage, Role
from supportbot.model.policy import CompiledPolicy
from supportbot.model.ticket import (
    SYSTEM,
    Actor,
    ActorKind,
    EventKind,
    Handler,
    Status,
    Ticket,
)
from supportbot.model.violation import Deadlines, ViolationKind
from supportbot.store import (
    catalog,
    claims,
    customers,
    deliveries,
    drafts,
    due,
    inbound,
    threads,
    tickets,
    violations,
)
from supportbot.store.database import Database
from supportbot.store.drafts import NewDraft
from supportbot.store.tables.tickets import TicketRow
from supportbot.store.threads import NewEvent
from supportbot.store.tickets import NewTicket
from supportbot.store.unit_of_work import UnitOfWork

POLICY = CompiledPolicy("shop", "Shop", Mode.DRAFT, "Be kind.", "a" * 64, "{}")
DEADLINES = Deadlines(
    answer_minutes=10,
    draft_minutes=20,
    inbound_minutes=5,
    delivery_minutes=15,
    person_minutes=30,
)


async def opened(work: UnitOfWork, at: datetime) -> Ticket:
    product = await catalog.ensure_product(work, "shop", "Shop")
    channel = await catalog.ensure_channel(work, "memory:test", "memory", at)
    customer = await customers.ensure_customer(work, "memory", Sender("c1"), at)
    new = NewTicket("T1", product.id, channel.id, customer, "k", None, {}, at)
    return await tickets.open_ticket(work, new)


async def asks(work: UnitOfWork, ticket: Ticket, at: datetime) -> None:
    author = Actor(ActorKind.CUSTOMER, ticket.customer_id)
    said = await threads.append_message(work, ticket.id, NewMessage(Role.USER, author, "hi"), at)
    await tickets.change(work, ticket.id, asked_seq=said.seq, waiting_since=at)


async def drafted(work: UnitOfWork, ticket: Ticket, at: datetime) -> None:
    version = await catalog.publish_policy(
        work, await catalog.ensure_product(work, "shop", "Shop"), POLICY, at
    )
    new = NewDraft(1, "Hello", DraftState.OPEN, version, None, None)
    await drafts.add(work, ticket, new, at)


async def arrives(work: UnitOfWork, ticket: Ticket, at: datetime) -> None:
    await inbound.add(work, 1, Inbound("memory:test", ("k",), b"raw", {}, at, deferred=True))
    del ticket


async def is_sent(work: UnitOfWork, ticket: Ticket, at: datetime) -> None:
    new = NewDelivery("d", "memory:test", Audience.CUSTOMER, DeliveryKind.REPLY, {}, text="Hello")
    await deliveries.add(work, ticket.id, new, at)


async def is_handed_off(work: UnitOfWork, ticket: Ticket, at: datetime) -> None:
    await tickets.change(work, ticket.id, handler=Handler.HUMAN, waiting_since=at)


async def gets_lost(work: UnitOfWork, ticket: Ticket, at: datetime) -> None:
    event = NewEvent(EventKind.DELIVERY_UNCERTAIN, SYSTEM)
    await threads.append_events(work, ticket, [event], at)


CASES = [
    (asks, ViolationKind.ANSWER, 10),
    (drafted, ViolationKind.DRAFT, 20),
    (arrives, ViolationKind.INBOUND, 5),
    (is_sent, ViolationKind.DELIVERY, 15),
    (is_handed_off, ViolationKind.PERSON, 30),
    (gets_lost, ViolationKind.UNCERTAIN, 0),
]


@pytest.mark.parametrize(("happens", "kind", "minutes"), CASES)
async def test_what_waits_is_listed_from_its_deadline_on(
    db: Database, clock: Any, happens: Any, kind: ViolationKind, minutes: int
) -> None:
    since = clock()
    async with db.writing() as work:
        await happens(work, await opened(work, since), since)
    clock.advance(minutes=minutes, seconds=-1)
    async with db.reading() as work:
        assert await violations.listed(work, clock(), DEADLINES) == []
    clock.advance(seconds=2)
    async with db.reading() as work:
        (found,) = await violations.listed(work, clock(), DEADLINES)
        counts = await violations.counts(work, clock(), DEADLINES)
    assert (found.kind, found.since) == (kind, since)
    assert found.deadline == since + timedelta(minutes=minutes)
    assert found.ticket == (None if kind is ViolationKind.INBOUND else "T1")
    assert counts == {**dict.fromkeys(ViolationKind, 0), kind: 1}
    assert found.kind.what_happens


async def test_what_found_its_end_is_not_listed(db: Database, clock: Any) -> None:
    at = clock()
    async with db.writing() as work:
        ticket = await opened(work, at)
        for happens, _, _ in CASES:
            await happens(work, ticket, at)
        await drafts.discard_stale(work, ticket.id, at)
        delivery = await deliveries.by_key(work, "d")
        assert delivery is not None
        await claims.give_up(work, delivery, DeliveryState.FAILED, "refused")
        await inbound.settle(work, 1, inbound.Outcome("message"), at)
        looked = NewEvent(EventKind.HUMAN_REPLIED, Actor(ActorKind.OPERATOR, None))
        await threads.append_events(work, ticket, [looked], at)
        pending = {"status": Status.PENDING, "waiting_since": None}
        await tickets.change(work, ticket.id, **pending)
    clock.advance(days=9)
    async with db.reading() as work:
        assert await violations.listed(work, clock(), DEADLINES) == []


async def test_the_longest_wait_comes_first(db: Database, clock: Any) -> None:
    async with db.writing() as work:
        ticket = await opened(work, clock())
        for happens, _, _ in reversed(CASES):
            await happens(work, ticket, clock())
            clock.advance(minutes=1)
    clock.advance(days=1)
    async with db.reading() as work:
        found = await violations.listed(work, clock(), DEADLINES)
    assert [one.since for one in found] == sorted(one.since for one in found)
    # What a person holds is not the bot's to answer.
    assert {one.kind for one in found} == set(ViolationKind) - {ViolationKind.ANSWER}


async def _many(work: UnitOfWork, at: datetime) -> None:
    """Fill the store with 10,000 tickets that wait for their customers, as most do."""
    ticket = await opened(work, at)
    rows = [
        {
            "public_id": f"M{n}",
            "product_id": 1,
            "channel_id": 1,
            "customer_id": ticket.customer_id,
            "thread_key": f"m{n}",
            "target": {},
            "status": Status.RESOLVED if n % 10 else Status.PENDING,
            "handler": Handler.BOT,
            "opened_at": at,
            "last_message_at": at,
        }
        for n in range(10_000)
    ]
    await work.connection.execute(insert(TicketRow), rows)


async def _plan(db: Database, work: UnitOfWork, query: Any) -> str:
    """Return how the store would run a query, one step a line."""
    dialect = work.connection.dialect
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    sql = str(compiled).replace("%%", "%").replace(":", "\\:")
    explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "
    rows = await work.connection.execute(text(explain + sql))
    return "\n".join(str(row[3 if db.is_sqlite else 0]) for row in rows)


@pytest.mark.parametrize("name", ["owing", "overdue", "silent", "violations"])
async def test_sweeps_never_read_all_tickets(db: Database, clock: Any, name: str) -> None:
    async with db.writing() as work:
        await _many(work, clock())
    async with db.writing() as work:
        await work.connection.execute(text("ANALYZE"))
    now = {"now": clock(), "before": clock(), "most": 1000}
    queries = {
        "owing": due._OWING,
        "overdue": due._OVERDUE.order_by(TicketRow.id).limit(100),
        "silent": due._SILENT.limit(100),
        "violations": violations._overdue(clock(), DEADLINES),
    }
    query = queries[name]
    given = {key: value for key, value in now.items() if key in query.compile().params}
    async with db.reading() as work:
        plan = await _plan(db, work, query.params(**given))
    whole_tables = [
        line
        for line in plan.splitlines()
        if line.strip(" ->").startswith(("Seq Scan on ticket", "SCAN ticket"))
        and "INDEX" not in line
        and "ticket_event" not in line
    ]
    assert whole_tables == [], plan
