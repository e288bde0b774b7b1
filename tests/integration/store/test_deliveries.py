"""Claims on deliveries: who holds one may change it, who lost it may not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from supportbot.model.delivery import (
    Audience,
    Delivery,
    DeliveryKind,
    DeliveryState,
    NewDelivery,
    Receipt,
)
from supportbot.model.inbound import Sender
from supportbot.model.ticket import Ticket
from supportbot.store import catalog, claims, customers, deliveries, due, erasure, tickets
from supportbot.store.database import Database
from supportbot.store.tables.answers import DeliveryRow
from supportbot.store.tickets import NewTicket

LEASE = timedelta(seconds=7)


@pytest.fixture
async def ticket(db: Database, clock: Any) -> Ticket:
    async with db.writing() as work:
        product = await catalog.ensure_product(work, "shop", "Shop")
        channel = await catalog.ensure_channel(work, "memory:test", "memory", clock())
        customer = await customers.ensure_customer(work, "memory", Sender("c1"), clock())
        new = NewTicket("T1", product.id, channel.id, customer, "k", None, {}, clock())
        return await tickets.open_ticket(work, new)


def new(key: str = "k1", **changes: Any) -> NewDelivery:
    fields: dict[str, Any] = {
        "key": key,
        "channel": "memory:test",
        "audience": Audience.CUSTOMER,
        "kind": DeliveryKind.REPLY,
        "target": {},
        "text": "Hello",
        **changes,
    }
    return NewDelivery(**fields)


async def seen(db: Database, key: str = "k1") -> Delivery:
    async with db.reading() as work:
        found = await deliveries.by_key(work, key)
    assert found is not None
    return found


async def add(db: Database, ticket: Ticket, at: Any, *keys: str) -> None:
    async with db.writing() as work:
        for key in keys:
            await deliveries.add(work, ticket.id, new(key), at)


async def test_claim_is_given_once_until_its_lease_ends(
    db: Database, ticket: Ticket, clock: Any
) -> None:
    await add(db, ticket, clock(), "k1")
    pending = await seen(db)
    async with db.writing() as work:
        first = await claims.claim(work, pending, clock(), clock() + LEASE)
        assert await claims.claim(work, pending, clock(), clock() + LEASE) is None
    assert first is not None
    assert await seen(db) == first
    clock.advance(seconds=6)
    async with db.writing() as work:
        assert await claims.claim(work, first, clock(), clock() + LEASE) is None
        assert await claims.renew(work, first, clock() + LEASE)
    clock.advance(seconds=6)
    async with db.writing() as work:
        assert await claims.claim(work, first, clock(), clock() + LEASE) is None
    clock.advance(seconds=1)
    async with db.writing() as work:
        second = await claims.claim(work, first, clock(), clock() + LEASE)
    assert second is not None
    assert second.attempts == 2


async def test_whoever_lost_a_claim_changes_nothing(
    db: Database, ticket: Ticket, clock: Any
) -> None:
    await add(db, ticket, clock(), "k1")
    async with db.writing() as work:
        early = await claims.claim(work, await seen(db), clock(), clock() + LEASE)
    assert early is not None
    clock.advance(seconds=8)
    async with db.writing() as work:
        late = await claims.claim(work, early, clock(), clock() + LEASE)
        assert late is not None
        assert await claims.sent(work, late, Receipt("p-2"), clock())
        until = clock() + LEASE
        error = DeliveryState.PENDING, "busy", until
        assert not await claims.renew(work, early, until)
        assert not await claims.postpone(work, early, *error)
        assert not await claims.give_up(work, early, DeliveryState.FAILED, "refused")
        assert not await claims.sent(work, early, Receipt("p-1"), clock())
        assert not await claims.postpone(work, late, *error)
    after = await seen(db)
    assert (after.state, after.provider_id) == (DeliveryState.SENT, "p-2")


async def test_delivery_that_is_begun_is_claimed_as_it_is_written(
    db: Database, ticket: Ticket, clock: Any
) -> None:
    until = clock() + LEASE
    async with db.writing() as work:
        begun = await deliveries.begin(work, ticket, new(), clock(), until)
        assert await deliveries.due(work, ticket.id, clock()) == []
    assert begun == await seen(db)
    assert begun is not None
    assert (begun.state, begun.attempts) == (DeliveryState.SENDING, 1)


async def test_delivery_behind_older_words_to_the_customer_is_not_begun(
    db: Database, ticket: Ticket, clock: Any
) -> None:
    until = clock() + LEASE
    async with db.writing() as work:
        notice = new("n", audience=Audience.OPERATORS, kind=DeliveryKind.NOTICE)
        await deliveries.add(work, ticket.id, notice, clock())
        assert await deliveries.begin(work, ticket, new("k1"), clock(), until) is not None
        assert await deliveries.begin(work, ticket, new("k2"), clock(), until) is None
    second = await seen(db, "k2")
    assert (second.state, second.attempts) == (DeliveryState.PENDING, 0)
    assert second.claimed_until is None
    async with db.reading() as work:
        assert [d.key for d in await deliveries.due(work, ticket.id, clock())] == ["n"]


async def test_delivery_of_a_moved_fence_is_cancelled_by_its_claim(
    db: Database, ticket: Ticket, clock: Any
) -> None:
    async with db.writing() as work:
        await deliveries.add(work, ticket.id, new(handler_epoch=ticket.handler_epoch), clock())
        await tickets.change(work, ticket.id, handler_epoch=ticket.handler_epoch + 1)
    pending = await seen(db)
    async with db.writing() as work:
        cancelled = await claims.claim(work, pending, clock(), clock() + LEASE)
    assert cancelled is not None
    assert cancelled.state is (await seen(db)).state is DeliveryState.CANCELLED


async def test_live_reply_holds_back_later_words_and_is_owed_only_when_interrupted(
    db: Database, ticket: Ticket, clock: Any
) -> None:
    await add(db, ticket, clock(), "k1", "k2")
    async with db.writing() as work:
        live = {"state": DeliveryState.LIVE, "next_attempt_at": clock() + LEASE}
        await work.connection.execute(
            update(DeliveryRow).where(DeliveryRow.key == "k1").values(**live)
        )
    for seconds, owing in ((6, []), (1, [ticket.id])):
        clock.advance(seconds=seconds)
        async with db.reading() as work:
            assert await deliveries.due(work, ticket.id, clock()) == []
            assert await due.owing(work, clock()) == owing
    interrupted = await seen(db)
    async with db.writing() as work:
        taken = await claims.claim(work, interrupted, clock(), clock() + LEASE)
    assert taken == replace(interrupted, attempts=1, claimed_until=clock() + LEASE)


async def test_ticket_is_not_woken_for_words_behind_one_that_waits(
    db: Database, ticket: Ticket, clock: Any
) -> None:
    await add(db, ticket, clock(), "k1", "k2")
    async with db.writing() as work:
        first = await claims.claim(work, await seen(db), clock(), clock() + LEASE)
        assert first is not None
        wait = clock() + timedelta(minutes=5)
        await claims.postpone(work, first, DeliveryState.PENDING, "busy", wait)
        assert await due.owing(work, clock()) == []
        assert await due.owing(work, wait) == [ticket.id]


async def test_names_of_a_thread_are_kept_where_they_lead_elsewhere(
    db: Database, ticket: Ticket, clock: Any
) -> None:
    async with db.writing() as work:
        channel = await catalog.ensure_channel(work, "memory:test", "memory", clock())
        other = NewTicket("T2", 1, channel.id, ticket.customer_id, "k9", None, {}, clock())
        second = await tickets.open_ticket(work, other)
        await tickets.name_thread(work, ticket.id, channel.id, ("a", "b", "a"))
        await tickets.name_thread(work, second.id, channel.id, ("b", "c"))
        owners = [
            (await tickets.find_by_thread_keys(work, channel.id, [key])) for key in ("a", "b", "c")
        ]
    assert [owner.id for owner in owners if owner] == [ticket.id, ticket.id, second.id]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_noting_what_left_does_not_wait_for_whoever_holds_the_ticket(
    db: Database, ticket: Ticket, clock: Any
) -> None:
    """They would wait for each other: the holder changes deliveries, this names its thread."""
    await add(db, ticket, clock(), "k1")
    holds = asyncio.Event()

    async def rename() -> None:
        async with db.writing() as work:
            held = await tickets.get(work, ticket.id, lock=True)
            holds.set()
            await erasure.change_subject(work, held, "Renamed")

    async with db.writing() as work:
        claimed = await claims.claim(work, await seen(db), clock(), clock() + LEASE)
    assert claimed is not None
    async with db.writing() as work:
        assert await claims.sent(work, claimed, Receipt("p1"), clock())
        renaming = asyncio.create_task(rename())
        await holds.wait()
        channel = await catalog.ensure_channel(work, "memory:test", "memory", clock())
        await tickets.name_thread(work, ticket.id, channel.id, ("p1",))
    await renaming
    assert (await seen(db)).state is DeliveryState.SENT
