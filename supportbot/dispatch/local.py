"""In-process lanes: one per ticket, rebuilt from the tables by the periodic jobs at start.

For one process with SQLite (or a small PostgreSQL). Lanes hold no truth: a wake-up that is lost is
found again by the sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager

import structlog

from supportbot.dispatch.base import FOUND, News, Periodic, Settle
from supportbot.dispatch.news import Listeners
from supportbot.store.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)


class LocalDispatcher:
    """Runs lanes as tasks of the running loop; at most `parallel` work at the same time."""

    def __init__(self, *, parallel: int = 50) -> None:
        self._gate = asyncio.Semaphore(parallel)
        self._listeners = Listeners()
        self._settle: Settle | None = None
        self._woken: set[int] = set()
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._periodic: list[asyncio.Task[None]] = []

    async def start(self, settle: Settle, periodic: Sequence[Periodic]) -> None:
        """Begin to work; every periodic job runs once at once."""
        self._settle = settle
        self._periodic = [asyncio.create_task(_repeat(job), name=job.name) for job in periodic]

    async def wake(
        self,
        work: UnitOfWork,
        ticket_id: int,
        upto: int,
        *,
        delay_seconds: float = 0.0,
    ) -> None:
        """Have the ticket looked at once this transaction is committed."""
        if upto == FOUND and ticket_id in self._lanes:
            return
        work.after_commit(lambda: self._woken_up(ticket_id, delay_seconds))

    def news(self, ticket_id: int) -> AbstractContextManager[News]:
        """Listen for wake-ups of a ticket; every one of this process is told."""
        return self._listeners.listen(ticket_id)

    def problems(self) -> list[str]:
        """Name the periodic jobs that ended: without them nothing is found again that got lost."""
        if self._settle is None:
            return []
        ended = (job.get_name() for job in self._periodic if job.done())
        return [f"the periodic job {name} ended" for name in ended]

    async def stop(self, drain_seconds: float) -> None:
        """Stop periodic jobs, let running lanes end for so long, then cancel them."""
        self._settle = None
        await _end(self._periodic)
        lanes = list(self._lanes.values())
        if lanes:
            await asyncio.wait(lanes, timeout=drain_seconds)
        await _end(lanes)

    def _woken_up(self, ticket_id: int, delay_seconds: float) -> None:
        self._listeners.tell(ticket_id)
        if delay_seconds > 0:
            asyncio.get_running_loop().call_later(delay_seconds, self._arm, ticket_id)
        else:
            self._arm(ticket_id)

    def _arm(self, ticket_id: int) -> None:
        if self._settle is None:
            return
        self._woken.add(ticket_id)
        if ticket_id not in self._lanes:
            lane = asyncio.create_task(self._run_lane(ticket_id), name=f"ticket-{ticket_id}")
            self._lanes[ticket_id] = lane

    async def _run_lane(self, ticket_id: int) -> None:
        try:
            while ticket_id in self._woken and self._settle is not None:
                async with self._gate:
                    self._woken.discard(ticket_id)
                    await self._settle(ticket_id)
        finally:
            del self._lanes[ticket_id]


async def _repeat(job: Periodic) -> None:
    while True:
        await job.run()
        await asyncio.sleep(job.every_seconds)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for task, result in zip(tasks, results, strict=True):
        if isinstance(result, Exception):
            _log.error("task_failed", task=task.get_name(), error=type(result).__name__)
