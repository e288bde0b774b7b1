"""`make bench`: speed and memory of supportbot beside a bare script, measured in the same run.

Real processes, loopback only, about two minutes; ends by itself and ends what it started. It never
fails for being slow (that depends on the machine), only when answers are missing or doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from articles import measure_search
from figures import Row, median, percentile, print_table
from processes import Program, clean_environ, started
from programs import bare_script, supportbot, write_bot_folder
from rich.console import Console
from statements import count_statements
from traffic import Traffic, Watched, traffic

from supportbot.testing.fake_slack import FakeSlack

_MS = 1000.0
_WARM_UP = 5
_STARTS = 5

Make = Callable[[Path, FakeSlack, str], tuple[Program, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    burst_seconds: float
    burst_per_second: float = 50.0
    calm_seconds: float = 4.0
    calm_per_second: float = 5.0


@dataclass(slots=True)
class Measured:
    """What one program showed in all rounds."""

    calm: list[Watched] = field(default_factory=list)
    burst: list[Watched] = field(default_factory=list)
    calm_cpu_ms: list[float] = field(default_factory=list)
    burst_cpu_ms: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def measure(make: Make, folder: Path, plan: Plan, into: Measured) -> None:
    """Run one round of one program: warm up, calm, burst."""
    async with traffic() as customers:
        program, url = make(folder, customers.slack, customers.model.url)
        async with started(program) as running:
            await customers.steady(url, plan.calm_per_second, _WARM_UP / plan.calm_per_second)
            before = running.cpu_seconds()
            calm = await customers.steady(url, plan.calm_per_second, plan.calm_seconds)
            between = running.cpu_seconds()
            burst = await customers.steady(url, plan.burst_per_second, plan.burst_seconds)
            into.burst_cpu_ms.append((running.cpu_seconds() - between) * _MS / len(burst))
            into.calm_cpu_ms.append((between - before) * _MS / len(calm))
            into.memory_mib.append(running.memory_mib())
        _keep(into, customers, calm, burst)


def _keep(
    into: Measured, customers: Traffic, calm: Sequence[Watched], burst: Sequence[Watched]
) -> None:
    into.calm += calm
    into.burst += burst
    if wrong := customers.answers_wrong():
        into.wrong.append(wrong)


async def measure_starts(folder: Path) -> list[float]:
    """Return the seconds from the command to readiness; the first has no database yet."""
    seconds = []
    for _ in range(1 + _STARTS):
        async with traffic() as customers:
            program, _ = supportbot(folder, customers.slack, customers.model.url)
            async with started(program) as running:
                seconds.append(running.start_seconds)
    return seconds


def measure_help() -> list[float]:
    """Return the seconds that `supportbot --help` takes."""
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


def latency_rows(name: str, ours: list[float], bare: list[float], **target: float) -> list[Row]:
    """Return p50 and p99; `target` is p50=... or p99=... in milliseconds."""
    return [
        Row(
            f"{name}, p{percent}",
            "ms",
            percentile(ours, percent),
            percentile(bare, percent),
            target.get(f"p{percent}"),
            len(ours),
        )
        for percent in (50, 99)
    ]


def traffic_rows(ours: Measured, bare: Measured, plan: Plan) -> list[Row]:
    """Return what both programs showed."""
    rate = f"{plan.burst_per_second:g} events/s"
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


async def bench(plan: Plan, folder: Path) -> tuple[list[Row], list[str]]:
    """Measure everything; return the table and what went wrong."""
    ours, bare = Measured(), Measured()
    starts = await measure_starts(write_bot_folder(folder / "starts"))
    for number in range(plan.rounds):
        place = write_bot_folder(folder / f"round{number}")
        turns: list[tuple[Make, Measured]] = [(supportbot, ours), (bare_script, bare)]
        for make, into in turns if number % 2 == 0 else reversed(turns):
            await measure(make, place, plan, into)
    found = await measure_search(folder)
    first, follow_up = await count_statements(write_bot_folder(folder / "statements"))
    rows = [
        *traffic_rows(ours, bare, plan),
        Row("SQL statements, first message of a thread", "count", first.statements),
        Row("SQL transactions, first message of a thread", "count", first.transactions),
        Row("SQL statements, follow-up", "count", follow_up.statements),
        Row("SQL transactions, follow-up", "count", follow_up.transactions),
        Row("start to ready, empty database", "s", starts[0]),
        Row("start to ready", "s", median(starts[1:]), target=2, samples=_STARTS),
        Row("supportbot --help", "s", median(measure_help()), target=0.3, samples=_STARTS),
        Row("import of 1,000 articles", "s", found.import_seconds),
        Row("search in 1,000 articles, p50", "ms", median(found.search_ms)),
        Row("search in 1,000 articles, p99", "ms", percentile(found.search_ms, 99)),
    ]
    return rows, [*ours.wrong, *(f"bare script: {wrong}" for wrong in bare.wrong)]


def main() -> int:
    """Measure, print, and return 1 if answers were missing or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--burst-seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    console, begun = Console(), time.monotonic()
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="supportbot-bench-") as folder:
        plan = Plan(chosen.rounds, chosen.burst_seconds)
        rows, wrong = asyncio.run(bench(plan, Path(folder)))
    print_table(console, rows)
    console.print(
        f"{plan.rounds} alternating rounds, {os.cpu_count()} processors (load {busy:.1f} before), "
        f"{time.monotonic() - begun:.0f} s. Every message was answered once: "
        + ("yes" if not wrong else "NO: " + "; ".join(wrong)),
        highlight=False,
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
