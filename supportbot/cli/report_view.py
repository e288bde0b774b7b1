"""Computes a report for the command line and prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from supportbot.app.house import database, now
from supportbot.cli.options import Format
from supportbot.cli.output import emit, emit_json, emit_table, standard_output, table_cell
from supportbot.reports.catalog import REPORTS
from supportbot.reports.metric import Unit, shown
from supportbot.reports.period import Period, Scope
from supportbot.reports.report import Cell, Column, Report
from supportbot.settings.load import load

_DEFAULT_DAYS = 30
#: Too long for a table; JSON, CSV and docs/reference/metrics.md have it.
_NOT_IN_TABLES = "definition"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report as it was typed."""

    name: str
    first: date | None = None
    last: date | None = None
    product: str | None = None
    channel: str | None = None


async def show(config: Path, environ: Mapping[str, str], wanted: Wanted, output: Format) -> None:
    """Compute a report and print it.

    Raises:
        NotFoundError: there is no such product or channel.
    """
    settings = load(config, environ)
    scope = scope_of(wanted, now(), settings.reports.timezone)
    async with database(settings) as db:
        report = await REPORTS[wanted.name](db, scope)
    match output:
        case Format.JSON:
            emit_json(_object(report, scope))
        case Format.CSV:
            emit([column.name for column in report.columns], report.records(), output)
        case Format.TABLE:
            _table(report, scope)


def scope_of(wanted: Wanted, as_of: datetime, zone: str) -> Scope:
    """Fill in the days that were not typed: up to today, and 30 of them."""
    last = wanted.last or max(as_of.astimezone(ZoneInfo(zone)).date(), wanted.first or date.min)
    first = wanted.first or last - timedelta(days=_DEFAULT_DAYS - 1)
    return Scope(Period(first, last, zone), as_of, wanted.product, wanted.channel)


def _object(report: Report, scope: Scope) -> dict[str, object]:
    return {
        "report": report.name,
        "from": scope.period.first,
        "to": scope.period.last,
        "timezone": scope.period.zone,
        "product": scope.product,
        "channel": scope.channel,
        "as_of": report.as_of,
        "rows": report.records(),
        "notes": list(report.notes),
    }


@standard_output()
def _table(report: Report, scope: Scope) -> None:
    period = scope.period
    typer.echo(f"{report.name}: {period.first} to {period.last}, {period.zone}")
    columns = [column for column in report.columns if column.name != _NOT_IN_TABLES]
    rows = [[_shown(column, row) for column in columns] for row in report.records()]
    emit_table([column.name for column in columns], rows)
    for note in report.notes:
        typer.echo(note)
    typer.echo(f"As of {table_cell(report.as_of)} UTC.")


def _shown(column: Column, row: Mapping[str, Cell]) -> str:
    value = row[column.name]
    unit = Unit(str(row["unit"])) if column.unit_of_row else column.unit
    if unit is None or (column.unit_of_row and value is None and column.name != "value"):
        return table_cell(value)  # a share has no p90
    return shown(value if isinstance(value, int | float) else None, unit)
