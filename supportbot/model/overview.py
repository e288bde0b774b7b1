"""The numbers of the dashboard's first page, as reports hand them over: counted, named, defined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class OverviewQuery:
    """Which days (both included, in the reporting time zone) and which product; None = all."""

    since: date
    until: date
    product: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, ready to be read."""

    name: str
    #: Such as `62 %`, `2 h 10 min`, `41`; `n/a` where nothing can be said.
    value: str
    #: How it is counted, in one sentence.
    definition: str
    #: What belongs beside it, such as `p90 5 h · n = 41`.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a whole, such as how many episodes ended in one way."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The numbers of a span of days; `outcomes` is a partition: its counts sum to the whole."""

    figures: tuple[Figure, ...]
    outcomes: tuple[Share, ...] = ()
    #: Sentences that belong below the numbers.
    notes: tuple[str, ...] = ()
