"""Budgets of the settings as the orchestrator understands them."""

from __future__ import annotations

from supportbot.orchestrator.answering.budgets import Budget, Ladder, SpendingRules
from supportbot.settings.tree import Settings

_NUSD_PER_USD = 1_000_000_000


def spending_rules(settings: Settings) -> SpendingRules:
    """Return what may be spent in a day. Pure; where kb-extractive answers, nothing is limited."""
    budget, model = settings.budget, settings.model
    if model.chosen is None:
        return SpendingRules(timezone=settings.reports.timezone)
    return SpendingRules(
        product=_budget(budget.product_usd_per_day, budget.product_tokens_per_day),
        customer=_budget(budget.customer_usd_per_day, budget.customer_tokens_per_day),
        installation=_budget(budget.installation_usd_per_day, budget.installation_tokens_per_day),
        ladder=Ladder(
            short_history_percent=budget.short_history_percent,
            cheaper_model_percent=budget.cheaper_model_percent if model.cheaper.name else None,
            draft_percent=budget.draft_percent,
        ),
        timezone=settings.reports.timezone,
    )


def _budget(usd: float, tokens: int) -> Budget:
    return Budget(nusd=round(usd * _NUSD_PER_USD), tokens=tokens)
