"""A SQLite file: one writer, whose transactions are shared, and a few readers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic, sleep

from sqlalchemy import URL, NullPool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from supportbot.errors import StoreUnavailable
from supportbot.store.group_commit import GroupCommit
from supportbot.store.held import HeldConnections
from supportbot.store.sqlite_driver import Connection, Runner, connecting
from supportbot.store.statements import Statements
from supportbot.store.unit_of_work import UnitOfWork

_READERS = 4
_READER_WAIT_SECONDS = 60.0
_BUSY_TIMEOUT_MS = 10_000
_LOOK_SECONDS = 0.01
#: Whoever writes when the database is closed has this long to end.
_CLOSING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Reader:
    connection: AsyncConnection
    raw: sqlite3.Connection
    driver: Runner

    def is_alive(self) -> bool:
        # SQLAlchemy gives up a connection whose query was cancelled: the thread may still run it.
        return not self.connection.invalidated


@dataclass(frozen=True, slots=True)
class _Writer:
    connection: AsyncConnection
    driver: Runner
    group: GroupCommit


class SqliteStore:
    """Gives transactions of a SQLite file."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._writing = _engine(url, writes=True)
        self._reading = _engine(url, writes=False)
        self.statements = Statements(self._writing.dialect)
        self._readers = HeldConnections(self._open_reader, _READERS)
        self._writer: _Writer | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    @asynccontextmanager
    async def writing(self, *, urgent: bool) -> AsyncIterator[UnitOfWork]:
        """Open a block of a shared transaction; see `GroupCommit`."""
        if self._closed:
            raise StoreUnavailable("the database was closed; nothing was stored")
        writer = self._writer or await self._open_writer()
        work = UnitOfWork(writer.connection, writer.driver, self.statements)
        async with writer.group.block(work, urgent=urgent):
            yield work

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[UnitOfWork]:
        """Open a view of one moment."""
        async with self._readers.lent(_READER_WAIT_SECONDS) as reader:
            reader.raw.execute("BEGIN")
            try:
                yield UnitOfWork(reader.connection, reader.driver, self.statements)
            finally:
                if reader.is_alive():
                    reader.raw.rollback()

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for schema changes, with foreign keys off."""
        engine = _engine(self._url, writes=True, foreign="OFF", busy_ms=_BUSY_TIMEOUT_MS)
        try:
            async with engine.connect() as connection:
                raw = await _raw(connection)
                await raw.in_thread(lambda: raw.raw.execute("BEGIN IMMEDIATE"))
                try:
                    yield connection
                except BaseException:
                    raw.raw.rollback()
                    raise
                await raw.in_thread(raw.raw.commit)
        finally:
            await engine.dispose()

    async def empty_log(self) -> bool:
        """Write all that is in the log to the file, and empty the log; False: somebody reads."""
        engine = _engine(self._url, writes=True, busy_ms=_BUSY_TIMEOUT_MS)
        try:
            async with engine.connect() as connection:
                raw = await _raw(connection)
                emptying = raw.raw.execute
                done = await raw.in_thread(
                    lambda: emptying("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                )
        finally:
            await engine.dispose()
        return not done[0]

    async def aclose(self) -> None:
        """Close all connections, the writer's once it is on disk what blocks wrote so far.

        SQLite is not asked to close a connection that is in use: that ends the process.

        Raises:
            StoreUnavailable: a block does not end; its connection is left open.
        """
        self._closed = True
        await self._readers.aclose()
        async with self._opening:
            if self._writer is not None:
                await self._writer_idle(self._writer)
                await self._writer.connection.close()
        await self._writing.dispose()
        await self._reading.dispose()

    async def _writer_idle(self, writer: _Writer) -> None:
        """Wait for all who write: an empty block behind them is stored when they are."""
        work = UnitOfWork(writer.connection, writer.driver, self.statements)
        try:
            async with asyncio.timeout(_CLOSING_SECONDS), writer.group.block(work, urgent=False):
                pass
        except TimeoutError as error:
            raise StoreUnavailable("the database is still written to") from error
        except sqlite3.Error:
            return  # those who wrote were told

    async def _open_writer(self) -> _Writer:
        async with self._opening:
            if self._writer is None:
                connection = await self._writing.connect()
                raw = await _raw(connection)
                self._writer = _Writer(connection, Runner(raw), GroupCommit(raw))
            return self._writer

    async def _open_reader(self) -> _Reader:
        connection = await self._reading.connect()
        raw = await _raw(connection)
        return _Reader(connection, raw.raw, Runner(raw))


async def _raw(connection: AsyncConnection) -> Connection:
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, Connection):
        raise TypeError(f"not opened by `connecting`: {type(driver).__name__}")
    return driver


def _engine(
    url: URL, *, writes: bool, foreign: str = "ON", busy_ms: int | None = None
) -> AsyncEngine:
    if busy_ms is None:
        # The writer tries its lock in the loop, and waits for it in the thread only.
        busy_ms = 0 if writes else _BUSY_TIMEOUT_MS

    def prepare(raw: sqlite3.Connection) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves, as the driver does not
        raw.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        _keep_a_log(raw)
        for pragma in (
            "synchronous=FULL",  # acknowledged means on disk
            f"foreign_keys={foreign}",
            "secure_delete=ON",  # what is erased or forgotten is overwritten
            "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the append-only triggers
            "mmap_size=268435456",
            f"busy_timeout={busy_ms}",
        ):
            raw.execute(f"PRAGMA {pragma}")

    creator = connecting(url, prepare, writes=writes)
    return create_async_engine(url, async_creator=creator, poolclass=NullPool)


def _keep_a_log(raw: sqlite3.Connection) -> None:
    """Turn the write-ahead log on, which is refused at once while another begins to use a new file.

    Raises:
        sqlite3.OperationalError: it is refused for too long.
    """
    until = monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or monotonic() > until:
                raise
        else:
            return
        sleep(_LOOK_SECONDS)


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
