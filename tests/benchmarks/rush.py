"""Many at once: 500 conversations within two seconds, and 1,000 calls of the model in flight."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.figures import Row, latency_rows
from tests.benchmarks.plan import Found, Plan
from tests.benchmarks.programs import (
    Make,
    bare_script,
    supportbot,
    under_traffic,
    write_bot_folder,
)
from tests.benchmarks.swift_model import Speaking
from tests.benchmarks.traffic import Watched

_MS = 1000.0
_CONVERSATIONS, _WITHIN_SECONDS = 500, 2.0
_RUSHED = Speaking(first_token_seconds=0.2, chunks=50)
_IN_FLIGHT, _STARTED_PER_SECOND = 1000, 100.0
_SLOW = Speaking(first_token_seconds=25.0, chunks=50)


async def rush(plan: Plan, folder: Path) -> Found:
    """Start 500 conversations within 2 s; what is added is all but the model's own time."""
    del plan
    place = write_bot_folder(folder / "rush", parallel=_CONVERSATIONS)
    ours, our_wrong = await _rushed(supportbot, place)
    bare, bare_wrong = await _rushed(bare_script, place)
    rows = latency_rows(
        f"{_CONVERSATIONS} conversations in {_WITHIN_SECONDS:g} s, added latency",
        _added(ours),
        _added(bare),
        p50=100,
    )
    wrong = [our_wrong, bare_wrong and f"bare script: {bare_wrong}"]
    return Found(rows, [one for one in wrong if one])


async def flight(plan: Plan, folder: Path) -> Found:
    """Have 1,000 calls of the model under way in one process."""
    del plan
    place = write_bot_folder(folder / "flight", parallel=2 * _IN_FLIGHT)
    async with under_traffic(supportbot, place, _SLOW, patience_seconds=90) as served:
        seconds = _IN_FLIGHT / _STARTED_PER_SECOND
        said = await served.customers.steady(served.url, _STARTED_PER_SECOND, seconds)
        memory, most = served.running.peak_mib(), served.customers.most_thinking
    wrong = served.customers.answers_wrong()
    rows = [
        Row("calls of the model in flight at once", "count", most, samples=len(said)),
        Row("memory at its peak meanwhile", "MiB", memory, target=300),
    ]
    short = [] if most >= _IN_FLIGHT else [f"only {most} of {_IN_FLIGHT} calls were in flight"]
    return Found(rows, [*short, *([wrong] if wrong else [])])


async def _rushed(make: Make, folder: Path) -> tuple[Sequence[Watched], str | None]:
    async with under_traffic(make, folder, _RUSHED, patience_seconds=60) as served:
        await served.customers.closed(served.url, 5, 1.0)
        per_second = _CONVERSATIONS / _WITHIN_SECONDS
        said = await served.customers.steady(served.url, per_second, _WITHIN_SECONDS)
    return said, served.customers.answers_wrong()


def _added(watched: Sequence[Watched]) -> list[float]:
    """From sending the event to the whole answer, without the model's own time."""
    return [(one.posted - one.sent - _RUSHED.seconds) * _MS for one in watched if one.posted]
