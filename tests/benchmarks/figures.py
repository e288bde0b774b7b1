"""Samples and the table they are printed in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile; NaN of nothing."""
    ordered = sorted(samples)
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median(samples: Sequence[float]) -> float:
    """Return the middle sample."""
    return percentile(samples, 50)


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of both programs; a target is the most that supportbot may need.

    `ratio_target` is the most of it in terms of the bare script.
    """

    name: str
    unit: str
    ours: float
    bare: float | None = None
    target: float | None = None
    samples: int | None = None
    ratio_target: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Return what stands in the table."""
        ratio = f"{self.ours / self.bare:.2f}x" if self.bare else ""
        verdict = ""
        if self.target is not None:
            verdict = f"< {self.target:g} {'ok' if self.ours < self.target else 'MISSED'}"
        elif self.ratio_target is not None and self.bare:
            kept = self.ours <= self.ratio_target * self.bare
            verdict = f"< {self.ratio_target:g}x {'ok' if kept else 'MISSED'}"
        count = "" if self.samples is None else str(self.samples)
        return (
            f"{self.name} ({self.unit})",
            count,
            "" if self.bare is None else shown(self.bare),
            shown(self.ours),
            ratio,
            verdict,
        )


def latency_rows(
    name: str, ours: Sequence[float], bare: Sequence[float] = (), **target: float
) -> list[Row]:
    """Return p50 and p99 of milliseconds; `target` is p50=... or p99=..."""
    return [
        Row(
            f"{name}, p{percent}",
            "ms",
            percentile(ours, percent),
            percentile(bare, percent) if bare else None,
            target.get(f"p{percent}"),
            len(ours),
        )
        for percent in (50, 99)
    ]


def shown(value: float) -> str:
    """Write a number with about three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def print_table(console: Console, rows: Iterable[Row]) -> None:
    """Print one line for each row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, side in (
        ("measure", "left"),
        ("n", "right"),
        ("bare script", "right"),
        ("supportbot", "right"),
        ("ratio", "right"),
        ("target", "left"),
    ):
        table.add_column(heading, justify="right" if side == "right" else "left")
    for row in rows:
        table.add_row(*row.cells())
    console.print(table)
