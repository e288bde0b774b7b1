"""What a metric is: a name, a definition, and one computation over a sample of facts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from supportbot.reports.waits import Wait
from supportbot.store.facts import EpisodeFact, Standing, Tally

#: Fewer values than this have no percentiles: they would be anecdotes.
LEAST_FOR_PERCENTILES = 20


class Unit(StrEnum):
    """What a value is counted in. A share is a ratio from 0 to 1."""

    COUNT = "count"
    SHARE = "share"
    SECONDS = "seconds"


class Basis(StrEnum):
    """cohort: by the day the episode was opened. flow: by the day it happened. now: as of now."""

    COHORT = "cohort"
    FLOW = "flow"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class Sample:
    """All facts of one scope that metrics are computed from."""

    as_of: datetime
    #: Episodes that were opened, and those that were resolved, in the period.
    opened: Sequence[EpisodeFact] = ()
    resolved: Sequence[EpisodeFact] = ()
    #: Waits that began in the period and have ended.
    waits: Sequence[Wait] = ()
    scores: Sequence[int] = ()
    suppressed: Sequence[Tally] = ()
    #: Tickets not resolved now.
    standing: Sequence[Standing] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A value; None where there is nothing to measure. `n` is what it rests on.

    Of durations, `value` is the median (p50); of shares, `hits` of `n` made it. `immature` counts
    those of the `n` (for durable resolutions: those left out of it) that are too young for their
    result to be final.
    """

    value: float | None
    n: int
    p90: float | None = None
    immature: int = 0
    hits: int | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of the reports: defined here and nowhere else."""

    name: str
    title: str
    unit: Unit
    basis: Basis
    definition: str
    edge_cases: tuple[str, ...]
    measure: Callable[[Sample], Measured]
    #: It reads `Sample.waits`, by far the largest of the facts; read only where it is asked for.
    of_waits: bool = False


def share(hits: int, among: int, immature: int = 0) -> Measured:
    """Measure a share, to four digits; nothing among nothing is None, not zero."""
    value = round(hits / among, 4) if among else None
    return Measured(value, among, immature=immature, hits=hits)


def durations(lengths: Sequence[timedelta]) -> Measured:
    """Measure durations in seconds: p50 as the value, p90, and how many there are.

    Percentiles are by nearest rank: always a duration that occurred, equal on every store.
    """
    count = len(lengths)
    if count < LEAST_FOR_PERCENTILES:
        return Measured(None, count)
    seconds = sorted(length.total_seconds() for length in lengths)
    return Measured(_nearest_rank(seconds, 50), count, p90=_nearest_rank(seconds, 90))


def _nearest_rank(ordered: Sequence[float], percent: int) -> float:
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def shown(value: float | None, unit: Unit) -> str:
    """Write a value for people: `n/a`, `12`, `41.5 %`, `1 h 05 min`."""
    if value is None:
        return "n/a"
    match unit:
        case Unit.COUNT:
            return f"{value:,.0f}"
        case Unit.SHARE:
            return f"{value * 100:.1f} %"
        case Unit.SECONDS:
            return _duration(value)


def _duration(seconds: float) -> str:
    if seconds < 10:  # noqa: PLR2004 - below ten seconds the tenths matter
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours == 0:
        return f"{minutes} min {rest:02} s"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes:02} min"
