"""How much is measured, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.figures import Row


@dataclass(frozen=True, slots=True)
class Plan:
    """What all sections go by."""

    #: Alternating rounds of both programs.
    rounds: int
    #: Of one measurement under load.
    seconds: float
    #: Of the acks at 200 events a second.
    ack_seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a section, what went wrong in it, and tables of its own."""

    rows: Sequence[Row]
    wrong: Sequence[str] = field(default_factory=list)
    notes: Sequence[str] = field(default_factory=list)
