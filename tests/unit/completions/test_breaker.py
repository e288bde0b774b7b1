from __future__ import annotations

import pytest

from supportbot.completions.breaker import Breaker, BreakerRules, BreakerState, Trouble

RULES = BreakerRules(failures=3, window_seconds=10, open_seconds=30, standing_seconds=300)


def opened_at(now: float) -> Breaker:
    breaker = Breaker(RULES)
    for _ in range(RULES.failures):
        breaker.failed("server", now)
    return breaker


def admits(breaker: Breaker, now: float) -> bool:
    with breaker.trial(now) as admitted:
        return admitted


def test_failures_in_a_window_open_it() -> None:
    breaker = Breaker(RULES)
    assert [breaker.failed("server", now) for now in (0, 5, 9)] == [False, False, True]
    assert breaker.state(9) is BreakerState.OPEN
    assert not admits(breaker, 38)


def test_failures_far_apart_do_not() -> None:
    breaker = Breaker(RULES)
    for now in (0, 11, 22, 33):
        assert not breaker.failed("timeout", now)
    assert admits(breaker, 33)


def test_answer_forgives_what_was_before() -> None:
    breaker = Breaker(RULES)
    for now in (0, 1):
        breaker.failed("server", now)
    breaker.succeeded()
    assert not breaker.failed("server", 2)


@pytest.mark.parametrize("kind", ["authentication", "quota", "not_found", "not_api", "tls"])
def test_what_waiting_cannot_cure_opens_it_at_once_and_for_long(kind: str) -> None:
    breaker = Breaker(RULES)
    breaker.failed(kind, 0)
    assert breaker.state(299) is BreakerState.OPEN
    assert breaker.state(300) is BreakerState.HALF_OPEN


def test_trouble_names_the_newest_failure_and_when_it_began() -> None:
    breaker = opened_at(5)
    assert breaker.trouble == Trouble("server", 5)
    with breaker.trial(35):
        breaker.failed("timeout", 36)
    assert breaker.trouble == Trouble("timeout", 5)
    breaker.succeeded()
    assert breaker.trouble is None


def test_one_forbidden_request_does_not_shut_everybody_out() -> None:
    """A firewall's 403 is for one customer's words; a key without rights fails again and again."""
    breaker = Breaker(RULES)
    assert not breaker.failed("permission", 0)
    assert breaker.state(0) is BreakerState.CLOSED
    assert [breaker.failed("permission", now) for now in (1, 2)] == [False, True]
    assert breaker.state(2) is BreakerState.OPEN


def test_an_answer_tells_whether_it_closed_the_breaker() -> None:
    assert not Breaker(RULES).succeeded()
    breaker = opened_at(0)
    assert breaker.rest_seconds(10) == 20
    assert breaker.succeeded()
    assert breaker.rest_seconds(10) == 0


@pytest.mark.parametrize("kind", ["bad_request", "context_length", "content_filter", "overloaded"])
def test_what_is_the_requests_own_fault_does_not_count(kind: str) -> None:
    breaker = Breaker(RULES)
    for _ in range(10):
        assert not breaker.failed(kind, 0)
    assert breaker.state(0) is BreakerState.CLOSED


def test_half_open_lets_one_probe_at_a_time() -> None:
    breaker = opened_at(0)
    with breaker.trial(31) as first, breaker.trial(31) as second:
        assert (first, second) == (True, False)
    assert admits(breaker, 31), "a probe that came to nothing, as a cancelled one, makes room"


def test_probe_decides() -> None:
    breaker = opened_at(0)
    with breaker.trial(31):
        breaker.succeeded()
    assert breaker.state(31) is BreakerState.CLOSED
    again = opened_at(0)
    with again.trial(31):
        assert again.failed("server", 32)
    assert again.state(61) is BreakerState.OPEN
    assert again.state(62) is BreakerState.HALF_OPEN
