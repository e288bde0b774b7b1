"""From settings to connected channels: which adapters there are, and with which values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from pydantic import SecretStr

from supportbot.app.plugins import CHANNELS, load_factory
from supportbot.channels.base import Channel, ChannelOptions, ChannelParts
from supportbot.channels.slack.config import (
    AppCredentials,
    ChannelRules,
    Rulebook,
    SlackConfig,
    SlackOAuth,
    SuggestedPrompt,
    Transport,
)
from supportbot.model.caps import Cap, CapScope, Restraint
from supportbot.orchestrator.wiring import NoticeRoute, Patience
from supportbot.settings.slack import SlackSettings
from supportbot.settings.tree import Mailbox, PluginChannel, Settings, WebSettings

_SLACK = "slack"
_SLACK_KEY = "slack:main"


def build_channels(
    settings: Settings, products: Mapping[str, str], parts: ChannelParts
) -> Iterator[Channel]:
    """Build every configured channel, the built-in kinds first.

    Raises:
        ConfigError: a channel lacks something; the message names it.
    """
    if settings.slack.bot_token or settings.slack.by_oauth:
        yield _slack(settings, products, parts)
    if settings.email.mailboxes:
        yield from _mail(settings, parts)
    if settings.web.enabled:
        yield _web(settings, products, parts)
    for plugin in settings.channels:
        yield load_factory(CHANNELS, plugin.kind)(_options(plugin), parts)


def patience(settings: Settings, channel: Channel) -> Patience:
    """Say how long a channel's customers may go on writing before they are answered."""
    boxes = {f"email:{box.address}": box for box in settings.email.mailboxes}
    own: SlackSettings | WebSettings | Mailbox | None = boxes.get(channel.key)
    if channel.kind == _SLACK:
        own = settings.slack
    elif channel.kind == "web":
        own = settings.web
    quiet, longest = (own.quiet_seconds, own.max_wait_seconds) if own else (None, None)
    return Patience(
        settings.tickets.quiet_seconds if quiet is None else quiet,
        settings.tickets.max_wait_seconds if longest is None else longest,
    )


def notice_routes(settings: Settings) -> tuple[NoticeRoute, ...]:
    """Say where operators are told things."""
    slack = settings.slack
    if slack.operators_channel is None or not (slack.bot_token or slack.by_oauth):
        return ()
    team = {"team": slack.operators_team} if slack.operators_team else {}
    return (NoticeRoute(_SLACK_KEY, {"channel": slack.operators_channel, **team}),)


def anyone_steps_in(settings: Settings, channel: Channel) -> bool:
    """Say whether anybody may take a customer's thread over by writing into it."""
    if channel.kind != _SLACK:
        return False
    slack = settings.slack
    if slack.take_over is not None:
        return slack.take_over == "anyone"
    return not (slack.operators or slack.operators_channel)


def restraint(settings: Settings, channel: Channel) -> Restraint | None:
    """Say how many words may leave by themselves where customers may be machines."""
    if channel.kind != "email":
        return None
    caps = settings.email.caps
    return Restraint(
        (
            Cap(CapScope.TICKET, caps.ticket_per_10_minutes, 10),
            Cap(CapScope.TICKET, caps.ticket_per_hour, 60),
            Cap(CapScope.TICKET, caps.ticket_per_10_hours, 600),
            Cap(CapScope.SENDER, caps.sender_per_3_hours, 180),
            Cap(CapScope.EVERYONE, caps.all_per_hour, 60),
        ),
        caps.repeats,
        timedelta(minutes=caps.repeat_minutes),
    )


def scored(settings: Settings) -> frozenset[str]:
    """Name the channels whose customers are asked how it went."""
    return frozenset({_SLACK_KEY} if settings.slack.ask_score else ())


def _options(plugin: PluginChannel) -> ChannelOptions:
    return ChannelOptions(
        kind=plugin.kind, name=plugin.name, product=plugin.product, options=plugin.options
    )


def slack_config(settings: Settings, products: Mapping[str, str]) -> SlackConfig:
    """Return what the Slack channel needs to know.

    Raises:
        SettingsError: a secret that it needs is missing.
    """
    slack = settings.slack
    return SlackConfig(
        bot_token=_secret(slack.bot_token) or "",
        app_token=_secret(slack.app_token),
        signing_secret=_secret(slack.signing_secret),
        transport=Transport(slack.mode),
        rulebook=_rulebook(slack, products),
        api_url=str(slack.api_url),
        operators=frozenset(slack.operators),
        operators_channel=slack.operators_channel,
        live=slack.live,
        oauth=_oauth(settings),
        operators_team=slack.operators_team or "",
    )


def _slack(settings: Settings, products: Mapping[str, str], parts: ChannelParts) -> Channel:
    config = slack_config(settings, products)
    channel: Channel = load_factory(CHANNELS, _SLACK)(config, parts)
    return channel


def _oauth(settings: Settings) -> SlackOAuth | None:
    slack = settings.slack
    if not slack.by_oauth:
        return None
    return SlackOAuth(
        AppCredentials(slack.client_id or "", _secret(slack.client_secret) or ""),
        token_keys=_secret(settings.secret.token_key) or "",
        public_url=settings.server.address,
        workspaces=frozenset(slack.workspaces),
    )


def _rulebook(slack: SlackSettings, products: Mapping[str, str]) -> Rulebook:
    default = slack.default_product
    by_channel = {
        channel: ChannelRules(
            product=rules.product or default,
            listens_to_all=rules.listen == "all",
            groups=frozenset(rules.groups),
            bots=rules.bots,
        )
        for channel, rules in slack.channels.items()
    }
    prompts = tuple(SuggestedPrompt(one.title, one.message, one.product) for one in slack.prompts)
    return Rulebook(by_channel, ChannelRules(default), products, prompts)


def _web(settings: Settings, products: Mapping[str, str], parts: ChannelParts) -> Channel:
    from supportbot.channels.web.config import WebConfig

    shown = settings.web.products or tuple(products)
    public_url = settings.server.public_url
    config = WebConfig(
        products={key: products[key] for key in shown},
        secret=parts.secret,
        public_url=str(public_url) if public_url else None,
    )
    channel: Channel = load_factory(CHANNELS, "web")(config, parts)
    return channel


def _mail(settings: Settings, parts: ChannelParts) -> Iterator[Channel]:
    from supportbot.app.mail_ways import mail_setups

    for setup in mail_setups(settings, parts.secret):
        yield load_factory(CHANNELS, "email")(setup, parts)


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
