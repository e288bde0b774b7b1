from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from supportbot.orchestrator.hearing.flood import Calm, Flood, Flooding

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_customer_within_the_cap_is_never_held_up() -> None:
    flood = Flood(6)
    assert {type(flood.verdict(1, 1, after(10 * n))) for n in range(100)} == {Calm}


def test_flooded_ticket_is_answered_once_a_minute() -> None:
    flood = Flood(6)
    verdicts = [flood.verdict(1, 1, after(n)) for n in range(200)]
    assert [isinstance(one, Calm) for one in verdicts[:7]] == [True] * 6 + [False]
    slots = sorted({one.until for one in verdicts if isinstance(one, Flooding)})
    assert slots[0] == after(6) + MINUTE
    assert [late - early >= MINUTE for early, late in pairwise(slots)] == [True] * 3


def test_customer_is_told_once_in_a_flood_and_again_in_the_next() -> None:
    flood = Flood(6)
    first = [flood.verdict(1, 1, after(n)) for n in range(30)]
    calm = [flood.verdict(1, 1, after(200 + 20 * n)) for n in range(3)]
    second = [flood.verdict(1, 1, after(400 + n)) for n in range(30)]
    told = [
        sum(isinstance(one, Flooding) and one.first for one in part) for part in (first, second)
    ]
    assert told == [1, 1]
    assert {type(one) for one in calm} == {Calm}


def test_customer_at_the_edge_of_the_cap_is_not_told_again_and_again() -> None:
    flood = Flood(6)
    verdicts = [flood.verdict(1, 1, after(8.5 * n)) for n in range(100)]
    assert sum(isinstance(one, Flooding) and one.first for one in verdicts) == 1


def test_tickets_of_one_flood_are_answered_one_after_the_other() -> None:
    flood = Flood(6)
    verdicts = [flood.verdict(1, n, after(0.01 * n)) for n in range(30)]
    slots = [one.until for one in verdicts if isinstance(one, Flooding)]
    gaps = {late - early for early, late in pairwise(slots)}
    assert gaps == {MINUTE / 6}


def test_other_customers_are_not_held_up() -> None:
    flood = Flood(6)
    for n in range(100):
        flood.verdict(1, 1, after(n / 10))
    assert isinstance(flood.verdict(1, 1, after(10)), Flooding)
    assert isinstance(flood.verdict(2, 2, after(10)), Calm)


def test_silent_customers_are_forgotten() -> None:
    flood = Flood(6)
    for customer in range(1000):
        flood.verdict(customer, customer, after(customer))
    assert len(flood._customers) <= 61
