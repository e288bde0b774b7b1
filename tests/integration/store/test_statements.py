"""Prepared statements give what SQLAlchemy gives, on both stores."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, NoResultFound

from supportbot.store.database import Database
from supportbot.store.tables.catalog import ChannelRow, ProductRow
from supportbot.store.tables.intake import InboundKeyRow, InboundRow

AT = datetime(2026, 3, 2, 9, 0, 0, 123_000, tzinfo=UTC)
_ADD_CHANNEL = insert(ChannelRow).returning(ChannelRow.id)
_ADD_INBOUND = insert(InboundRow).returning(InboundRow.id)
_ADD_KEYS = insert(InboundKeyRow)
_INBOUND = select(InboundRow, ChannelRow.key.label("channel")).join(
    ChannelRow, ChannelRow.id == InboundRow.channel_id
)
_KEYS = (
    select(InboundKeyRow.key)
    .where(InboundKeyRow.key.in_(bindparam("wanted", expanding=True)))
    .order_by(InboundKeyRow.key)
)
_RENAME = update(ProductRow).where(ProductRow.key == bindparam("old"))
_ADD_PRODUCT = insert(ProductRow)
_FORGET = delete(ProductRow).where(ProductRow.key == bindparam("gone"))
_PRODUCTS = select(ProductRow.key, ProductRow.name).order_by(ProductRow.key)


@pytest.fixture
async def inbound_id(db: Database) -> int:
    """An inbound with a few keys, written by prepared statements."""
    async with db.writing() as work:
        channel = {"kind": "memory", "key": "memory:test", "created_at": AT}
        channel_id = (await work.execute(_ADD_CHANNEL, channel)).scalar_one()
        values: dict[str, Any] = {
            "channel_id": channel_id,
            "raw": b"\x00raw",
            "raw_sha256": "0" * 64,
            "meta": {"from": "ümlaut"},
            "received_at": AT,
        }
        made: int = (await work.execute(_ADD_INBOUND, values)).scalar_one()
        keys = [{"channel_id": channel_id, "key": key, "inbound_id": made} for key in "abc"]
        await work.execute_many(_ADD_KEYS, keys)
        await work.execute_many(_ADD_KEYS, [])
    return made


@pytest.mark.parametrize("quick", [True, False])
async def test_rows_are_those_of_sqlalchemy(db: Database, inbound_id: int, *, quick: bool) -> None:
    async with db.reading() as work:
        ours = (await work.execute(_INBOUND, quick=quick)).one()
        theirs = (await work.connection.execute(_INBOUND)).one()
    assert tuple(ours) == tuple(theirs)
    assert ours._asdict() == theirs._asdict()
    assert (ours.id, ours.received_at, ours.meta) == (inbound_id, AT, {"from": "ümlaut"})
    assert (ours.raw, ours.attempts, ours.settled_at) == (b"\x00raw", 0, None)


@pytest.mark.usefixtures("inbound_id")
@pytest.mark.parametrize("wanted", [[], ["b"], ["c", "a", "x"]])
async def test_a_list_of_values_may_have_any_length(db: Database, wanted: list[str]) -> None:
    async with db.reading() as work:
        found = (await work.execute(_KEYS, {"wanted": wanted})).scalars()
    assert found == sorted({"a", "b", "c"} & set(wanted))


async def test_written_rows_are_counted(db: Database) -> None:
    async with db.writing() as work:
        await work.execute_many(_ADD_PRODUCT, [{"key": key, "name": key} for key in "xy"])
        renamed = await work.execute(_RENAME, {"old": "x", "name": "new"})
        missed = await work.execute(_RENAME, {"old": "z", "name": "new"})
        gone = await work.execute(_FORGET, {"gone": "y"})
    assert (renamed.rowcount, missed.rowcount, gone.rowcount) == (1, 0, 1)
    async with db.reading() as work:
        assert [tuple(row) for row in await work.execute(_PRODUCTS)] == [("x", "new")]


async def test_what_else_an_update_sets_may_differ_from_call_to_call(db: Database) -> None:
    async with db.writing() as work:
        await work.execute(_ADD_PRODUCT, {"key": "x", "name": "old"})
        await work.execute(_RENAME, {"old": "x", "name": "new"})
        await work.execute(_RENAME, {"old": "x", "key": "y"})
        assert tuple((await work.execute(_PRODUCTS)).one()) == ("y", "new")


async def test_a_taken_key_is_an_integrity_error_without_the_values(db: Database) -> None:
    async with db.writing() as work:
        await work.execute(_ADD_PRODUCT, {"key": "x", "name": "a secret"})
    with pytest.raises(IntegrityError) as refused:
        async with db.writing() as work:
            await work.execute(_ADD_PRODUCT, {"key": "x", "name": "a secret"})
    assert "secret" not in str(refused.value)


async def test_a_wrong_value_is_an_error_of_the_driver(db: Database) -> None:
    with pytest.raises(DBAPIError):
        async with db.writing() as work:
            await work.execute(_ADD_PRODUCT, {"key": "x", "name": object()})


async def test_no_row_where_one_was_expected_is_an_error(db: Database) -> None:
    async with db.reading() as work:
        nothing = await work.execute(_PRODUCTS)
    assert (nothing.first(), nothing.scalar(), nothing.all()) == (None, None, ())
    with pytest.raises(NoResultFound):
        nothing.one()


async def test_watching_tells_of_every_statement(db: Database) -> None:
    seen: list[str] = []
    with db.watched(seen.append):
        async with db.reading() as work:
            await work.execute(_PRODUCTS)
    async with db.reading() as work:
        await work.execute(_PRODUCTS)
    assert [sql.split()[0] for sql in seen] == ["BEGIN", "SELECT"]
