"""What differs within a Slack workspace: `[slack.channels]` and `[[slack.prompts]]`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from supportbot.settings.kinds import Product, SlackGroup
from supportbot.settings.section import Section


class SlackPlaceSettings(Section):
    """What holds in one Slack channel; `C0123 = "hosting"` is short for its product alone."""

    product: Product | None = Field(
        default=None, description="Product of the channel; else [slack] default_product."
    )
    listen: Literal["mentions", "all"] = Field(
        default="mentions",
        description="What opens a ticket: a mention of the bot, or every new message; in a thread "
        "that is a ticket, nobody needs to mention it.",
    )
    groups: tuple[SlackGroup, ...] = Field(
        default=(), description="User groups whose members may open tickets; empty: everybody."
    )
    bots: bool = Field(
        default=False,
        description="Whether messages of other bots may open tickets; their replies never count.",
    )

    @model_validator(mode="before")
    @classmethod
    def _product_alone(cls, value: object) -> object:
        return {"product": value} if isinstance(value, str) else value


class SlackPromptSettings(Section):
    """A question that is offered in the messages tab."""

    title: str = Field(min_length=1, max_length=75, description="What its button says.")
    message: str = Field(
        min_length=1, max_length=1000, description="What is sent when it is chosen."
    )
    product: Product | None = Field(
        default=None, description="Product that it asks about; else that of direct messages."
    )
