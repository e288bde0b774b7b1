"""What models may cost in a day, and from where on the bot makes do with less."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from supportbot.settings.kinds import Dollars, Percent, TokensPerDay
from supportbot.settings.section import Section


class BudgetSettings(Section):
    """What models may cost in a day of the reports' time zone, and how the bot makes do.

    Money counts where a model's price is known, tokens where it is not. 0 sets no limit.
    """

    product_usd_per_day: Dollars = Field(
        default=5,
        description="US dollars each product may spend in a day; 0: no limit.",
    )
    customer_usd_per_day: Dollars = Field(
        default=0.5,
        description="US dollars each customer may cost in a day; 0: no limit.",
    )
    installation_usd_per_day: Dollars = Field(
        default=0,
        description="US dollars all products together may spend in a day; 0: no limit.",
    )
    product_tokens_per_day: TokensPerDay = Field(
        default=2_000_000,
        description="Tokens each product may use of models without a known price; 0: no limit.",
    )
    customer_tokens_per_day: TokensPerDay = Field(
        default=200_000,
        description="Tokens each customer may use of models without a known price; 0: no limit.",
    )
    installation_tokens_per_day: TokensPerDay = Field(
        default=0,
        description="Tokens of models without a known price for all products together; "
        "0: no limit.",
    )
    short_history_percent: Percent = Field(
        default=70, description="From here the model gets a shorter history."
    )
    cheaper_model_percent: Percent = Field(
        default=85,
        description="From here the cheaper model is asked, if there is one.",
    )
    draft_percent: Percent = Field(
        default=95,
        description="From here answers are drafted, not sent; at 100 people answer.",
    )

    @field_validator("cheaper_model_percent", "draft_percent")
    @classmethod
    def _ascends(cls, value: float, info: ValidationInfo) -> float:
        steps = ("short_history_percent", "cheaper_model_percent")
        for name in steps:
            earlier = info.data.get(name, 0)
            if earlier > value:
                raise ValueError(
                    f"is {value:g}, below {name} ({earlier:g}); the steps follow each other"
                )
        return value
