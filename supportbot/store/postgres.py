"""A PostgreSQL server: connections for writing, and others that cannot write."""

from __future__ import annotations

import select
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, TransactionStatus
from sqlalchemy import URL, NullPool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from supportbot.store.held import HeldConnections
from supportbot.store.statements import Parameters, Prepared, Rows, Statements
from supportbot.store.unit_of_work import UnitOfWork

_WRITERS = 16
_READERS = 8
#: How long a block waits for a connection before it is told to try again.
_LOAN_SECONDS = 30.0
_OPTIONS = "-c timezone=UTC -c jit=off"
#: A statement of ours takes milliseconds; one that waits this long waits for something broken.
_BOUNDED = f"{_OPTIONS} -c statement_timeout=120s -c idle_in_transaction_session_timeout=120s"
#: Acknowledged means on disk; a server that waits for more than that is left to do so.
_ON_DISK = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)
#: A server that vanished without a word is noticed after about 15 seconds.
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "5",
    "tcp_user_timeout": "15000",
}


@dataclass(frozen=True, slots=True)
class _Server:
    """One connection; runs prepared statements on it."""

    connection: AsyncConnection
    raw: psycopg.AsyncConnection[Any]

    def is_alive(self) -> bool:
        """Tell whether it is open and the server has not hung up; asks the socket only."""
        server = self.raw.pgconn
        if self.connection.invalidated or server.status != ConnStatus.OK:
            return False
        if server.transaction_status != TransactionStatus.IDLE:
            return False  # a block was cancelled, and not even rolling back went well
        # Not `select.select`, which takes no number above 1023: a busy process has more sockets.
        heard = select.poll()
        heard.register(self.raw.fileno(), select.POLLIN)
        return not heard.poll(0)

    async def run(self, prepared: Prepared, parameters: Parameters, *, quick: bool) -> Rows:  # noqa: ARG002 - the server is another process anyway
        """Run a statement once."""
        sql, arguments = prepared.asked(parameters)
        try:
            cursor = await self.raw.execute(sql, arguments)
            fetched = await cursor.fetchall() if prepared.returns_rows else ()
        except psycopg.Error as error:
            raise _as_sqlalchemy(sql, error) from error
        return Rows(prepared.rows(fetched, cursor), cursor.rowcount)

    async def run_many(self, prepared: Prepared, parameters: Sequence[Parameters]) -> None:
        """Run a statement that returns nothing for each of many rows, in one trip."""
        arguments = [prepared.asked(one)[1] for one in parameters]
        try:
            if len(arguments) == 1:
                await self.raw.execute(prepared.sql, arguments[0])
                return
            async with self.raw.cursor() as cursor:
                await cursor.executemany(prepared.sql, arguments)
        except psycopg.Error as error:
            raise _as_sqlalchemy(prepared.sql, error) from error


class PostgresStore:
    """Gives transactions of a PostgreSQL database."""

    def __init__(self, url: URL) -> None:
        patience = {key: value for key, value in _PATIENCE.items() if key not in url.query}
        self._migrating = _engine(url, {**patience, "options": _OPTIONS})
        self._engine = _engine(url, {**patience, "options": _BOUNDED})
        read_only = f"{_BOUNDED} -c default_transaction_read_only=on"
        self._read_engine = _engine(url, {**patience, "options": read_only})
        self.statements = Statements(self._engine.dialect)
        self._writers = HeldConnections(self._open_writer, _WRITERS)
        self._readers = HeldConnections(self._open_reader, _READERS)

    @asynccontextmanager
    async def writing(self, *, urgent: bool) -> AsyncIterator[UnitOfWork]:  # noqa: ARG002 - writers do not queue here
        """Open a transaction of its own."""
        async with self._writers.lent(_LOAN_SECONDS) as server:
            work = UnitOfWork(server.connection, server, self.statements)
            try:
                yield work
                await server.raw.commit()
            except BaseException:
                await _undo(server.raw)
                raise
        for callback, context in work.take_callbacks():
            context.run(callback)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[UnitOfWork]:
        """Open a connection on which every statement sees the newest state and none can write."""
        async with self._readers.lent(_LOAN_SECONDS) as server:
            yield UnitOfWork(server.connection, server, self.statements)

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for schema changes."""
        async with self._migrating.begin() as connection:
            yield connection

    async def aclose(self) -> None:
        """Close all connections."""
        await self._writers.aclose()
        await self._readers.aclose()
        await self._migrating.dispose()
        await self._engine.dispose()
        await self._read_engine.dispose()

    async def _open_writer(self) -> _Server:
        async with _kept(await self._engine.connect()) as connection:
            raw = await _raw(connection)
            await raw.execute(_ON_DISK)
            await raw.commit()
        return _Server(connection, raw)

    async def _open_reader(self) -> _Server:
        async with _kept(await self._read_engine.connect()) as connection:
            raw = await _raw(connection)
            await raw.set_autocommit(True)
        return _Server(connection, raw)


@asynccontextmanager
async def _kept(connection: AsyncConnection) -> AsyncIterator[AsyncConnection]:
    """Close a new connection that cannot be made ready."""
    try:
        yield connection
    except BaseException:
        await connection.invalidate()  # closes the socket at once; nothing is asked of the server
        await connection.close()
        raise


async def _raw(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError(f"not a connection of psycopg: {type(driver).__name__}")
    return driver


async def _undo(raw: psycopg.AsyncConnection[Any]) -> None:
    """Roll back, or close what cannot be rolled back any more."""
    try:
        await raw.rollback()
    except psycopg.Error:
        await raw.close()


def _engine(url: URL, arguments: dict[str, str]) -> AsyncEngine:
    return create_async_engine(url, poolclass=NullPool, connect_args=arguments)


def _as_sqlalchemy(sql: str, error: psycopg.Error) -> BaseException:
    return DBAPIError.instance(sql, None, error, psycopg.Error, hide_parameters=True)
