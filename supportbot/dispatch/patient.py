"""procrastinate's job manager, for a database that goes away and comes back.

Its worker ends at the first error of a statement, and waits for all running jobs before it does.
Here a claim that fails is a claim that found nothing, and an outcome is written once it can be.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable

import structlog
from procrastinate import connector, exceptions
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback

from supportbot.dispatch.outage import Outage
from supportbot.dispatch.presence import Presence

_log = structlog.get_logger(__name__)
_PAUSE_SECONDS = 0.5
#: The vendor does not say when it listens; it fails sooner than this where it cannot.
_STEADY_SECONDS = 1.0

#: The worker's own job, and no other's: a worker that was given up finds nothing here.
_OURS = """
SELECT id FROM procrastinate_jobs
WHERE id = %(job_id)s AND worker_id = %(worker_id)s AND status = 'doing'
"""
_DONE = """
DELETE FROM procrastinate_jobs
WHERE id = %(job_id)s AND worker_id = %(worker_id)s AND status = 'doing'
"""


class PatientJobs(JobManager):
    """What one worker of ours claims and finishes jobs with."""

    def __init__(self, connector: connector.BaseConnector, presence: Presence) -> None:
        super().__init__(connector)
        self._presence = presence
        self._running: set[int] = set()
        #: A claim failed: it may have been made without our being told.
        self._doubtful = False
        #: Cleared at the end: then what cannot be written is left to the other workers.
        self.patient = True
        #: Whether new jobs are told of; else they are found by polling, a little later.
        self.listening = True
        self._outage = Outage("new jobs")

    async def register_worker(self) -> int:
        """See `Presence.register`: the row becomes visible together with its lock."""
        self._running.clear()
        return await self._presence.register()

    async def prune_stalled_workers(self, seconds_since_heartbeat: float) -> list[int]:
        """Leave that to the reaper, which gives the jobs away first."""
        del seconds_since_heartbeat
        return []

    async def unregister_worker(self, worker_id: int) -> None:
        """Delete the row of a worker that ends; the reaper does where the database is away."""
        try:
            await super().unregister_worker(worker_id)
        except exceptions.ConnectorException:
            _log.warning("worker_left_behind", worker=worker_id)

    async def update_heartbeat(self, worker_id: int) -> None:
        """Beat; a beat that is missed is made up for by the next."""
        try:
            await super().update_heartbeat(worker_id)
        except exceptions.ConnectorException:
            _log.warning("heartbeat_missed", worker=worker_id)

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Listen, again and again; what is missed meanwhile is found by polling."""
        loop = asyncio.get_running_loop()
        while True:
            steady = loop.call_later(_STEADY_SECONDS, self._listens)
            try:
                await super().listen_for_jobs(on_notification=on_notification, queues=queues)
            except (exceptions.ConnectorException, OSError) as error:
                self.listening = False
                self._outage.begins(error)
            finally:
                steady.cancel()
            await asyncio.sleep(_PAUSE_SECONDS)

    def _listens(self) -> None:
        self.listening = True
        self._outage.ends()

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Claim the next job; None where there is none or the database is away."""
        try:
            if self._doubtful:
                await self._give_back(worker_id)
            job = await super().fetch_job(queues, worker_id)
        except exceptions.ConnectorException:
            self._doubtful = True
            _log.warning("claim_failed", worker=worker_id)
            return None
        if job is not None and job.id is not None:
            self._running.add(job.id)
        return job

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 - the vendor's signature
        """Write the end of a job, if it still is this worker's."""
        if status is Status.SUCCEEDED and delete_job:
            await self._written(job, lambda: self._delete(job))
            return
        finish = super().finish_job
        await self._written(
            job, lambda: self._if_ours(job, lambda: finish(job, status, delete_job))
        )

    async def retry_job(
        self,
        job: Job,
        retry_at: dt.datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Put a job back, if it still is this worker's."""
        retry = super().retry_job
        await self._written(
            job,
            lambda: self._if_ours(job, lambda: retry(job, retry_at, priority, queue, lock)),
        )

    async def _give_back(self, worker_id: int) -> None:
        """Put back what this worker claimed and was never told of."""
        for job in await self.list_jobs_async(worker_id=worker_id, status="doing"):
            if job.id not in self._running:
                await super().retry_job(job)
        self._doubtful = False

    async def _written(self, job: Job, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await write()
                break
            except exceptions.ConnectorException:
                _log.warning("outcome_unwritten", job=job.id)
            if not self.patient:
                break
            await asyncio.sleep(_PAUSE_SECONDS)
        self._running.discard(job.id or 0)

    async def _delete(self, job: Job) -> None:
        await self.connector.execute_query_async(_DONE, job_id=job.id, worker_id=job.worker_id)

    async def _if_ours(self, job: Job, write: Callable[[], Awaitable[None]]) -> None:
        held = await self.connector.execute_query_all_async(
            _OURS, job_id=job.id, worker_id=job.worker_id
        )
        if held:
            await write()
