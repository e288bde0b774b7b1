"""Finds workers that are dead or stuck, and gives their jobs to the living at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from procrastinate import exceptions
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from psycopg_pool import AsyncConnectionPool

from supportbot.dispatch.outage import Outage
from supportbot.dispatch.presence import AWAY, WORKERS

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 0.4
_STUCK_SECONDS = 6.0
_REAPER = 0x5B07_0003

_ALONE = "SELECT pg_try_advisory_xact_lock(%s, 0)"
#: The lock of a living worker cannot be had; one that is had is given back with the transaction.
_LOCKLESS = """
SELECT id, last_heartbeat < now() - make_interval(secs => %s),
       pg_try_advisory_xact_lock(%s, id::int)
FROM procrastinate_workers
"""


class Reaper:
    """Looks for dead workers in short intervals; every process has one, one acts at a time."""

    def __init__(self, pool: AsyncConnectionPool, jobs: JobManager) -> None:
        self._pool = pool
        self._jobs = jobs
        #: Without a lock at the last look. A living worker whose connection broke, as all do when
        #: the server restarts, has until the next look to take it again.
        self._suspects: frozenset[int] = frozenset()
        self._outage = Outage("reaper")

    async def run(self) -> None:
        """Look until cancelled; outlives a database that is away."""
        while True:
            try:
                await self.look()
                self._outage.ends()
            except (*AWAY, exceptions.ConnectorException) as error:
                self._outage.begins(error)
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Retry the jobs of workers that are without a lock for the second time, or stuck."""
        async with self._pool.connection() as connection:
            alone = await (await connection.execute(_ALONE, (_REAPER,))).fetchone()
            if alone is None or not alone[0]:
                self._suspects = frozenset()  # another process looks; what we saw is out of date
                return
            looked = await connection.execute(_LOCKLESS, (_STUCK_SECONDS, WORKERS))
            workers = await looked.fetchall()
            lockless = frozenset(worker for worker, _, free in workers if free)
            stuck = {worker for worker, silent, _ in workers if silent}
            # The locks of the dead stay ours until the transaction ends, after their jobs moved.
            for worker in (lockless & self._suspects) | stuck:
                await self._bury(worker)
            self._suspects = lockless
            await self._retry(await self._jobs.get_stalled_jobs(seconds_since_heartbeat=3600))

    async def _bury(self, worker: int) -> None:
        left = [*await self._jobs.list_jobs_async(worker_id=worker, status="doing")]
        _log.warning("worker_died", worker=worker, jobs=len(left))
        await self._retry(left)
        await self._jobs.unregister_worker(worker)

    async def _retry(self, left: Iterable[Job]) -> None:
        for job in left:
            await self._jobs.retry_job(job)
