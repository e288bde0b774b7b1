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
from supportbot.testing.contracts.dispatcher import Settling

_TICKETS = 800
#: Without the setting it is more than ten times as long; this much is for a machine that is busy.
_MOST_TIMES_AS_LONG = 4


async def test_burst_after_a_quiet_phase_is_as_fast_as_one_before(
    postgresql_url: str, database: Database, ask: Any, start: Any
) -> None:
    settling = Settling()
    dispatcher = await start(settling, parallel=200)

    async def burst(first: int, most_seconds: float) -> float:
        """Wake many tickets at once; return how long they took, in seconds."""
        before = len(settling.ended)
        async with database.writing() as work:
            for ticket_id in range(first, first + _TICKETS):
                await dispatcher.wake(work, ticket_id, 1)
        began = time.monotonic()
        async with asyncio.timeout(most_seconds):
            while len(settling.ended) < before + _TICKETS:  # noqa: ASYNC110 - the workers decide when
                await asyncio.sleep(0.02)
        return time.monotonic() - began

    before_seconds = await burst(1, 60)
    while await ask("SELECT count(*) FROM procrastinate_jobs"):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    async with await psycopg.AsyncConnection.connect(postgresql_url, autocommit=True) as connection:
        await connection.execute("VACUUM ANALYZE procrastinate_jobs")
    await asyncio.sleep(4)  # idle workers poll, and their connections learn the plan
    await burst(10_000, _MOST_TIMES_AS_LONG * before_seconds + 1)
