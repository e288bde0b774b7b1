"""How data commands print: a table for people, JSON or CSV for programs.

What customers wrote is shown as text only: control characters never reach the terminal, and no
cell of a CSV file can be taken for a formula.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

import typer

from supportbot.cli.options import Format
from supportbot.errors import OutputError

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDE = 160
_IDS = frozenset({"id", "ticket"})


@contextmanager
def standard_output() -> Iterator[None]:
    """Write to standard output; a reader that left ends the command without a word.

    Raises:
        OutputError: it takes no more.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer goes nowhere: at its end Python would try to write it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(1) from None
        raise OutputError(f"standard output: {error.strerror}") from error


@standard_output()
def emit(columns: Sequence[str], records: Iterable[Mapping[str, object]], output: Format) -> None:
    """Print records: a table, one JSON array, or CSV with a header line."""
    rows = list(records)
    match output:
        case Format.JSON:
            emit_json(rows)
        case Format.CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([_csv_cell(row.get(name)) for name in columns] for row in rows)
        case Format.TABLE:
            emit_table(columns, ([table_cell(row.get(name)) for name in columns] for row in rows))


@standard_output()
def emit_json(value: object) -> None:
    """Print one JSON array or object; moments are ISO 8601 in UTC."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_json_value))


@standard_output()
def emit_json_line(value: object) -> None:
    """Print one JSON object on one line."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=_json_value))


@standard_output()
def emit_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; where nobody's terminal sets its width, it is wide."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name in columns:
        # An id that is cut short cannot be typed into the next command.
        table.add_column(name.replace("_", " "), no_wrap=name in _IDS)
    for row in rows:
        table.add_row(*[Text(printable(cell)) for cell in row])
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    console.print(table if table.row_count else "nothing found")


def printable(text: str) -> str:
    """Replace control characters, so that text can't move the cursor or hide what it says."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def table_cell(value: object) -> str:
    """Write a value for people."""
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _csv_cell(value: object) -> object:
    match value:
        case None:
            return ""
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case date():
            return _json_value(value)
        case _:
            return value


def _json_value(value: object) -> str:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} has no place in JSON")
