"""A database whose messages still hold what tools were asked with is upgraded, on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from supportbot.store import guards, schema, threads, tool_calls
from supportbot.store.database import Database
from supportbot.store.tables.answers import CompletionRow, ToolCallRow
from supportbot.store.tables.catalog import ChannelRow, PolicyVersionRow, ProductRow
from supportbot.store.tables.people import CustomerRow
from supportbot.store.tables.tickets import MessageBodyRow, MessageRow, TicketRow

BEFORE = "0002_durable"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ASKED = [["c1", "look", '{"order": "7"}'], ["c2", "look", "{}"]]
#: What the model wrote; the second is no JSON, so the thread had shown an empty object.
WRITTEN = {"c1": '{"order": "7"}', "c2": "order 8"}


@pytest.fixture
async def old(database_url: str) -> AsyncIterator[Database]:
    """A database of the schema before, with one round of tool calls and all guards."""
    opened = Database(database_url)
    try:
        await schema.upgrade(opened, BEFORE)
        async with opened.migrating() as connection:
            await connection.run_sync(_fill)
        yield opened
    finally:
        await opened.aclose()


def _fill(connection: Connection) -> None:
    def add(row: type[Any], **values: Any) -> None:
        connection.execute(insert(row).values(**values))

    add(ProductRow, id=1, key="shop", name="Shop")
    add(ChannelRow, id=1, kind="web", key="web:shop", created_at=AT)
    add(CustomerRow, id=1, created_at=AT)
    add(PolicyVersionRow, id=1, product_id=1, version=1, body="{}", sha256="0", created_at=AT)
    of_ticket = {"product_id": 1, "channel_id": 1, "customer_id": 1, "thread_key": "t"}
    state = {"status": "open", "handler": "bot", "last_seq": 3, "target": {}, "opened_at": AT}
    add(TicketRow, id=1, public_id="T1", **of_ticket, **state)
    call = {"endpoint": "e", "model": "m", "attempt": 1, "request_sha256": "0", "request": {}}
    spent = dict.fromkeys(("latency_ms", "tokens_in", "tokens_cached", "tokens_out"), 0)
    cost = {"tokens_reasoning": 0, "usage_estimated": False, "started_at": AT, **spent}
    known = {"ticket_id": 1, "episode_n": 1}
    add(CompletionRow, id=1, product_id=1, policy_version_id=1, **known, **call, **cost)
    asking = {"tool_calls": ASKED, "upto": 1, "round": 0}
    for seq, role, visibility, data in (
        (1, "user", "public", {"subject": "tool_calls"}),
        (2, "assistant", "internal", asking),
        (3, "assistant", "internal", {"note": True}),
    ):
        said = {"role": role, "visibility": visibility, "data": data, "author_kind": "bot"}
        add(MessageRow, id=seq, seq=seq, body_sha256="0", created_at=AT, **known, **said)
        add(MessageBodyRow, message_id=seq, body=f"message {seq}")
    for place, (call_id, written) in enumerate(WRITTEN.items()):
        named = {"call_id": call_id, "name": "look", "arguments": written, "position": place}
        facts = {"idempotency_key": call_id, "state": "done", "result": "found", "upto_seq": 1}
        add(ToolCallRow, ticket_id=1, completion_id=1, started_at=AT, **named, **facts)


async def _data(db: Database) -> list[Any]:
    async with db.reading() as work:
        query = select(MessageRow.data).order_by(MessageRow.seq)
        return list((await work.connection.execute(query)).scalars())


async def test_words_leave_the_messages_and_are_still_read(old: Database) -> None:
    before = await _data(old)
    await schema.upgrade(old)
    await schema.prepare(old)
    first, asking, other = await _data(old)
    assert asking == {**before[1], "tool_calls": [["c1", "look"], ["c2", "look"]]}
    assert [first, other] == [before[0], before[2]]
    async with old.reading() as work:
        _, whole, _ = await threads.messages(work, 1)
        one = await threads.message(work, whole.id)
    assert whole.data["tool_calls"] == ASKED
    assert one == whole


async def test_an_old_call_that_is_erased_is_gone_for_good(old: Database) -> None:
    await schema.upgrade(old)
    async with old.writing() as work:
        assert await tool_calls.erase_from(work, 1, 1, "deleted by its author", AT) == 2
    async with old.reading() as work:
        _, asking, _ = await threads.messages(work, 1)
    assert asking.data["tool_calls"] == [["c1", "look", "{}"], ["c2", "look", "{}"]]
    assert '"7"' not in str(await _data(old))


@pytest.mark.parametrize("revision", ["head", BEFORE])
async def test_messages_are_guarded_afterwards(old: Database, revision: str) -> None:
    await schema.upgrade(old)
    if revision == BEFORE:
        await schema.downgrade(old, BEFORE)
    async with old.reading() as work:
        assert await work.connection.run_sync(guards.missing_guards) == []
    with pytest.raises(DBAPIError, match="message is append-only"):
        async with old.writing() as work:
            await work.connection.execute(text("UPDATE message SET role = 'user'"))


async def test_a_downgrade_gives_the_words_back(old: Database) -> None:
    await schema.upgrade(old)
    await schema.downgrade(old, BEFORE)
    _, asking, _ = await _data(old)
    assert asking["tool_calls"] == [["c1", "look", '{"order": "7"}'], ["c2", "look", "order 8"]]
    async with old.reading() as work:
        indexes = await work.connection.run_sync(
            lambda connection: inspect(connection).get_indexes("tool_call")
        )
    assert "ix_tool_call_waiting" not in {one["name"] for one in indexes}
