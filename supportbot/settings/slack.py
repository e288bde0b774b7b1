"""Slack: `[slack]`, and what differs within a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from supportbot.settings.kinds import (
    HttpUrl,
    Product,
    Seconds,
    SlackChannel,
    SlackGroup,
    SlackPeople,
    SlackTeam,
)
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


class SlackSettings(Section):
    """One Slack workspace by its bot token, or many that install the app by OAuth; else off."""

    mode: Literal["socket", "http"] = Field(
        default="socket",
        description="How events come: Socket Mode, or signed HTTP at /slack/events.",
    )
    default_product: Product | None = Field(
        default=None, description="Product of channels that are not listed, and of direct messages."
    )
    channels: Mapping[SlackChannel, SlackPlaceSettings] = Field(
        default_factory=dict,
        description='Product of each channel id: `C0123 = "hosting"`; or a table '
        '`[slack.channels.C0123]` with `product`, `listen = "mentions"` (or `"all"`: every new '
        'message opens a ticket), `groups = ["S0123"]` (user groups whose members may open '
        "tickets) and `bots = false` (whether other bots may).",
    )
    operators: tuple[SlackPeople, ...] = Field(
        default=(),
        description="Ids of operators, or of user groups of them; empty: whoever is in "
        "operators_channel is one.",
    )
    operators_channel: SlackChannel | None = Field(
        default=None,
        description="Channel id for notices: handoffs and drafts. Without operators its members "
        "are the operators.",
    )
    take_over: Literal["operators", "anyone"] | None = Field(
        default=None,
        description="Who takes a customer's thread over by writing into it; empty: operators "
        "where there are any (operators or operators_channel is set), else anyone.",
    )
    ask_score: bool = Field(
        default=True,
        description="Ask a customer how it went when a ticket they were answered in is resolved.",
    )
    live: bool = Field(
        default=True,
        description="Show answers while they are written, as far as Slack's limits allow.",
    )
    operators_team: SlackTeam | None = Field(
        default=None,
        description="Workspace id of operators and their channel, where the app is installed "
        "by OAuth; the id of their organisation where that installed it for all its workspaces.",
    )
    workspaces: tuple[SlackTeam, ...] = Field(
        default=(),
        description="Ids of workspaces, or of organisations with all of theirs, that may install "
        "the app by OAuth; empty: any.",
    )
    quiet_seconds: Seconds | None = Field(
        default=None, ge=0, description="As [tickets] quiet_seconds, for this channel."
    )
    max_wait_seconds: Seconds | None = Field(
        default=None, gt=0, description="As [tickets] max_wait_seconds, for this channel."
    )
    api_url: HttpUrl = Field(
        default="https://slack.com/api/",
        description="Slack's Web API, or a stand-in for tests.",
        json_schema_extra={"env": "SLACK_API_URL"},
    )
    bot_token: SecretStr | None = Field(
        default=None, description="Bot token, xoxb-.", json_schema_extra={"env": "SLACK_BOT_TOKEN"}
    )
    app_token: SecretStr | None = Field(
        default=None,
        description="App-level token, xapp-; Socket Mode needs it.",
        json_schema_extra={"env": "SLACK_APP_TOKEN"},
    )
    signing_secret: SecretStr | None = Field(
        default=None,
        description="Signing secret; HTTP mode needs it.",
        json_schema_extra={"env": "SLACK_SIGNING_SECRET"},
    )
    client_id: str | None = Field(
        default=None,
        min_length=1,
        description="Client id of an app that workspaces install themselves at /slack/install; "
        "instead of a bot token.",
        json_schema_extra={"env": "SLACK_CLIENT_ID"},
    )
    client_secret: SecretStr | None = Field(
        default=None,
        description="Its client secret.",
        json_schema_extra={"env": "SLACK_CLIENT_SECRET"},
    )
    prompts: tuple[SlackPromptSettings, ...] = Field(
        default=(),
        max_length=100,
        description="Questions that are offered in the messages tab: the first four; where "
        "somebody looks at a channel with a product, those of that product first, of no other.",
    )

    @field_validator("operators_channel")
    @classmethod
    def _for_operators_alone(cls, channel: str | None, given: ValidationInfo) -> str | None:
        """Refuse to put notices before customers."""
        if channel in given.data.get("channels", ()):
            raise ValueError("it stands in [slack.channels] too; remove it there, or name another")
        return channel

    @property
    def by_oauth(self) -> bool:
        """Whether workspaces install the app themselves; one of the two alone says nothing."""
        return bool(self.client_id and self.client_secret)
