"""Durable lanes on PostgreSQL: procrastinate's jobs, one lock per ticket, any number of processes.

A job joins the transaction that wakes its ticket. It holds no truth: a job that is lost is found
again by the sweep. A dispatcher that is never started only wakes; other processes do the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from weakref import WeakKeyDictionary

import psycopg
import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from supportbot.dispatch.base import FOUND, News, Periodic, Settle
from supportbot.dispatch.hearing import hear
from supportbot.dispatch.leading import repeat
from supportbot.dispatch.news import Listeners
from supportbot.dispatch.patient import PatientJobs
from supportbot.dispatch.presence import Presence, watchful
from supportbot.dispatch.reaper import Reaper
from supportbot.dispatch.waking import MOST_DELAYED, announce, busy, driver_of, lock_of
from supportbot.store.unit_of_work import UnitOfWork

TASK = "supportbot.settle"
QUEUE = "tickets"

_log = structlog.get_logger(__name__)
_POLL_SECONDS = 0.25
_BEAT_SECONDS = 2.0
_RESTART_SECONDS = 0.5
_MOST_ATTEMPTS = 8
_LONGEST_WAIT_SECONDS = 60

#: Without it the burst after a quiet phase runs on the plan of an empty table, ever more slowly.
WORKER_OPTIONS = "-c plan_cache_mode=force_custom_plan"


class ProcrastinateDispatcher:
    """Fulfils `Dispatcher` with PostgreSQL; `parallel` tickets are settled here at a time."""

    def __init__(self, conninfo: str, *, parallel: int = 50, options: str = WORKER_OPTIONS) -> None:
        self._conninfo = watchful(conninfo)
        self._parallel = parallel
        self._options = options
        self._listeners = Listeners()
        self._settle: Settle | None = None
        self._presence = Presence(self._conninfo)
        self._connector = PsycopgConnector()
        self._app = App(connector=self._connector)
        self._task = self._app.task(name=TASK, queue=QUEUE, retry=_Backoff())(self._settled)
        self._jobs = PatientJobs(self._connector, self._presence)
        self._app.job_manager = self._jobs
        self._pool: AsyncConnectionPool | None = None
        self._worker: Worker | None = None
        self._working: asyncio.Task[None] | None = None
        self._aside: list[asyncio.Task[None]] = []
        self._periodic: list[asyncio.Task[None]] = []
        self._busy: WeakKeyDictionary[UnitOfWork, Mapping[str, bool]] = WeakKeyDictionary()

    async def start(self, settle: Settle, periodic: Sequence[Periodic]) -> None:
        """Begin to work; every periodic job that no other process runs, runs once at once."""
        self._settle = settle
        self._pool = AsyncConnectionPool(
            self._conninfo,
            kwargs={"options": self._options},
            min_size=1,
            max_size=4,
            timeout=5,
            reconnect_timeout=3,
            open=False,
        )
        await self._pool.open()
        await self._app.open_async(self._pool)
        reaper = Reaper(self._pool, JobManager(self._connector))
        self._working = asyncio.create_task(self._work(), name="worker")
        self._aside = [
            asyncio.create_task(hear(self._conninfo, self._listeners), name="news"),
            asyncio.create_task(reaper.run(), name="reaper"),
        ]
        self._periodic = [
            asyncio.create_task(repeat(job, self._presence), name=job.name) for job in periodic
        ]

    async def wake(
        self, work: UnitOfWork, ticket_id: int, upto: int, *, delay_seconds: float = 0.0
    ) -> None:
        """Have the ticket looked at once this transaction is committed."""
        driver = await driver_of(work)
        if upto == FOUND:
            await self._found(work, driver, ticket_id)
            return
        waiting = await announce(driver, ticket_id)
        if waiting.soon if delay_seconds <= 0 else waiting.delayed >= MOST_DELAYED:
            return
        await self._task.configure(
            lock=lock_of(ticket_id),
            connection=driver,
            # A delayed job keeps back those that were added after it, but for more urgent ones.
            priority=int(delay_seconds <= 0 and waiting.delayed > 0),
            schedule_in={"milliseconds": round(delay_seconds * 1000)}
            if delay_seconds > 0
            else None,
        ).defer_async(ticket_id=ticket_id)

    def news(self, ticket_id: int) -> AbstractContextManager[News]:
        """Listen for wake-ups of a ticket, whichever process they come from."""
        return self._listeners.listen(ticket_id)

    def problems(self) -> list[str]:
        """Name the loops that ended, and the connections that are lost at this moment."""
        if self._working is None:
            return []
        tasks = (self._working, *self._aside, *self._periodic)
        found = [f"the dispatcher's {task.get_name()} ended" for task in tasks if task.done()]
        if not self._presence.held:
            found.append("the worker is not registered: others take its tickets over")
        if not self._jobs.listening:
            found.append("the worker does not hear of new jobs: it finds them by polling")
        if not self._listeners.connected:
            found.append("news of other processes do not come in: an answer may be overtaken late")
        return found

    async def stop(self, drain_seconds: float) -> None:
        """Take no new work, let running jobs end for so long, then put them back for others."""
        await _end(self._periodic)
        if self._worker is not None:
            self._worker.shutdown_graceful_timeout = drain_seconds
            self._jobs.patient = False
        await _end([self._working] if self._working else [])
        self._working = None
        await _end(self._aside)
        await self._presence.aclose()
        if self._pool is not None:
            await self._pool.close()

    async def _settled(self, ticket_id: int) -> None:
        if self._settle is not None:
            await self._settle(ticket_id)

    async def _found(
        self, work: UnitOfWork, driver: psycopg.AsyncConnection, ticket_id: int
    ) -> None:
        """A sweep asks for many tickets in one unit of work: the queue is read once for all."""
        if work not in self._busy:
            self._busy[work] = await busy(work)
        lock, known = lock_of(ticket_id), self._busy[work]
        if known.get(lock):
            return
        # Only a more urgent job passes a delayed one.
        urgent = int(lock in known)
        await self._task.configure(lock=lock, connection=driver, priority=urgent).defer_async(
            ticket_id=ticket_id
        )

    async def _work(self) -> None:
        """Keep a worker running; one that was given up or could not begin is replaced."""
        while True:
            self._worker = self._new_worker()
            running = asyncio.create_task(self._worker.run(), name="procrastinate")  # type: ignore[no-untyped-call]  # it returns nothing
            keeping = asyncio.create_task(self._kept(self._worker), name="presence")
            try:
                await asyncio.wait({running, keeping}, return_when=asyncio.FIRST_COMPLETED)
                # Its jobs belong to others by now: they are cancelled, not waited for.
                self._worker.shutdown_graceful_timeout = 0.001
            finally:
                await _end([running])
                await _end([keeping])  # not before: a worker that drains is alive
            await asyncio.sleep(_RESTART_SECONDS)

    async def _kept(self, worker: Worker) -> None:
        await self._presence.keep()
        _log.warning("worker_given_up", worker=worker.worker_id)

    def _new_worker(self) -> Worker:
        return Worker(
            self._app,
            queues=[QUEUE],
            name="supportbot",
            concurrency=self._parallel,
            fetch_job_polling_interval=_POLL_SECONDS,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=_BEAT_SECONDS,
            stalled_worker_timeout=60,
        )


class _Backoff(BaseRetryStrategy):
    """What was cancelled goes on at once; what failed waits twice as long each time, then rests."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Decide when a job that did not end well is tried again; None makes it a dead letter."""
        if not isinstance(exception, Exception):
            return RetryDecision()
        _log.error("settle_failed", job=job.id, error=type(exception).__name__)
        if job.attempts + 1 >= _MOST_ATTEMPTS:
            return None
        wait_seconds = min(2**job.attempts, _LONGEST_WAIT_SECONDS)
        # The lowest priority: a new message must not wait for the end of the pause.
        return RetryDecision(retry_in={"seconds": wait_seconds}, priority=-1)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for task, result in zip(tasks, results, strict=True):
        if isinstance(result, Exception):
            _log.error("task_failed", task=task.get_name(), error=type(result).__name__)
