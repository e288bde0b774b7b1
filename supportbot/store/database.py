"""Connections: SQLite with one writer, or PostgreSQL; the driver is our business."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from supportbot.errors import StoreError, StoreFull, StoreUnavailable
from supportbot.store.postgres import PostgresStore
from supportbot.store.sqlite import SqliteStore
from supportbot.store.unit_of_work import UnitOfWork

#: What drivers raise when the database cannot be reached or written, or when a transaction lost
#: against another (a deadlock): all of it may be tried again.
_UNREACHABLE = (
    sqlite3.OperationalError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    OSError,
)


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
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._check_sqlite_path()
        self._store = SqliteStore(self.url) if self.is_sqlite else PostgresStore(self.url)
        #: Tasks inside a `writing` block: one that opened another would wait for itself.
        self._writers: set[asyncio.Task[Any] | None] = set()

    @property
    def path(self) -> Path | None:
        """The database file, where it is one."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @asynccontextmanager
    async def writing(self, *, urgent: bool = False) -> AsyncIterator[UnitOfWork]:
        """Open a transaction; committed at the end of the block, rolled back on an error.

        On SQLite blocks run one after the other and may share a commit, so keep them short.
        `urgent`: somebody waits for an acknowledgement; where there is one writer, it goes first.

        Raises:
            StoreUnavailable: the database cannot be reached or written; nothing was stored.
            StoreError: this task is in such a block already.
        """
        task = asyncio.current_task()
        if task in self._writers:
            raise StoreError("a transaction is open in this task already; hand on its unit of work")
        self._writers.add(task)
        try:
            with _translated(self.url):
                async with self._store.writing(urgent=urgent) as work:
                    self._begun()
                    yield work
        finally:
            self._writers.discard(task)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[UnitOfWork]:
        """Open the database for reading; whatever is written in it is discarded or refused.

        On SQLite all statements see one moment; on PostgreSQL each sees the newest state.
        """
        with _translated(self.url):
            async with self._store.reading() as work:
                self._begun()
                yield work

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for schema changes: SQLite's foreign keys are off meanwhile."""
        with _translated(self.url):
            async with self._store.migrating() as connection:
                yield connection

    async def forget_erased(self) -> bool:
        """Leave nothing of what was erased in the files of the store.

        False: on SQLite somebody reads for long; the log is emptied once nobody does. PostgreSQL
        does it by itself, when it vacuums.
        """
        with _translated(self.url):
            return not isinstance(self._store, SqliteStore) or await self._store.empty_log()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._store.aclose()

    @contextmanager
    def watched(self, watch: Callable[[str], None]) -> Iterator[None]:
        """Tell `watch` the SQL of every prepared statement, and BEGIN for every transaction.

        What SQLAlchemy runs can be watched by its own events.
        """
        self._store.statements.watch = watch
        try:
            yield
        finally:
            self._store.statements.watch = None

    def _begun(self) -> None:
        if self._store.statements.watch is not None:
            self._store.statements.watch("BEGIN")

    def _check_sqlite_path(self) -> None:
        path = self.path
        if path is None or str(path) == ":memory:":
            raise StoreError("an in-memory SQLite database cannot be shared; name a file")
        if not path.parent.is_dir():
            raise StoreUnavailable(f"{path}: the folder {path.parent} does not exist; create it")


class _translated:  # noqa: N801 - reads as a clause: `with _translated(url):`
    """Turn the driver's "cannot reach or write" errors into ours; leave programming errors be."""

    def __init__(self, url: URL) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        cause = error.orig if isinstance(error, DBAPIError) else error
        unreachable = isinstance(cause, _UNREACHABLE) or (
            # "file is not a database", a damaged page
            type(cause) is sqlite3.DatabaseError
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
            kind = StoreFull if _is_full(cause) else StoreUnavailable
            raise kind(f"database {place}: {said}. {cure}") from error


def _is_full(cause: BaseException | None) -> bool:
    """Tell a disk without room from everything else."""
    if isinstance(cause, sqlite3.OperationalError):
        # Errors of the driver itself have no code.
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
    return isinstance(cause, psycopg.errors.DiskFull)
