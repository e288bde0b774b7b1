"""The SQLite driver keeps what SQLAlchemy expects, and keeps the loop free while SQLite waits."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from supportbot.store import sqlite
from supportbot.store.database import Database


@pytest.fixture
async def numbers(sqlite_db: Database) -> Database:
    """A database with a table of its own."""
    async with sqlite_db.writing() as work:
        await work.connection.execute(
            text("CREATE TABLE number (n INTEGER PRIMARY KEY, said TEXT)")
        )
    return sqlite_db


async def rows(db: Database) -> list[tuple[int, str]]:
    async with db.reading() as work:
        found = await work.connection.execute(text("SELECT n, said FROM number ORDER BY n"))
        return [(row.n, row.said) for row in found]


async def test_written_rows_are_read_back(numbers: Database) -> None:
    async with numbers.writing() as work:
        insert = text("INSERT INTO number VALUES (:n, :said)")
        await work.connection.execute(insert, {"n": 1, "said": "one"})
        many = [{"n": n, "said": str(n)} for n in (2, 3)]
        await work.connection.execute(insert, many)
        changed = await work.connection.execute(
            text("UPDATE number SET said = 'two' WHERE n = 2 RETURNING n, said")
        )
        assert changed.one() == (2, "two")
        gone = await work.connection.execute(text("DELETE FROM number WHERE n > 2"))
        assert gone.rowcount == 1
    assert await rows(numbers) == [(1, "one"), (2, "two")]


async def test_an_error_undoes_the_whole_transaction(numbers: Database) -> None:
    with pytest.raises(IntegrityError):  # noqa: PT012 - the transaction is what is tested
        async with numbers.writing() as work:
            await work.connection.execute(text("INSERT INTO number VALUES (1, 'one')"))
            await work.connection.execute(text("INSERT INTO number VALUES (1, 'again')"))
    assert await rows(numbers) == []
    async with numbers.writing() as work:
        await work.connection.execute(text("INSERT INTO number VALUES (1, 'after')"))
    assert await rows(numbers) == [(1, "after")]


async def test_a_reader_sees_one_moment(numbers: Database) -> None:
    count = text("SELECT count(*) FROM number")
    async with numbers.reading() as work:
        assert await work.connection.scalar(count) == 0
        async with numbers.writing() as other:
            await other.connection.execute(text("INSERT INTO number VALUES (1, 'one')"))
        assert await work.connection.scalar(count) == 0
    async with numbers.reading() as work:
        assert await work.connection.scalar(count) == 1


async def test_what_a_reader_writes_is_discarded(numbers: Database) -> None:
    async with numbers.reading() as work:
        await work.connection.execute(text("INSERT INTO number VALUES (1, 'one')"))
    assert await rows(numbers) == []


async def test_a_new_file_is_opened_although_another_process_begins_to_write_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite waits for no lock while a file gets its log: it says at once that it is busy."""
    path = tmp_path / "new.db"
    refused = 0

    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")

        def end_meanwhile(_seconds: float) -> None:
            nonlocal refused
            refused += 1
            other.execute("COMMIT")

        monkeypatch.setattr(sqlite, "sleep", end_meanwhile)
        db = Database(f"sqlite:///{path}")
        async with db.reading() as work:
            assert await work.connection.scalar(text("PRAGMA journal_mode")) == "wal"
        await db.aclose()
    assert refused == 1


async def test_the_loop_runs_while_another_process_writes(
    numbers: Database, tmp_path: Path
) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.005)
            beats += 1

    async def write() -> None:
        async with numbers.writing() as work:
            await work.connection.execute(text("INSERT INTO number VALUES (1, 'one')"))

    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        beating, writing = asyncio.create_task(beat()), asyncio.create_task(write())
        await asyncio.sleep(0.2)
        assert not writing.done()
        assert beats > 5
        other.execute("ROLLBACK")
    await writing
    beating.cancel()
    assert await rows(numbers) == [(1, "one")]


async def test_a_cancelled_writer_leaves_nothing_and_holds_nobody_up(numbers: Database) -> None:
    async def write() -> None:
        async with numbers.writing() as work:
            await work.connection.execute(text("INSERT INTO number VALUES (1, 'one')"))
            await asyncio.sleep(30)

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.05)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    async with asyncio.timeout(5), numbers.writing() as work:
        await work.connection.execute(text("INSERT INTO number VALUES (2, 'two')"))
    assert await rows(numbers) == [(2, "two")]


async def test_a_cancelled_query_harms_nobody(numbers: Database) -> None:
    slow = text(
        "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 3000000)"
        " SELECT max(n) FROM up"
    )

    async def read() -> None:
        async with numbers.reading() as work:
            await work.connection.scalar(slow)

    reading = [asyncio.create_task(read()) for _ in range(6)]
    await asyncio.sleep(0.05)
    for task in reading:
        task.cancel()
    ended = await asyncio.gather(*reading, return_exceptions=True)
    assert {type(one) for one in ended} == {asyncio.CancelledError}
    async with asyncio.timeout(5):
        assert await rows(numbers) == []


async def test_a_writer_cancelled_while_it_waits_for_the_lock_holds_nobody_up(
    numbers: Database, tmp_path: Path
) -> None:
    async def write(n: int) -> None:
        async with numbers.writing() as work:
            await work.connection.execute(text("INSERT INTO number VALUES (:n, '')"), {"n": n})

    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(write(1))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.sleep(0.1)
        other.execute("ROLLBACK")
    ended = await asyncio.gather(waiting, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError)
    async with asyncio.timeout(5):
        await write(2)
    assert await rows(numbers) == [(2, "")]
