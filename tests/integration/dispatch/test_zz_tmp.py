"""Workers as real processes, killed with SIGKILL in the middle of a ticket."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from supportbot.dispatch.procrastinate import ProcrastinateDispatcher
from supportbot.store.database import Database
from supportbot.testing.contracts.dispatcher import until, wake

_PROGRAM = Path(__file__).parent / "worker_process.py"


class WorkerProcess:
    """One worker and what it printed, with the time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[tuple[float, str]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append((time.monotonic(), line.decode().strip()))

    def has_said(self, words: str, after: float = 0.0) -> bool:
        return any(at > after and said == words for at, said in self.said)

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self._reading


Begin = Callable[[float], Awaitable[WorkerProcess]]


@pytest.fixture
async def begin(postgresql_url: str) -> AsyncIterator[Begin]:
    """Start a worker process that holds each ticket for so many seconds."""
    begun: list[WorkerProcess] = []

    async def begin_one(hold_seconds: float) -> WorkerProcess:
        worker = WorkerProcess(
            await asyncio.create_subprocess_exec(
                sys.executable,
                _PROGRAM,
                postgresql_url,
                str(hold_seconds),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        )
        begun.append(worker)
        await until(lambda: worker.has_said("ready"))
        return worker

    yield begin_one
    for worker in begun:
        await worker.kill()


async def test_ticket_of_a_killed_worker_is_finished_by_another(
    begin: Begin, database: Database, postgresql_url: str
) -> None:
    """Within ten seconds; in truth within two."""
    stuck = await begin(60)
    await wake(ProcrastinateDispatcher(postgresql_url), database, 7)
    await until(lambda: stuck.has_said("began 7"))
    other = await begin(0)
    killed_at = time.monotonic()
    await stuck.kill()
    await until(lambda: other.has_said("ended 7"))
    taken_seconds = other.said[-1][0] - killed_at
    print("TOOK", taken_seconds)


async def test_periodic_jobs_have_one_leader_and_a_new_one_when_it_dies(begin: Begin) -> None:
    leader = await begin(0)
    await until(lambda: leader.has_said("led"))
    heir = await begin(0)
    await asyncio.sleep(1.5)
    assert not heir.has_said("led")
    await leader.kill()
    await until(lambda: heir.has_said("led"))
