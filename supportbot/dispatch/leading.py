"""Periodic jobs that one of several processes runs at a time; another takes over when it dies."""

from __future__ import annotations

import asyncio

import structlog

from supportbot.dispatch.base import Periodic
from supportbot.dispatch.presence import Presence

_log = structlog.get_logger(__name__)
_FOLLOW_SECONDS = 1.0


async def repeat(job: Periodic, presence: Presence) -> None:
    """Run a job at once and then every so often, as long as this process leads it."""
    while True:
        if await presence.lead(job.name):
            await _run(job, presence.dropped)
            await asyncio.sleep(job.every_seconds)
        else:
            await asyncio.sleep(min(job.every_seconds, _FOLLOW_SECONDS))


async def _run(job: Periodic, dropped: asyncio.Event) -> None:
    """Run once; stop when the lead is lost, for another process may have begun."""
    running = asyncio.ensure_future(job.run())
    losing = asyncio.create_task(dropped.wait())
    try:
        await asyncio.wait({running, losing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        running.cancel()
        losing.cancel()
        await asyncio.wait({running, losing})
    if not running.cancelled() and (error := running.exception()):
        _log.error("periodic_failed", job=job.name, error=type(error).__name__)
