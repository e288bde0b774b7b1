from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime

import pytest

from supportbot.cli.options import Format
from supportbot.cli.output import emit, printable

AT = datetime(2026, 3, 2, 9, 0, 0, 5000, tzinfo=UTC)
COLUMNS = ("name", "at", "count")


def test_json_is_one_array_with_moments_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    emit(COLUMNS, [{"name": "é", "at": AT, "count": None}], Format.JSON)
    assert json.loads(capsys.readouterr().out) == [
        {"name": "é", "at": "2026-03-02T09:00:00.005Z", "count": None}
    ]


def test_nothing_found_is_an_empty_array_and_a_lone_header(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit(COLUMNS, [], Format.JSON)
    assert json.loads(capsys.readouterr().out) == []
    emit(COLUMNS, [], Format.CSV)
    assert capsys.readouterr().out == "name,at,count\n"


def test_csv_reads_back_and_holds_no_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    emit(COLUMNS, [{"name": '=cmd|"x"\n!', "at": date(2026, 3, 2), "count": -1}], Format.CSV)
    assert list(csv.reader(io.StringIO(capsys.readouterr().out)))[1] == [
        '\'=cmd|"x"\n!',
        "2026-03-02",
        "-1",
    ]


def test_a_table_shows_a_customers_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    emit(COLUMNS, [{"name": "[red]\x1b[2J", "at": AT, "count": 3}], Format.TABLE)
    shown = capsys.readouterr().out
    assert "[red]" in shown
    assert "\x1b" not in shown


def test_lines_and_tabs_are_printable_but_text_direction_overrides_are_not() -> None:
    assert printable("a\n\tb") == "a\n\tb"
    assert printable("a\u202eb\x9bc\r") == "a\ufffdb\ufffdc\ufffd"
