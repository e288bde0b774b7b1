from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supportbot.app.spending import spending_rules
from supportbot.cli.init import write_starter
from supportbot.orchestrator.answering.budgets import Budget
from supportbot.settings.load import load
from supportbot.settings.tree import Settings

Load = Callable[..., Settings]
Problems = Callable[..., list[str]]


def test_budgets_are_on_where_nothing_is_written(load_text: Load) -> None:
    rules = spending_rules(load_text(OPENAI_API_KEY="k"))
    assert rules.product == Budget(nusd=5_000_000_000, tokens=2_000_000)
    assert rules.customer == Budget(nusd=500_000_000, tokens=200_000)
    assert rules.installation == Budget()


def test_zero_switches_a_budget_off(load_text: Load) -> None:
    text = "[budget]\nproduct_usd_per_day = 0\nproduct_tokens_per_day = 0\n"
    assert spending_rules(load_text(text, OPENAI_API_KEY="k")).product == Budget()


def test_kb_extractive_has_no_budgets(load_text: Load) -> None:
    rules = spending_rules(load_text())
    assert rules.product == rules.customer == rules.installation == Budget()


def test_the_step_to_a_cheaper_model_needs_one(load_text: Load) -> None:
    with_one = load_text('[model.cheaper]\nname = "small"\n', OPENAI_API_KEY="k")
    assert spending_rules(with_one).ladder.cheaper_model_percent == 85
    without = load_text(OPENAI_API_KEY="k")
    assert spending_rules(without).ladder.cheaper_model_percent is None


def test_a_day_begins_where_the_reports_say(load_text: Load) -> None:
    text = '[reports]\ntimezone = "Asia/Tokyo"\n'
    assert spending_rules(load_text(text, OPENAI_API_KEY="k")).timezone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("product_usd_per_day = -1", "budget.product_usd_per_day: input should be greater"),
        ("customer_usd_per_day = inf", "budget.customer_usd_per_day: input should be a finite"),
        ("product_tokens_per_day = 1.5", "budget.product_tokens_per_day: input should be a valid"),
        ("draft_percent = 101", "budget.draft_percent: input should be less than or equal to 100"),
        ("draft_percent = 80", "budget.draft_percent: is 80, below cheaper_model_percent (85)"),
        (
            "cheaper_model_percent = 60",
            "budget.cheaper_model_percent: is 60, below short_history_percent (70)",
        ),
        ("product_per_day = 1", "budget.product_per_day: there is no such setting; did you mean"),
    ],
)
def test_a_wrong_budget_is_told_with_its_line(
    problems_of: Problems, line: str, problem: str
) -> None:
    (told,) = problems_of(f"[budget]\n\n{line}\n")
    assert told.startswith(f"supportbot.toml:3: {problem}")


def test_a_step_that_passes_a_default_is_told(problems_of: Problems) -> None:
    told = problems_of("[budget]\nshort_history_percent = 97\n")
    assert told == [
        (
            "supportbot.toml:1: budget.cheaper_model_percent: "
            "is 85, below short_history_percent (97); the steps follow each other"
        ),
        (
            "supportbot.toml:1: budget.draft_percent: "
            "is 95, below short_history_percent (97); the steps follow each other"
        ),
    ]


def test_a_starter_folder_says_what_a_product_may_spend(tmp_path: Path) -> None:
    write_starter(tmp_path / "bot")
    text = (tmp_path / "bot" / "supportbot.toml").read_text(encoding="utf-8")
    assert "\nproduct_usd_per_day = 5 " in text
    assert load(tmp_path / "bot", {}).budget.product_usd_per_day == 5
