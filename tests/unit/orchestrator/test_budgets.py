from __future__ import annotations

from datetime import date

import pytest

from supportbot.orchestrator.answering.budgets import (
    Budget,
    Ladder,
    Plan,
    Scope,
    Step,
    Unit,
    Use,
    plan,
    uses,
)
from supportbot.store.spending import Spent

DAY = date(2026, 3, 2)
DOLLAR = 1_000_000_000


def use(spent: int, budget: int = DOLLAR, unit: Unit = Unit.USD) -> Use:
    return Use(Scope.PRODUCT, "shop", DAY, unit, spent, budget)


@pytest.mark.parametrize(
    ("share", "step"),
    [
        (0.0, None),
        (0.59, None),
        (0.6, Step.SHORT_HISTORY),
        (0.7, Step.CHEAPER_MODEL),
        (0.8, Step.DRAFT),
        (0.999, Step.DRAFT),
        (1.0, Step.HANDOFF),
        (7.0, Step.HANDOFF),
    ],
)
def test_a_share_of_the_budget_decides_the_step(share: float, step: Step | None) -> None:
    assert Ladder(60, 70, 80).step(share) is step


def test_the_step_to_a_model_that_is_not_there_is_left_out() -> None:
    assert Ladder(60, None, 80).step(0.75) is Step.SHORT_HISTORY


def test_steps_at_one_percent_are_one_step() -> None:
    assert Ladder(100, 100, 100).step(1.0) is Step.HANDOFF


def test_a_step_includes_the_milder_ones() -> None:
    assert [one for one in Step if Plan(Step.DRAFT).includes(one)] == [
        Step.SHORT_HISTORY,
        Step.CHEAPER_MODEL,
        Step.DRAFT,
    ]
    assert not any(Plan().includes(one) for one in Step)


def test_money_and_tokens_are_compared_apart_and_only_where_limited() -> None:
    spent = Spent(nusd=3, tokens=4)
    both = list(uses(Scope.PRODUCT, "shop", DAY, spent, Budget(nusd=10, tokens=20)))
    assert [(one.unit, one.spent, one.budget) for one in both] == [
        (Unit.USD, 3, 10),
        (Unit.TOKENS, 4, 20),
    ]
    assert list(uses(Scope.PRODUCT, "shop", DAY, spent, Budget())) == []


def test_the_budget_nearest_its_end_makes_the_plan() -> None:
    tight = use(9, 10, Unit.TOKENS)
    assert plan([use(DOLLAR // 2), tight], Ladder()) == Plan(Step.SHORT_HISTORY, tight)
    assert plan([use(DOLLAR // 2)], Ladder()) == plan([], Ladder()) == Plan()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (use(4_256_000_000, 5 * DOLLAR), "4.26 of 5.00 USD"),
        (use(9_900_000, 10_000_000), "0.0099 of 0.0100 USD"),
        (use(1_900_000, 2_000_000, Unit.TOKENS), "1,900,000 of 2,000,000 tokens of models"),
    ],
)
def test_amounts_are_told_as_people_read_them(given: Use, told: str) -> None:
    assert given.told.startswith(told)


def test_a_budget_names_its_setting() -> None:
    assert use(1).setting == "product_usd_per_day"
    assert use(1, unit=Unit.TOKENS).setting == "product_tokens_per_day"
