from __future__ import annotations

from datetime import UTC, datetime, timedelta

from supportbot.channels.web.limits import RateLimit

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_keys_are_counted_apart() -> None:
    limit = RateLimit(1)
    assert limit.allows("a", NOW)
    assert limit.allows("b", NOW)
    assert not limit.allows("a", NOW)


def test_window_ends_after_a_minute() -> None:
    limit = RateLimit(1)
    assert limit.allows("a", NOW)
    assert not limit.allows("a", NOW + timedelta(seconds=59))
    assert limit.allows("a", NOW + timedelta(seconds=60))


def test_full_table_refuses_unknown_keys_until_old_ones_expire() -> None:
    limit = RateLimit(5, most_keys=2)
    assert limit.allows("a", NOW)
    assert limit.allows("b", NOW)
    assert not limit.allows("c", NOW)
    assert limit.allows("a", NOW)
    assert limit.allows("c", NOW + timedelta(minutes=2))


def test_a_request_that_is_given_back_does_not_count() -> None:
    limit = RateLimit(1)
    assert limit.allows("a", NOW)
    limit.give_back("a")
    assert limit.allows("a", NOW)
    assert not limit.allows("a", NOW)
    limit.give_back("never seen")
    assert limit.allows("never seen", NOW)
    assert not limit.allows("never seen", NOW)
