"""Lists of the inbox, on both stores. Views and counts are tested through the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from supportbot.model.inbound import Sender
from supportbot.store import catalog, customers, inbox, tickets
from supportbot.store.database import Database
from supportbot.store.inbox import InboxQuery, InboxView
from supportbot.store.tickets import NewTicket

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
async def busy(db: Database) -> Database:
    """Seven tickets; of each pair opened in one moment, one belongs to another product."""
    async with db.writing() as work:
        products = [await catalog.ensure_product(work, key, key.title()) for key in ("a", "b")]
        channel = await catalog.ensure_channel(work, "web:a", "web", AT)
        who = await customers.ensure_customer(work, "web", Sender("v1", "Cora"), AT)
        for n in range(7):
            at = AT + timedelta(minutes=n // 2)
            new = NewTicket(
                public_id=f"{n:026}",
                product_id=products[n % 2].id,
                channel_id=channel.id,
                customer_id=who,
                thread_key=str(n),
                subject=f"S{n}",
                target={},
                opened_at=at,
            )
            ticket = await tickets.open_ticket(work, new)
            await tickets.change(work, ticket.id, waiting_since=at)
    return db


async def subjects(db: Database, view: InboxView, product: str | None = None) -> list[str | None]:
    """Walk through all pages of a view, two tickets at a time."""
    found: list[str | None] = []
    after: str | None = None
    while True:
        async with db.reading() as work:
            page = await inbox.page(work, InboxQuery(view, product, after, limit=2))
        found += [row.subject for row in page.rows]
        if page.next_after is None:
            return found
        after = page.next_after


async def test_queue_is_walked_without_gap_or_repeat(busy: Database) -> None:
    assert await subjects(busy, InboxView.WAITING) == [f"S{n}" for n in range(7)]
    assert await subjects(busy, InboxView.WAITING, "b") == ["S1", "S3", "S5"]


async def test_other_views_show_the_newest_ticket_first(busy: Database) -> None:
    assert await subjects(busy, InboxView.OPEN) == [f"S{n}" for n in range(6, -1, -1)]


@pytest.mark.parametrize("after", ["", "x", "1", ".", "1.2.3", "9" * 30 + ".1", "-1.1", "٣.٣"])
async def test_unreadable_cursor_begins_at_the_start(busy: Database, after: str) -> None:
    async with busy.reading() as work:
        page = await inbox.page(work, InboxQuery(InboxView.WAITING, after=after, limit=1))
    assert [row.subject for row in page.rows] == ["S0"]


async def test_counts_follow_the_product(busy: Database) -> None:
    async with busy.reading() as work:
        assert (await inbox.counts(work))[InboxView.WAITING] == 7
        assert (await inbox.counts(work, "b"))[InboxView.WAITING] == 3
        assert (await inbox.counts(work, "b"))[InboxView.RESOLVED] == 0
