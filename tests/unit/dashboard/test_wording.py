from __future__ import annotations

from datetime import timedelta

import pytest

from supportbot.dashboard.wording import EVENTS, duration, label, web_address
from supportbot.model.ticket import EventKind


def test_every_kind_of_event_has_words() -> None:
    assert set(EVENTS) == set(EventKind)


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (timedelta(seconds=-5), "under 1 min"),
        (timedelta(seconds=59), "under 1 min"),
        (timedelta(minutes=12, seconds=30), "12 min"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 4 h"),
    ],
)
def test_span_is_told_in_two_units(span: timedelta, told: str) -> None:
    assert duration(span) == told


def test_stored_codes_become_words() -> None:
    assert label("low_confidence") == "low confidence"


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "file:///etc", "//a.test"])
def test_only_web_addresses_become_links(url: str | None) -> None:
    assert web_address(url) is None
    assert web_address("https://a.test/x") == "https://a.test/x"
