from __future__ import annotations

import pytest

from supportbot.channels.email.sending.pacing import DomainPace
from supportbot.errors import SendError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def wait(pace: DomainPace, key: str, domain: str = "cust.example") -> float:
    """Return how long it has to wait; 0: it left."""
    try:
        pace.enter(domain, key)
    except SendError as error:
        return float("nan") if error.permanent else error.retry_after_seconds or 0.0
    return 0.0


def test_so_many_leave_at_once_and_the_others_get_a_place(clock: Clock) -> None:
    pace = DomainPace(2, clock)
    assert [wait(pace, key) for key in "abcde"] == [0, 0, 60, 60, 120]
    assert wait(pace, "f", "other.example") == 0


def test_a_place_is_kept_for_whoever_comes_again(clock: Clock) -> None:
    pace = DomainPace(1, clock)
    assert [wait(pace, key) for key in "abc"] == [0, 60, 120]
    clock.now += 30
    assert wait(pace, "b") == 30
    assert wait(pace, "d") == 150
    clock.now += 30
    assert [wait(pace, key) for key in "bcd"] == [0, 60, 120]


def test_no_minute_ever_sees_more_than_allowed(clock: Clock) -> None:
    pace, left = DomainPace(5, clock), []
    waiting = {f"{number}": 0.0 for number in range(40)}
    begin = clock.now
    while waiting:
        key = min(waiting, key=waiting.__getitem__)
        clock.now = max(clock.now, begin + waiting[key])
        later = wait(pace, key)
        if later:
            waiting[key] = clock.now + later - begin
        else:
            left.append(clock.now)
            del waiting[key]
    assert max(sum(at <= one < at + 60 for one in left) for at in left) == 5
    assert left[-1] - left[0] == 420


def test_a_domain_that_puts_us_off_gets_nothing_for_longer_each_time(clock: Clock) -> None:
    pace, pauses = DomainPace(100, clock), []
    for _ in range(7):
        pace.put_off("cust.example")
        pauses.append(wait(pace, "a"))
        clock.now += pauses[-1]
        assert wait(pace, "a") == 0
    assert pauses == [60, 120, 240, 480, 900, 900, 900]
    pace.taken("cust.example")
    pace.put_off("cust.example")
    assert wait(pace, "a") == 60
    assert wait(pace, "b", "other.example") == 0


def test_those_who_were_put_off_together_count_once(clock: Clock) -> None:
    pace = DomainPace(100, clock)
    for _ in range(20):
        pace.put_off("cust.example")
    assert wait(pace, "a") == 60


def test_what_waited_for_a_domain_does_not_leave_all_at_once(clock: Clock) -> None:
    pace = DomainPace(2, clock)
    pace.put_off("cust.example")
    assert [wait(pace, key) for key in "abcd"] == [60] * 4
    clock.now += 60
    assert [wait(pace, key) for key in "abcd"] == [0, 0, 60, 60]


def test_nothing_is_kept_of_domains_that_are_quiet(clock: Clock) -> None:
    pace = DomainPace(1, clock)
    for number in range(50):
        wait(pace, "a", f"{number}.example")
        pace.put_off(f"{number}.example")
        wait(pace, "b", f"{number}.example")
    clock.now += 4000
    wait(pace, "a")
    assert len(pace._domains) == 1
