"""The burst after a quiet phase: slow on a plan that was cached for an empty queue.

PostgreSQL caches a plan for the claim from its sixth run on. While the queue is empty that plan
reads the whole table twice; the burst that follows is then quadratic in what waits. The workers'
connections ask for a fresh plan each time. Without that this test takes minutes.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import psycopg

from supportbot.store.database import Database
from supportbot.testing.contracts.dispatcher import Settling, until

_BURST = 1200
_WARMUP = 100
_MOST_SECONDS = 12.0


async def burst(url: str, database: Database, ask: Any, start: Any) -> float:
    """Let the queue rest, then wake many tickets at once; return how long they took, in seconds."""
    settling = Settling()
    dispatcher = await start(settling, parallel=200)

    async def wake_all(first: int, count: int) -> None:
        async with database.writing() as work:
            for ticket_id in range(first, first + count):
                await dispatcher.wake(work, ticket_id, 1)

    await wake_all(1, _WARMUP)
    await until(lambda: len(settling.ended) == _WARMUP)
    while await ask("SELECT count(*) FROM procrastinate_jobs"):  # noqa: ASYNC110 - as below
        await asyncio.sleep(0.05)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("VACUUM ANALYZE procrastinate_jobs")
    await asyncio.sleep(4)  # idle workers poll, and their connections learn the plan
    await wake_all(10_000, _BURST)
    began = time.monotonic()
    async with asyncio.timeout(_MOST_SECONDS):
        while len(settling.ended) < _WARMUP + _BURST:  # noqa: ASYNC110 - the workers decide when
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_burst_after_a_quiet_phase_runs_at_full_speed(
    postgresql_url: str, database: Database, ask: Any, start: Any
) -> None:
    assert await burst(postgresql_url, database, ask, start) < _MOST_SECONDS
