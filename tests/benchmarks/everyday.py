"""The everyday figures: acks, answers, memory, starts, search, statements."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.articles import measure_search
from tests.benchmarks.figures import Row, latency_rows, median, percentile
from tests.benchmarks.plan import Found, Plan
from tests.benchmarks.processes import clean_environ
from tests.benchmarks.programs import (
    Make,
    bare_script,
    supportbot,
    under_traffic,
    write_bot_folder,
)
from tests.benchmarks.statements import count_statements
from tests.benchmarks.traffic import Watched

_MS = 1000.0
_CALM_PER_SECOND, _BURST_PER_SECOND = 5.0, 50.0
_WARM_UP_SECONDS = 1.0
_STARTS = 5


@dataclass(slots=True)
class _Measured:
    """What one program showed in all rounds."""

    calm: list[Watched] = field(default_factory=list)
    burst: list[Watched] = field(default_factory=list)
    calm_cpu_ms: list[float] = field(default_factory=list)
    burst_cpu_ms: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def everyday(plan: Plan, folder: Path) -> Found:
    """Run both programs in turns: calm, then a burst; then what only supportbot has."""
    ours, bare = _Measured(), _Measured()
    for number in range(plan.rounds):
        place = write_bot_folder(folder / f"round{number}")
        turns: list[tuple[Make, _Measured]] = [(supportbot, ours), (bare_script, bare)]
        for make, into in turns if number % 2 == 0 else reversed(turns):
            await _measure(make, place, plan, into)
    rows = [*_traffic_rows(ours, bare), *await _own_rows(folder)]
    return Found(rows, [*ours.wrong, *(f"bare script: {wrong}" for wrong in bare.wrong)])


async def _measure(make: Make, folder: Path, plan: Plan, into: _Measured) -> None:
    """Run one round of one program."""
    async with under_traffic(make, folder) as served:
        customers, running, url = served.customers, served.running, served.url
        await customers.steady(url, _CALM_PER_SECOND, _WARM_UP_SECONDS)
        before = running.cpu_seconds()
        calm = await customers.steady(url, _CALM_PER_SECOND, plan.seconds)
        between = running.cpu_seconds()
        burst = await customers.steady(url, _BURST_PER_SECOND, plan.seconds)
        into.burst_cpu_ms.append((running.cpu_seconds() - between) * _MS / len(burst))
        into.calm_cpu_ms.append((between - before) * _MS / len(calm))
        into.memory_mib.append(running.memory_mib())
    into.calm += calm
    into.burst += burst
    if wrong := customers.answers_wrong():
        into.wrong.append(wrong)


def _traffic_rows(ours: _Measured, bare: _Measured) -> list[Row]:
    rate = f"{_BURST_PER_SECOND:g} events/s"
    return [
        *latency_rows(f"event to ack at {rate}", _ack(ours.burst), _ack(bare.burst), p99=100),
        *latency_rows(f"event to answer at {rate}", _whole(ours.burst), _whole(bare.burst)),
        *latency_rows("event to model request, calm", _asked(ours.calm), _asked(bare.calm)),
        *latency_rows("ack to model request, calm", _think(ours.calm), _think(bare.calm), p50=15),
        *latency_rows("last token to post, calm", _post(ours.calm), _post(bare.calm), p50=15),
        Row(
            f"processor time per answer at {rate}",
            "ms",
            median(ours.burst_cpu_ms),
            median(bare.burst_cpu_ms),
            samples=len(ours.burst),
        ),
        Row(
            "processor time per answer, calm",
            "ms",
            median(ours.calm_cpu_ms),
            median(bare.calm_cpu_ms),
            samples=len(ours.calm),
        ),
        Row(
            "memory after the last answer", "MiB", median(ours.memory_mib), median(bare.memory_mib)
        ),
    ]


async def _own_rows(folder: Path) -> list[Row]:
    starts = await _starts(write_bot_folder(folder / "starts"))
    found = await measure_search(folder)
    first, follow_up = await count_statements(write_bot_folder(folder / "statements"))
    return [
        Row("SQL statements, first message of a thread", "count", first.statements),
        Row("SQL transactions, first message of a thread", "count", first.transactions),
        Row("SQL statements, follow-up", "count", follow_up.statements),
        Row("SQL transactions, follow-up", "count", follow_up.transactions),
        Row("start to ready, empty database", "s", starts[0]),
        Row("start to ready", "s", median(starts[1:]), target=2, samples=_STARTS),
        Row("supportbot --help", "s", median(_help()), target=0.3, samples=_STARTS),
        Row("import of 1,000 articles", "s", found.import_seconds),
        Row("search in 1,000 articles, p50", "ms", median(found.search_ms)),
        Row("search in 1,000 articles, p99", "ms", percentile(found.search_ms, 99)),
    ]


async def _starts(folder: Path) -> list[float]:
    """Return the seconds from the command to readiness; the first has no database yet."""
    seconds = []
    for _ in range(1 + _STARTS):
        async with under_traffic(supportbot, folder) as served:
            seconds.append(served.running.start_seconds)
    return seconds


def _help() -> list[float]:
    seconds = []
    for _ in range(_STARTS):
        begun = time.perf_counter()
        subprocess.run(
            (sys.executable, "-m", "supportbot", "--help"),
            check=True,
            capture_output=True,
            env=clean_environ(),
        )
        seconds.append(time.perf_counter() - begun)
    return seconds


def _ack(watched: Sequence[Watched]) -> list[float]:
    return [(one.acked - one.sent) * _MS for one in watched]


def _whole(watched: Sequence[Watched]) -> list[float]:
    return [(one.posted - one.sent) * _MS for one in watched if one.posted]


def _asked(watched: Sequence[Watched]) -> list[float]:
    """From sending the event, the commit before the ack included."""
    return [(one.asked - one.sent) * _MS for one in watched if one.asked]


def _think(watched: Sequence[Watched]) -> list[float]:
    """From the ack, when the quiet period of 0 seconds begins."""
    return [(one.asked - one.acked) * _MS for one in watched if one.asked]


def _post(watched: Sequence[Watched]) -> list[float]:
    return [(one.posted - one.last_token) * _MS for one in watched if one.posted]
