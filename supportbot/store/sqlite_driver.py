"""SQLite for asyncio without a change of threads for every step.

aiosqlite makes four trips to its thread for a SELECT: open a cursor, execute, fetch, close. Each
trip costs more than the statements of an answer do, and under load each waits for the interpreter's
lock (`make bench` tells). Here only what may take long makes a trip, and one:

- prepared statements (`UnitOfWork.execute`) find rows by index and run in the loop;
- what SQLAlchemy executes for a reader (reports, search) runs in the thread;
- the writer waits for another process's lock and for the disk (COMMIT) in the thread; between them
  it holds the database alone, and all its statements run in the loop.

SQLAlchemy is told nothing of transactions: its COMMIT and ROLLBACK do nothing, ours do.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from supportbot.store.statements import Parameters, Prepared, Rows

_ITER_CHUNK_ROWS = 64
_T = TypeVar("_T")


def connecting(
    url: URL, prepare: Callable[[sqlite3.Connection], None], *, writes: bool
) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    """Return what `create_async_engine` takes as `async_creator`.

    `prepare` makes a new connection ready, in its thread, where it may wait.
    `writes`: for the one writer, whose transactions are short; else for readers.
    """
    arguments, options = url.get_dialect()().create_connect_args(url)

    # Two threads use a connection, but never at the same time: SQLAlchemy awaits every step.
    opened = partial(sqlite3.connect, *arguments, **{**options, "check_same_thread": False})

    def connector() -> sqlite3.Connection:
        raw = opened()
        try:
            prepare(raw)
        except BaseException:
            raw.close()
            raise
        return raw

    async def connect() -> aiosqlite.Connection:
        connection = Connection(connector, in_loop=writes)
        connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does: a lost one must not keep the process
        try:
            return await connection
        except sqlite3.Error:
            # The thread tells this loop that it ends, so the loop must not be closed before.
            await asyncio.to_thread(connection._thread.join)  # noqa: SLF001 - aiosqlite only asks it to end
            raise

    return connect


class Connection(aiosqlite.Connection):
    """A connection whose transactions are begun and ended by `raw`, by us alone."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], *, in_loop: bool) -> None:
        super().__init__(connector, _ITER_CHUNK_ROWS)
        self._in_loop = in_loop

    @property
    def raw(self) -> sqlite3.Connection:
        """The driver's own connection."""
        return self._conn

    def in_thread(self, step: Callable[[], _T]) -> asyncio.Future[_T]:
        """Begin a step that may take long; it goes on if whoever waits for it is cancelled."""
        done: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((done, step))  # not a task, which would be cancelled with all others
        return done

    def is_quick(self) -> bool:
        """Tell whether SQLAlchemy's statements run in the loop's thread."""
        return self._in_loop and self._conn.in_transaction

    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy only enters what it is given
        """Open a cursor, at once."""
        return _Cursor(self, self._conn.cursor())

    async def commit(self) -> None:
        """Do nothing: we commit."""

    async def rollback(self) -> None:
        """Do nothing: we roll back."""


class _Cursor(aiosqlite.Cursor):
    """Fetches all rows in the step that executes the statement, and keeps them."""

    def __init__(self, connection: Connection, cursor: sqlite3.Cursor) -> None:
        super().__init__(connection, cursor)
        self._is_quick = connection.is_quick
        self._rows: list[Any] = []

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> _Cursor:
        if self._is_quick():
            self._rows = self._run(sql, parameters or ())
        else:
            self._rows = await self._execute(self._run, sql, parameters or ())  # type: ignore[no-untyped-call] # aiosqlite's own is untyped
        return self

    def _run(self, sql: str, parameters: Any) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchall()

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._cursor.close()


class Runner:
    """Runs prepared statements, the quick ones at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._raw = connection.raw

    async def run(self, prepared: Prepared, parameters: Parameters, *, quick: bool) -> Rows:
        """Run a statement once."""
        sql, arguments = prepared.asked(parameters)
        try:
            if quick:
                cursor = self._raw.execute(sql, arguments)
                fetched = cursor.fetchall()
            else:
                cursor, fetched = await self._in_thread(sql, arguments)
        except sqlite3.Error as error:
            raise _as_sqlalchemy(sql, error) from error
        return Rows(prepared.rows(fetched, cursor), cursor.rowcount)

    async def _in_thread(self, sql: str, arguments: Any) -> tuple[sqlite3.Cursor, list[Any]]:
        def fetch() -> tuple[sqlite3.Cursor, list[Any]]:
            cursor = self._raw.execute(sql, arguments)
            return cursor, cursor.fetchall()

        running = self._connection.in_thread(fetch)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._raw.interrupt()
            await asyncio.wait([running])  # the connection is free again only then
            raise

    async def run_many(self, prepared: Prepared, parameters: Sequence[Parameters]) -> None:
        """Run a statement that returns nothing for each of many rows."""
        try:
            self._raw.executemany(prepared.sql, [prepared.asked(one)[1] for one in parameters])
        except sqlite3.Error as error:
            raise _as_sqlalchemy(prepared.sql, error) from error


def _as_sqlalchemy(sql: str, error: sqlite3.Error) -> BaseException:
    return DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True)
