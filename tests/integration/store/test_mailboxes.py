from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from supportbot.errors import NotFoundError
from supportbot.model.mailbox import MailboxCursor
from supportbot.store import mailboxes
from supportbot.store.database import Database
from supportbot.store.tables.catalog import ChannelRow

CHANNEL = "email:help@bot.example"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRST = MailboxCursor("INBOX", uidvalidity=7, last_uid=10, cut_over_at=AT)


@pytest.fixture
async def store(db: Database) -> Database:
    async with db.writing() as work:
        row = {"kind": "email", "key": CHANNEL, "created_at": AT}
        await work.connection.execute(insert(ChannelRow).values(row))
        await mailboxes.open_cursor(work, CHANNEL, FIRST)
    return db


async def cursor(db: Database) -> MailboxCursor | None:
    async with db.reading() as work:
        return await mailboxes.get_cursor(work, CHANNEL, "INBOX")


async def test_cursor_comes_back_as_it_was_opened(store: Database) -> None:
    assert await cursor(store) == FIRST
    async with store.reading() as work:
        assert await mailboxes.get_cursor(work, CHANNEL, "Other") is None
        assert await mailboxes.get_cursor(work, "email:other@bot.example", "INBOX") is None


@pytest.mark.parametrize(("uidvalidity", "uid", "last_uid"), [(7, 11, 11), (7, 9, 10), (8, 11, 10)])
async def test_cursor_moves_forward_within_its_numbering_only(
    store: Database, uidvalidity: int, uid: int, last_uid: int
) -> None:
    async with store.writing() as work:
        await mailboxes.advance_cursor(work, CHANNEL, "INBOX", uidvalidity, uid)
    found = await cursor(store)
    assert found is not None
    assert found.last_uid == last_uid


async def test_new_numbering_starts_at_zero_and_keeps_the_cut_over(store: Database) -> None:
    async with store.writing() as work:
        await mailboxes.restart_cursor(work, CHANNEL, "INBOX", 8)
    assert await cursor(store) == MailboxCursor("INBOX", 8, 0, AT)


async def test_unknown_channel_is_named(db: Database) -> None:
    async with db.writing() as work:
        with pytest.raises(NotFoundError, match="nobody"):
            await mailboxes.open_cursor(work, "email:nobody", FIRST)
