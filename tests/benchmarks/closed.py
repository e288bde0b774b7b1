"""Customers who ask again as soon as they are answered: processor time, and how an answer ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.figures import Row, latency_rows, median
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
_MODEL = Speaking(first_token_seconds=0.2, chunks=50)
_CROWD = 50
_RATIO = 0.8


@dataclass(slots=True)
class _Measured:
    cpu_ms: dict[int, list[float]] = field(default_factory=lambda: {1: [], _CROWD: []})
    crowd: list[Watched] = field(default_factory=list)
    answers_per_second: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def closed(plan: Plan, folder: Path) -> Found:
    """Run both programs in turns with one customer, then with fifty."""
    ours, bare = _Measured(), _Measured()
    for number in range(plan.rounds):
        place = write_bot_folder(folder / f"closed{number}")
        turns: list[tuple[Make, _Measured]] = [(supportbot, ours), (bare_script, bare)]
        for make, into in turns if number % 2 == 0 else reversed(turns):
            await _measure(make, place, plan, into)
    rows = [
        Row(
            f"processor time per answer, closed loop of {customers}",
            "ms",
            median(ours.cpu_ms[customers]),
            median(bare.cpu_ms[customers]),
            samples=plan.rounds,
            ratio_target=_RATIO,
        )
        for customers in (1, _CROWD)
    ]
    rows.append(
        Row(
            f"answers in a closed loop of {_CROWD}",
            "1/s",
            median(ours.answers_per_second),
            median(bare.answers_per_second),
        )
    )
    rows += latency_rows(
        f"last token to final post, closed loop of {_CROWD}",
        _post(ours.crowd),
        _post(bare.crowd),
        p50=20,
    )
    return Found(rows, [*ours.wrong, *(f"bare script: {wrong}" for wrong in bare.wrong)])


async def _measure(make: Make, folder: Path, plan: Plan, into: _Measured) -> None:
    async with under_traffic(make, folder, _MODEL) as served:
        customers, running = served.customers, served.running
        await customers.closed(served.url, 5, 1.0)
        for crowd, seconds in ((1, plan.seconds), (_CROWD, plan.seconds)):
            before = running.cpu_seconds()
            said = await customers.closed(served.url, crowd, seconds)
            into.cpu_ms[crowd].append((running.cpu_seconds() - before) * _MS / len(said))
        into.crowd += said
        into.answers_per_second.append(len(said) / plan.seconds)
    if wrong := customers.answers_wrong():
        into.wrong.append(wrong)


def _post(watched: list[Watched]) -> list[float]:
    return [(one.posted - one.last_token) * _MS for one in watched if one.posted]
