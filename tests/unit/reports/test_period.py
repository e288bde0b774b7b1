from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from supportbot.reports.period import Period, last_days


def test_the_last_day_is_included_in_the_reporting_zone() -> None:
    period = Period(date(2026, 3, 1), date(2026, 3, 2), "Asia/Kolkata")
    assert period.since == datetime(2026, 2, 28, 18, 30, tzinfo=UTC)
    assert period.until == datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
    assert list(period.days()) == [date(2026, 3, 1), date(2026, 3, 2)]


def test_the_day_of_a_clock_change_has_its_own_length() -> None:
    day = date(2026, 3, 29)
    period = Period(day, day, "Europe/Berlin")
    assert period.until - period.since == timedelta(hours=23)


def test_a_moment_belongs_to_exactly_the_day_that_holds_it() -> None:
    period = Period(date(2026, 3, 28), date(2026, 3, 30), "Europe/Berlin")
    assert period.day_of(period.since) == period.first
    assert period.day_of(period.until - timedelta(milliseconds=1)) == period.last
    assert period.day_of(period.until) == period.last + timedelta(days=1)


def test_a_midnight_that_the_clocks_skip_begins_where_they_skip_to() -> None:
    day = date(2018, 11, 4)  # America/Sao_Paulo went from 00:00 to 01:00
    period = Period(day, day, "America/Sao_Paulo")
    assert period.since == datetime(2018, 11, 4, 3, 0, tzinfo=UTC)
    assert period.day_of(period.since) == day


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        Period(date(2026, 3, 2), date(2026, 3, 1))


def test_last_days_end_with_the_local_today() -> None:
    late = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    assert last_days(2, late, "Asia/Tokyo") == Period(
        date(2026, 3, 2), date(2026, 3, 3), "Asia/Tokyo"
    )
