from __future__ import annotations

from datetime import timedelta

import pytest

from supportbot.reports.definitions import HEADLINE, METRICS
from supportbot.reports.metric import Unit, durations, share, shown


def seconds(*values: float) -> list[timedelta]:
    return [timedelta(seconds=value) for value in values]


def test_percentiles_are_durations_that_occurred() -> None:
    measured = durations(seconds(*range(20, 0, -1)))
    assert (measured.value, measured.p90, measured.n) == (10, 18, 20)


def test_fewer_than_twenty_values_have_a_count_but_no_percentiles() -> None:
    measured = durations(seconds(*range(19)))
    assert (measured.value, measured.p90, measured.n) == (None, None, 19)


def test_a_share_of_nothing_is_not_zero() -> None:
    assert share(0, 0).value is None
    assert share(0, 3).value == 0
    assert share(1, 3).value == 0.3333


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.SHARE, "n/a"),
        (0.4151, Unit.SHARE, "41.5 %"),
        (1234, Unit.COUNT, "1,234"),
        (0.42, Unit.SECONDS, "0.4 s"),
        (59.4, Unit.SECONDS, "59 s"),
        (61, Unit.SECONDS, "1 min 01 s"),
        (3900, Unit.SECONDS, "1 h 05 min"),
        (90_000, Unit.SECONDS, "1 d 1 h"),
    ],
)
def test_values_are_shown_for_people(value: float | None, unit: Unit, text: str) -> None:
    assert shown(value, unit) == text


def test_names_and_titles_are_given_once() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert len({metric.title for metric in METRICS}) == len(METRICS)


def test_every_metric_has_a_definition_and_edge_cases() -> None:
    assert [m.name for m in METRICS if not m.definition.endswith(".") or not m.edge_cases] == []


def test_the_headline_has_six_numbers() -> None:
    assert len(HEADLINE) == 6
