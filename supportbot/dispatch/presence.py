"""One connection whose locks say that this process is alive, and which periodic jobs it runs.

PostgreSQL frees the locks the moment the process is gone, however it went. A worker's row and its
lock become visible together, so whoever finds a row without a lock knows that its worker is dead.
"""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from procrastinate import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from supportbot.dispatch.outage import Outage
from supportbot.errors import StoreUnavailable

#: First half of the advisory lock keys; the second is a worker's number or a job's name.
WORKERS, LEADERS = 0x5B07_0001, 0x5B07_0002

_WATCHFUL = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 5,
    "tcp_user_timeout": 15_000,
}

#: What says that the database is away.
AWAY = (psycopg.Error, OSError, TimeoutError, StoreUnavailable)

_LOOK_SECONDS = 0.5
_RECONNECT_SECONDS = 0.1
_ANSWER_SECONDS = 5.0

_LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
_LEAD = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
#: Also beats: procrastinate's own heart stops when a worker begins to drain.
_BEAT = "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %s RETURNING true"


def watchful(conninfo: str) -> str:
    """Add that a server which vanished without a word is noticed within about 15 seconds."""
    return make_conninfo("", **{**_WATCHFUL, **conninfo_to_dict(conninfo)})


class Presence:
    """Holds the locks of one process; a lost connection is opened again, the locks taken again."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection | None = None
        self._opening = asyncio.Lock()
        self._worker: int | None = None
        self._registered = asyncio.Event()
        self._locked = False
        self._led: set[str] = set()
        self._outage = Outage("presence")
        #: Set when the connection is lost, and with it whatever was led; then replaced.
        self.dropped = asyncio.Event()

    @property
    def held(self) -> bool:
        """Whether others can see that this process's worker is alive."""
        return self._registered.is_set() and self._locked

    async def register(self) -> int:
        """Make a worker's row and hold its lock; return its number.

        Raises:
            StoreUnavailable: the database is away.
        """
        try:
            connection = await self._open()
            async with asyncio.timeout(_ANSWER_SECONDS), connection.transaction():
                worker = int(await self._ask(sql.queries["register_worker"]))
                self._locked = bool(await self._ask(_LOCK, WORKERS, worker))
        except AWAY as error:
            await self._drop()
            raise StoreUnavailable(f"no worker can be registered: {error}") from error
        self._worker = worker
        self._registered.set()
        return worker

    async def keep(self) -> None:
        """Stay alive; return when others gave this process's worker up and took its jobs over."""
        try:
            await self._registered.wait()
            known = True
            while known:
                await asyncio.sleep(_LOOK_SECONDS if self._connection else _RECONNECT_SECONDS)
                known = await self._still_known()
        finally:
            self._registered.clear()

    async def lead(self, name: str) -> bool:
        """Tell whether this process is the one that runs that periodic job now."""
        if name in self._led:
            return True
        try:
            await self._open()
            async with asyncio.timeout(_ANSWER_SECONDS):
                won = bool(await self._ask(_LEAD, LEADERS, name))
        except AWAY:
            await self._drop()
            return False
        if won:
            self._led.add(name)
        return won

    async def aclose(self) -> None:
        """Let go of everything."""
        self._worker = None
        await self._drop()

    async def _still_known(self) -> bool:
        """While the database is away nobody can give us up, so the worker goes on."""
        try:
            await self._open()
            async with asyncio.timeout(_ANSWER_SECONDS):
                if not self._locked:
                    # Refused while somebody looks whether we are dead, or while the server has
                    # not noticed the end of our last connection: it is asked again next time.
                    self._locked = bool(await self._ask(_LOCK, WORKERS, self._worker))
                known = bool(await self._ask(_BEAT, self._worker))
        except AWAY as error:
            self._outage.begins(error)
            await self._drop()
            return True
        self._outage.ends()
        return known

    async def _open(self) -> psycopg.AsyncConnection:
        async with self._opening:
            if self._connection is None:
                # A heartbeat that a crash of the server loses is beaten again.
                self._connection = await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True, options="-c synchronous_commit=off"
                )
            return self._connection

    async def _ask(self, query: str, *values: object) -> Any:
        if self._connection is None:
            raise StoreUnavailable("the connection was lost")
        answer = await self._connection.execute(query.encode(), values or None)
        row = await answer.fetchone()
        return row[0] if row else None

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._locked = False
        self._led.clear()
        self.dropped.set()
        self.dropped = asyncio.Event()
        if connection is not None:
            await connection.close()
