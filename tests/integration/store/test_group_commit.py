"""Blocks that write at the same time share a commit, and still stand or fall alone."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from supportbot.errors import StoreError, StoreUnavailable
from supportbot.store.database import Database
from supportbot.store.sqlite_driver import Connection
from supportbot.store.unit_of_work import UnitOfWork

_INSERT = text("INSERT INTO number VALUES (:n)")


@pytest.fixture
async def numbers(sqlite_db: Database) -> Database:
    """A database with a table of its own."""
    async with sqlite_db.writing() as work:
        await work.connection.execute(text("CREATE TABLE number (n INTEGER PRIMARY KEY)"))
    return sqlite_db


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the thread was asked to do, in order: commits, but for a wait for the lock."""
    steps: list[str] = []
    in_thread = Connection.in_thread

    def noted(self: Connection, step: Callable[[], object]) -> asyncio.Future[object]:
        steps.append(step.__name__)
        return in_thread(self, step)

    monkeypatch.setattr(Connection, "in_thread", noted)
    return steps


async def write(db: Database, n: int, *, urgent: bool = False) -> None:
    async with db.writing(urgent=urgent) as work:
        await work.execute(_INSERT, {"n": n})


async def stored(db: Database) -> list[int]:
    async with db.reading() as work:
        rows = await work.connection.execute(text("SELECT n FROM number ORDER BY n"))
        return list(rows.scalars())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file's write lock as another process would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_many_blocks_share_few_commits(numbers: Database, commits: list[str]) -> None:
    await asyncio.gather(*(write(numbers, n) for n in range(200)))
    assert await stored(numbers) == list(range(200))
    assert 200 / 64 <= len(commits) <= 100


async def test_a_block_alone_is_committed_at_once(numbers: Database, commits: list[str]) -> None:
    await write(numbers, 1)
    assert commits == ["commit"]


async def test_a_block_returns_only_once_another_process_sees_it(
    numbers: Database, tmp_path: Path
) -> None:
    async def write_and_look(n: int) -> bool:
        await write(numbers, n)
        with closing(sqlite3.connect(tmp_path / "test.db")) as other:
            return bool(other.execute("SELECT 1 FROM number WHERE n = ?", (n,)).fetchone())

    assert all(await asyncio.gather(*(write_and_look(n) for n in range(30))))


async def test_what_follows_a_commit_runs_before_the_block_returns(numbers: Database) -> None:
    told: list[int] = []

    async def write_and_tell(n: int) -> None:
        async with numbers.writing() as work:
            await work.execute(_INSERT, {"n": n})
            work.after_commit(lambda: told.append(n))
        assert n in told

    await asyncio.gather(*(write_and_tell(n) for n in range(20)))
    assert sorted(told) == list(range(20))


@pytest.mark.parametrize("place", [0, 4, 9])
async def test_a_block_that_fails_undoes_itself_only(numbers: Database, place: int) -> None:
    told: list[int] = []

    async def write_or_fail(n: int) -> None:
        async with numbers.writing() as work:
            await work.execute(_INSERT, {"n": n})
            work.after_commit(lambda: told.append(n))
            if n == place:
                raise ValueError("broken")

    ended = await asyncio.gather(*(write_or_fail(n) for n in range(10)), return_exceptions=True)
    assert [type(one) for one in ended if one is not None] == [ValueError]
    assert await stored(numbers) == told == [n for n in range(10) if n != place]


async def test_a_taken_key_spoils_one_block(numbers: Database) -> None:
    ended = await asyncio.gather(*(write(numbers, n) for n in (1, 2, 2, 3)), return_exceptions=True)
    assert [type(one) for one in ended if one is not None] == [IntegrityError]
    assert await stored(numbers) == [1, 2, 3]


@pytest.mark.parametrize("cancelled", [1, 2], ids=["writing", "waiting"])
async def test_a_cancelled_block_holds_nobody_up(numbers: Database, cancelled: int) -> None:
    async def slow(n: int) -> None:
        async with numbers.writing() as work:
            await work.execute(_INSERT, {"n": n})
            await asyncio.sleep(0.05)

    tasks = [asyncio.create_task(slow(n)) for n in (1, 2, 3)]
    await asyncio.sleep(0.02)
    tasks[cancelled - 1].cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks, return_exceptions=True)
        await write(numbers, 4)
    assert set(await stored(numbers)) == {1, 2, 3, 4} - {cancelled}


async def test_who_is_cancelled_while_the_disk_works_is_stored(
    numbers: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_thread, began, told = Connection.in_thread, asyncio.Event(), []

    def slowly(self: Connection, step: Callable[[], object]) -> asyncio.Future[object]:
        began.set()
        in_thread(self, lambda: time.sleep(0.05))
        return in_thread(self, step)

    async def write_and_tell() -> None:
        async with numbers.writing() as work:
            await work.execute(_INSERT, {"n": 1})
            work.after_commit(lambda: told.append(1))

    monkeypatch.setattr(Connection, "in_thread", slowly)
    writing = asyncio.create_task(write_and_tell())
    await began.wait()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    async with asyncio.timeout(5):
        await write(numbers, 2)
    assert (await stored(numbers), told) == ([1, 2], [1])


async def test_a_commit_that_fails_fails_every_block_of_it(
    numbers: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    in_thread = Connection.in_thread

    def broken(self: Connection, _step: Callable[[], object]) -> asyncio.Future[object]:
        return in_thread(self, _no_disk)

    async def write_and_tell(n: int) -> None:
        async with numbers.writing() as work:
            await work.execute(_INSERT, {"n": n})
            work.after_commit(lambda: told.append(n))

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "in_thread", broken)
        ended = await asyncio.gather(*(write_and_tell(n) for n in range(8)), return_exceptions=True)
    assert {type(one) for one in ended} == {StoreUnavailable}
    assert "disk I/O error" in str(ended[0])
    assert await stored(numbers) == told == []
    await write(numbers, 1)
    assert await stored(numbers) == [1]


async def test_a_disk_that_fails_the_rollback_too_keeps_nobody_waiting(
    numbers: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_thread, raw = Connection.in_thread, Connection.raw

    class Failing:
        """The driver's connection, on a disk that takes nothing back."""

        def __init__(self, real: sqlite3.Connection) -> None:
            self._real = real

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

        def rollback(self) -> None:
            raise sqlite3.OperationalError("disk I/O error")

    def broken(self: Connection, _step: Callable[[], object]) -> asyncio.Future[object]:
        return in_thread(self, _no_disk)

    with monkeypatch.context() as patched:
        patched.setattr(Connection, "in_thread", broken)
        patched.setattr(Connection, "raw", property(lambda self: Failing(raw.fget(self))))  # type: ignore[attr-defined] # a property
        async with asyncio.timeout(5):
            ended = await asyncio.gather(
                *(write(numbers, n) for n in range(4)), return_exceptions=True
            )
    assert {type(one) for one in ended} == {StoreUnavailable}


def _no_disk() -> None:
    raise sqlite3.OperationalError("disk I/O error")


async def test_a_transaction_that_sqlite_gave_up_fails_every_block_of_it(
    numbers: Database,
) -> None:
    """As for a full disk: SQLite rolls back everything, not only the statement that failed."""

    async def write_and_lose(n: int) -> None:
        async with numbers.writing() as work:
            await work.execute(_INSERT, {"n": n})
            if n == 2:
                await work.connection.execute(text("ROLLBACK"))

    ended = await asyncio.gather(*(write_and_lose(n) for n in range(4)), return_exceptions=True)
    # The first is committed before the others come; the last begins a transaction of its own.
    lost = [type(one) is StoreUnavailable for one in ended]
    assert lost == [False, True, True, False]
    assert await stored(numbers) == [0, 3]


async def test_the_lock_of_another_process_is_waited_for(numbers: Database, tmp_path: Path) -> None:
    with locked(tmp_path / "test.db"):
        writing = [asyncio.create_task(write(numbers, n)) for n in range(3)]
        await asyncio.sleep(0.1)
        assert not any(task.done() for task in writing)
    await asyncio.gather(*writing)
    assert await stored(numbers) == [0, 1, 2]


async def test_a_block_within_a_block_is_refused(db: Database) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(StoreError, match="open in this task already"):
            async with db.writing(), db.writing():
                pass
        async with db.writing() as work:
            assert await _one(work) == 1


async def _one(work: UnitOfWork) -> int:
    return int(await work.connection.scalar(text("SELECT 1")) or 0)


async def test_acknowledged_means_on_disk(sqlite_db: Database) -> None:
    full = 2
    async with sqlite_db.writing() as work:
        assert await work.connection.scalar(text("PRAGMA synchronous")) == full
        assert await work.connection.scalar(text("PRAGMA journal_mode")) == "wal"


async def test_closing_waits_for_those_who_write(numbers: Database) -> None:
    """SQLite ends the process where a connection is closed while it is used."""

    async def write_slowly(first: int) -> None:
        async with numbers.writing() as work:
            for n in range(first, first + 500):
                await work.execute(_INSERT, {"n": n})
                await asyncio.sleep(0)

    writing = [asyncio.create_task(write_slowly(first)) for first in (0, 500, 1000)]
    await asyncio.sleep(0.01)
    await numbers.aclose()
    await asyncio.gather(*writing)
    again = Database(str(numbers.url))
    assert await stored(again) == list(range(1500))
    await again.aclose()


async def test_nobody_writes_once_it_is_closed(numbers: Database) -> None:
    await numbers.aclose()
    with pytest.raises(StoreUnavailable):
        await write(numbers, 1)


async def test_a_block_that_does_not_end_keeps_its_connection(
    numbers: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportbot.store.sqlite._CLOSING_SECONDS", 0.05)
    ended = asyncio.Event()

    async def write_for_long() -> None:
        async with numbers.writing() as work:
            await ended.wait()
            await work.execute(_INSERT, {"n": 1})

    writing = asyncio.create_task(write_for_long())
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await numbers.aclose()
    ended.set()
    await writing
    await numbers.aclose()
