"""SQLite for asyncio without a change of threads for every step.

aiosqlite makes four trips to its thread for a SELECT: open a cursor, execute, fetch, close. Each
trip costs more than the statements of an answer do, and under load each waits for the interpreter's
lock (`make bench` tells). Here only what may take long makes a trip, and one:

- the writer waits for its lock (BEGIN IMMEDIATE) and for the disk (COMMIT) in the thread; between
  them it holds the database alone, and its statements, which find rows by index, run in the loop;
- a reader's BEGIN and ROLLBACK do nothing that takes time; its queries run in the thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy import URL

_ITER_CHUNK_ROWS = 64


def connecting(url: URL, *, writes: bool) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    """Return what `create_async_engine` takes as `async_creator`.

    `writes`: for the one writer, whose transactions are short; else for readers.
    """
    arguments, options = url.get_dialect()().create_connect_args(url)
    # Two threads use a connection, but never at the same time: SQLAlchemy awaits every step.
    connector = partial(sqlite3.connect, *arguments, **{**options, "check_same_thread": False})
    kind = _Writer if writes else _Reader

    async def connect() -> aiosqlite.Connection:
        connection = kind(connector, _ITER_CHUNK_ROWS)
        connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does: a lost one must not keep the process
        return await connection

    return connect


class _Connection(aiosqlite.Connection):
    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy only enters what it is given
        return _Cursor(self, self._conn.cursor())

    def is_quick(self, sql: str) -> bool:
        """Tell whether a statement may run in the loop's thread."""
        raise NotImplementedError


class _Writer(_Connection):
    def is_quick(self, sql: str) -> bool:
        return self._conn.in_transaction and sql != "COMMIT"


class _Reader(_Connection):
    def is_quick(self, sql: str) -> bool:
        return sql == "BEGIN"

    async def rollback(self) -> None:
        self._conn.rollback()


class _Cursor(aiosqlite.Cursor):
    """Fetches all rows in the step that executes the statement, and keeps them."""

    def __init__(self, connection: _Connection, cursor: sqlite3.Cursor) -> None:
        super().__init__(connection, cursor)
        self._is_quick = connection.is_quick
        self._rows: list[Any] = []

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> _Cursor:
        if self._is_quick(sql):
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
