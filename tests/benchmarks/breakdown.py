"""Where the processor time of an answer goes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

from tests.benchmarks.figures import Row
from tests.benchmarks.plan import Found, Plan
from tests.benchmarks.programs import profiled, under_traffic, write_bot_folder
from tests.benchmarks.swift_model import Speaking

_MS = 1000.0
_MODEL = Speaking(first_token_seconds=0.2, chunks=50)
_CUSTOMERS = 20


async def breakdown(plan: Plan, folder: Path) -> Found:
    """Sample the running program in a closed loop of 20, and divide its processor time."""
    result = folder / "samples.json"
    place = write_bot_folder(folder / "breakdown")
    async with under_traffic(profiled(result), place, _MODEL) as served:
        await served.customers.closed(served.url, 5, 1.0)
        os.kill(served.running.pid, signal.SIGUSR1)
        before = served.running.cpu_seconds()
        said = await served.customers.closed(served.url, _CUSTOMERS, plan.seconds)
        spent_ms = (served.running.cpu_seconds() - before) * _MS / len(said)
        os.kill(served.running.pid, signal.SIGUSR2)
        await _written(result)
    counted: dict[str, int] = json.loads(result.read_text(encoding="utf-8"))
    total = sum(counted.values())
    rows = [
        Row(f"of an answer's processor time: {part}", "ms", spent_ms * times / total, samples=times)
        for part, times in sorted(counted.items(), key=lambda item: -item[1])
    ]
    return Found([Row("processor time per answer, sampled", "ms", spent_ms), *rows])


async def _written(result: Path) -> None:
    async with asyncio.timeout(5):
        while not await asyncio.to_thread(_is_whole, result):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)


def _is_whole(result: Path) -> bool:
    return result.exists() and result.read_text(encoding="utf-8").endswith("}")
