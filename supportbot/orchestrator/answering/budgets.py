"""Budgets of a day and the ladder the bot climbs down when one runs out. Pure.

Money counts where a model's price is known, tokens where it is not; the tighter of the two decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from supportbot.store.spending import Spent

_NUSD_PER_USD = 1_000_000_000


class Step(StrEnum):
    """How the bot makes do, from the mildest; each step keeps what the ones before it changed."""

    SHORT_HISTORY = "short_history"
    CHEAPER_MODEL = "cheaper_model"
    #: The answer is drafted, not sent.
    DRAFT = "draft"
    #: No model is asked: a person answers.
    HANDOFF = "handoff"


class Scope(StrEnum):
    """Whose budget it is."""

    PRODUCT = "product"
    CUSTOMER = "customer"
    INSTALLATION = "installation"


class Unit(StrEnum):
    """What is counted."""

    USD = "usd"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent in a day; 0 sets no limit."""

    #: Billionths of a US dollar, for models with a known price.
    nusd: int = 0
    #: For models without one.
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Ladder:
    """From which share of a budget, in percent, each step is taken; the handoff at the whole."""

    short_history_percent: float = 70
    #: None: no cheaper model is configured, the step is left out.
    cheaper_model_percent: float | None = None
    draft_percent: float = 95

    def step(self, share: float) -> Step | None:
        """Return the last step that a share (1 = the whole budget) has reached."""
        percents = (
            (100.0, Step.HANDOFF),
            (self.draft_percent, Step.DRAFT),
            (self.cheaper_model_percent, Step.CHEAPER_MODEL),
            (self.short_history_percent, Step.SHORT_HISTORY),
        )
        return next((s for percent, s in percents if percent and share * 100 >= percent), None)


@dataclass(frozen=True, slots=True)
class SpendingRules:
    """What may be spent, by whom, and when a day begins. Without budgets nothing is limited."""

    product: Budget = field(default_factory=Budget)
    customer: Budget = field(default_factory=Budget)
    installation: Budget = field(default_factory=Budget)
    ladder: Ladder = field(default_factory=Ladder)
    #: IANA time zone whose midnight begins a day.
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Use:
    """One budget of a day and what is spent of it: billionths of a US dollar, or tokens."""

    scope: Scope
    #: The product's key or the customer's id; empty for the installation.
    key: str
    day: date
    unit: Unit
    spent: int
    budget: int

    @property
    def share(self) -> float:
        """How much of the budget is spent; 1 = all of it."""
        return self.spent / self.budget

    @property
    def setting(self) -> str:
        """The setting that gives the budget."""
        return f"{self.scope}_{self.unit}_per_day"

    @property
    def told(self) -> str:
        """Say what is spent of what: `4.26 of 5.00 USD`."""
        if self.unit is Unit.TOKENS:
            return f"{self.spent:,} of {self.budget:,} tokens of models without a price"
        digits = 2 if self.budget >= _NUSD_PER_USD else 4
        spent, budget = self.spent / _NUSD_PER_USD, self.budget / _NUSD_PER_USD
        return f"{spent:,.{digits}f} of {budget:,.{digits}f} USD"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a turn is answered, and the budget that says so; without a step as always."""

    step: Step | None = None
    use: Use | None = None

    def includes(self, step: Step) -> bool:
        """Tell whether a step is taken: it, or one further down."""
        order = list(Step)
        return self.step is not None and order.index(self.step) >= order.index(step)


def uses(scope: Scope, key: str, day: date, spent: Spent, budget: Budget) -> Iterator[Use]:
    """Compare what was spent with a budget: once for money, once for tokens, if limited."""
    if budget.nusd:
        yield Use(scope, key, day, Unit.USD, spent.nusd, budget.nusd)
    if budget.tokens:
        yield Use(scope, key, day, Unit.TOKENS, spent.tokens, budget.tokens)


def plan(found: Iterable[Use], ladder: Ladder) -> Plan:
    """Take the step of the budget that is nearest its end."""
    tightest = max(found, key=lambda use: use.share, default=None)
    step = ladder.step(tightest.share) if tightest else None
    return Plan(step, tightest) if step else Plan()
