"""A report: named columns, rows, notes. Frozen values; how they look is the reader's matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from supportbot.reports.metric import Measured, Metric, Unit

Cell = str | int | float | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `unit` tells how to show its numbers; `unit_of_row`: the row's `unit` cell does."""

    name: str
    unit: Unit | None = None
    unit_of_row: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a report found. None in a number's place means that there was nothing to measure."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]
    as_of: datetime

    def records(self) -> list[dict[str, Cell]]:
        """Return the rows with their columns' names."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric and what it came to."""

    metric: Metric
    measured: Measured


#: Columns of a report whose rows are figures.
FIGURE_COLUMNS = (
    Column("metric"),
    Column("title"),
    Column("value", unit_of_row=True),
    Column("p90", unit_of_row=True),
    Column("n", Unit.COUNT),
    Column("unit"),
    Column("basis"),
    Column("immature", Unit.COUNT),
    Column("definition"),
)


def figure_row(figure: Figure) -> tuple[Cell, ...]:
    """Make the row of a figure, in the order of `FIGURE_COLUMNS`."""
    metric, measured = figure.metric, figure.measured
    return (
        metric.name,
        metric.title,
        measured.value,
        measured.p90,
        measured.n,
        metric.unit,
        metric.basis,
        measured.immature,
        metric.definition,
    )
