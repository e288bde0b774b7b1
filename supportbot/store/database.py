"""Connections: SQLite with one writer, or PostgreSQL; the driver is our business."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from supportbot.errors import StoreError, StoreUnavailable
from supportbot.store.sqlite_driver import connecting
from supportbot.store.turns import Turns
from supportbot.store.unit_of_work import UnitOfWork

_BUSY_TIMEOUT_MS = 10_000
_READERS = 4
_READ, _WRITE = "BEGIN", "BEGIN IMMEDIATE"


def driver_url(url: str) -> URL:
    """Turn `sqlite:///path` or `postgresql://...` into the URL of the async driver.

    Raises:
        StoreError: another kind of database, or no URL at all.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"database url {url!r} cannot be read; use sqlite:///path or postgresql://..."
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise StoreError(
                f"database {other!r} is not supported; use sqlite:///path or postgresql://..."
            )


class Database:
    """Gives transactions. One per process; closed with `aclose`."""

    def __init__(self, url: str) -> None:
        self.url = driver_url(url)
        self._turns = Turns()
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._check_sqlite_path()
            self._writer = _sqlite_engine(self.url, pool_size=1, begin=_WRITE)
            self._reader = _sqlite_engine(self.url, pool_size=_READERS, begin=_READ)
        else:
            self._writer = create_async_engine(
                self.url,
                pool_size=10,
                max_overflow=10,
                pool_pre_ping=True,
                connect_args={"options": "-c timezone=UTC -c jit=off"},
            )
            self._reader = self._writer

    @property
    def path(self) -> Path | None:
        """The database file, where it is one."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @asynccontextmanager
    async def writing(self, *, urgent: bool = False) -> AsyncIterator[UnitOfWork]:
        """Open a transaction; committed at the end of the block, rolled back on an error.

        `urgent`: somebody waits for an acknowledgement; where there is one writer, it goes first.

        Raises:
            StoreUnavailable: the database cannot be reached or written; nothing was stored.
        """
        turn = self._turns.turn(urgent=urgent) if self.is_sqlite else nullcontext()
        with _translated(self.url):
            async with turn, self._writer.begin() as connection:
                work = UnitOfWork(connection)
                yield work
        work.committed()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[UnitOfWork]:
        """Open a consistent view for reading; whatever is written in it is discarded."""
        with _translated(self.url):
            async with self._reader.connect() as connection:
                yield UnitOfWork(connection)

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for schema changes: SQLite's foreign keys are off meanwhile."""
        with _translated(self.url):
            if not self.is_sqlite:
                async with self._writer.begin() as connection:
                    yield connection
                return
            engine = _sqlite_engine(self.url, pool_size=1, begin=_WRITE, foreign="OFF")
            try:
                async with engine.begin() as connection:
                    yield connection
            finally:
                await engine.dispose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    def _check_sqlite_path(self) -> None:
        path = self.path
        if path is None or str(path) == ":memory:":
            raise StoreError("an in-memory SQLite database cannot be shared; name a file")
        if not path.parent.is_dir():
            raise StoreUnavailable(f"{path}: the folder {path.parent} does not exist; create it")


def _sqlite_engine(url: URL, *, pool_size: int, begin: str, foreign: str = "ON") -> AsyncEngine:
    engine = create_async_engine(
        url,
        async_creator=connecting(url, writes=begin != _READ),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=60,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, as the driver does not
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",  # acknowledged means on disk
            f"foreign_keys={foreign}",
            "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the append-only triggers
            "mmap_size=268435456",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


class _translated:  # noqa: N801 - reads as a clause: `with _translated(url):`
    """Turn the driver's "cannot reach or write" errors into ours; leave programming errors be."""

    def __init__(self, url: URL) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        cause = error.orig if isinstance(error, DBAPIError) else error
        unreachable = (
            isinstance(error, (OperationalError, InterfaceError, PoolTimeout))
            or isinstance(cause, (sqlite3.OperationalError, OSError))
            or type(cause) is sqlite3.DatabaseError  # "file is not a database", a damaged page
        )
        if error is not None and unreachable:
            backend = self._url.get_backend_name()
            place = self._url.set(drivername=backend).render_as_string(hide_password=True)
            cure = (
                "Check that it is a database file, writable, with space left."
                if backend == "sqlite"
                else "Check that the server runs and that [database] url is right."
            )
            said = " ".join(str(cause).split())
            raise StoreUnavailable(f"database {place}: {said}. {cure}") from error
