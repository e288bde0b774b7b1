"""What a valid tree still misses before the product can run: secrets, ways in, products."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from supportbot.errors import SettingsError
from supportbot.settings.mail import MailOAuthSettings
from supportbot.settings.models import ModelSettings
from supportbot.settings.slack import SlackSettings
from supportbot.settings.tree import Mailbox, Settings, WebSettings


def missing_secrets(settings: Settings) -> tuple[SettingsError, ...]:
    """Name every variable without which a configured model or channel cannot work. Pure."""
    return (
        *_missing_for_models(settings.model),
        *_missing_for_slack(settings),
        *(
            problem
            for box in settings.email.mailboxes
            for problem in _missing_for_mail(settings, box)
        ),
    )


def unread_mailboxes(settings: Settings) -> tuple[SettingsError, ...]:
    """Name every mailbox that nothing fills: no imap, and no listener. Pure."""
    if settings.email.listener.port is not None:
        return ()
    return tuple(
        SettingsError(
            f"mailbox {box.address}: nothing reads it; give imap or [email.listener] port"
        )
        for box in settings.email.mailboxes
        if not box.imap
    )


def endless_quiet(settings: Settings) -> tuple[SettingsError, ...]:
    """Name every way in whose quiet period could never end before its longest wait. Pure."""
    usual = settings.tickets
    found = [("tickets", usual.quiet_seconds, usual.max_wait_seconds)]
    ways_in: list[tuple[str, SlackSettings | WebSettings | Mailbox]] = [
        ("slack", settings.slack),
        ("web", settings.web),
        *((f"mailbox {box.address}", box) for box in settings.email.mailboxes),
    ]
    for place, one in ways_in:
        quiet, longest = one.quiet_seconds, one.max_wait_seconds
        if quiet is not None or longest is not None:
            found.append(
                (
                    place,
                    usual.quiet_seconds if quiet is None else quiet,
                    usual.max_wait_seconds if longest is None else longest,
                )
            )
    return tuple(
        SettingsError(
            f"{place}: quiet_seconds ({quiet:g}) is longer than max_wait_seconds ({longest:g}), "
            "which ends every wait; lower the one or raise the other"
        )
        for place, quiet, longest in found
        if quiet > longest
    )


def local_links(settings: Settings) -> Iterator[str]:
    """Note that links operators are sent may lead nowhere but on the bot's own machine. Pure."""
    slack, server = settings.slack, settings.server
    if slack.bot_token and slack.operators_channel and server.public_url is None:
        yield (
            "[server] public_url is not set: links to tickets in the operators' channel lead to "
            f"{server.address}; set it to what operators type to reach the dashboard"
        )


def unknown_senders(settings: Settings, needing: Collection[str]) -> Iterator[str]:
    """Note which mailboxes know no sender for certain, where tools need that. Pure."""
    listener = settings.email.listener
    by_itself = listener.port is not None and listener.check_authenticity
    boxes = [
        box.address
        for box in settings.email.mailboxes
        if not box.authserv_ids and not (by_itself and box.imap is None)
    ]
    if boxes and needing:
        tools = ", ".join(sorted(needing))
        yield (
            f"mailbox {', '.join(boxes)}: nothing tells who a mail is from, so everybody who "
            f"writes there is refused {tools}; set authserv_ids (docs/how-to/mail-senders.md)"
        )


def unheard_servers(settings: Settings) -> Iterator[str]:
    """Note who may hand mail in, and is neither believed nor checked. Pure."""
    listener = settings.email.listener
    believed = [*map(ip_network, listener.mail_servers)]
    strangers = [
        peer
        for peer in listener.peers
        if not any(_lies_in(ip_network(peer), network) for network in believed)
    ]
    named = any(box.authserv_ids for box in settings.email.mailboxes)
    if listener.port is not None and named and strangers and not listener.check_authenticity:
        yield (
            f"[email.listener] mail_servers: does not hold {', '.join(strangers)}, which may hand "
            "mail in; what such a server tells of senders does not count until it does"
        )


def unknown_products(settings: Settings, known: Collection[str]) -> tuple[SettingsError, ...]:
    """Name every product that a setting speaks of and no policy file describes. Pure."""
    return tuple(
        SettingsError(f"{place}: there is no product {product!r}; {_advice(product, known)}")
        for place, product in _named_products(settings)
        if product not in known
    )


def _missing_for_models(model: ModelSettings) -> Iterator[SettingsError]:
    for other in model.fallbacks:
        if other.api_key_env and not other.api_key:
            yield SettingsError(f"{other.api_key_env}: is not set; model {other.name} needs it")
    names = [*(other.name for other in model.fallbacks), model.larger.name]
    waiting = next((name for name in names if name), None)
    if waiting and model.chosen is None:
        yield SettingsError(
            f"OPENAI_API_KEY: is not set, nor is [model] base_url: no model comes before {waiting}"
        )


def _missing_for_slack(settings: Settings) -> Iterator[SettingsError]:
    slack = settings.slack
    wanted = slack.channels or slack.default_product or slack.app_token or slack.signing_secret
    begun = slack.client_id or slack.client_secret
    if not slack.bot_token and not begun:
        if wanted:
            yield SettingsError("SLACK_BOT_TOKEN: is not set, and [slack] is configured")
        return
    if slack.by_oauth or not slack.bot_token:
        yield from _missing_for_oauth(settings)
    if slack.mode == "socket" and not slack.app_token:
        yield SettingsError('SLACK_APP_TOKEN: is not set; [slack] mode = "socket" needs it')
    if slack.mode == "http" and not slack.signing_secret:
        yield SettingsError('SLACK_SIGNING_SECRET: is not set; [slack] mode = "http" needs it')


def _missing_for_oauth(settings: Settings) -> Iterator[SettingsError]:
    slack = settings.slack
    if slack.bot_token:
        yield SettingsError(
            "SLACK_BOT_TOKEN: is set beside SLACK_CLIENT_ID and SLACK_CLIENT_SECRET; keep the "
            "token for one workspace, or the other two for many that install the app themselves"
        )
        return
    for variable, value in (
        ("SLACK_CLIENT_ID", slack.client_id),
        ("SLACK_CLIENT_SECRET", slack.client_secret),
    ):
        if not value:
            yield SettingsError(f"{variable}: is not set; installing by OAuth needs it")
    yield from _wrong_way_back(settings.server.public_url)
    if settings.secret.token_key is None:
        yield SettingsError(
            "SUPPORTBOT_SECRET_TOKEN_KEY: is not set; the tokens of workspaces are encrypted "
            "under it (`supportbot admin token-key` prints one)"
        )
    if (slack.operators_channel or slack.operators) and slack.operators_team is None:
        yield SettingsError(
            "[slack] operators_team: is not set; say in which workspace operators are"
        )
    home, allowed = slack.operators_team, slack.workspaces
    if home and allowed and home not in allowed and not any(one[0] == "E" for one in allowed):
        yield SettingsError(
            f"[slack] workspaces: does not name {home}; operators_team has to install the app too"
        )


def _wrong_way_back(public_url: str | None) -> Iterator[SettingsError]:
    """Tell why nobody who installs the app could come back; the way's cookie needs HTTPS."""
    variable = "SUPPORTBOT_SERVER_PUBLIC_URL"
    if public_url is None:
        yield SettingsError(
            f"{variable}: is not set; Slack sends those who install the app "
            "back to /slack/oauth_redirect there"
        )
        return
    url = urlsplit(public_url)
    if url.scheme != "https" and not _is_loopback(url.hostname or ""):
        yield SettingsError(
            f"{variable}: begins with http://, where browsers keep no cookie of those who install "
            "the Slack app; write https:// and let a proxy end TLS"
        )


def _lies_in(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)


def _is_loopback(host: str) -> bool:
    """Tell whether browsers trust a host without HTTPS."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _missing_for_mail(settings: Settings, box: Mailbox) -> Iterator[SettingsError]:
    if box.oauth is not None:
        yield from _missing_for_mail_oauth(settings, box.address, box.oauth)
    elif box.password_env and not box.password:
        yield SettingsError(f"{box.password_env}: is not set; mailbox {box.address} needs it")
    elif box.imap and not box.password_env:
        yield SettingsError(
            f"mailbox {box.address}: imap needs a password or OAuth; give password_env or "
            "[email.mailboxes.oauth]"
        )


def _missing_for_mail_oauth(
    settings: Settings, address: str, oauth: MailOAuthSettings
) -> Iterator[SettingsError]:
    for variable, value in (
        (oauth.refresh_token_env, oauth.refresh_token),
        (oauth.client_secret_env, oauth.client_secret),
    ):
        if variable and not value:
            yield SettingsError(f"{variable}: is not set; mailbox {address} needs it")
    # Google's refresh tokens stay the same; those of others are replaced and have to be kept.
    if oauth.provider != "google" and settings.secret.token_key is None:
        yield SettingsError(
            "SUPPORTBOT_SECRET_TOKEN_KEY: is not set; the newest refresh token of mailbox "
            f"{address} is encrypted under it (`supportbot admin token-key` prints one)"
        )


def _named_products(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each place that names a product, with the name."""
    slack, mail = settings.slack, settings.email
    if settings.tickets.default_product:
        yield "tickets.default_product", settings.tickets.default_product
    if slack.default_product:
        yield "slack.default_product", slack.default_product
    for channel, place in slack.channels.items():
        if place.product:
            yield f"slack.channels.{channel}", place.product
    for number, prompt in enumerate(slack.prompts):
        if prompt.product:
            yield f"slack.prompts[{number}]", prompt.product
    for box in mail.mailboxes:
        if box.product:
            yield f"mailbox {box.address}", box.product
    for product in settings.web.products:
        yield "web.products", product


def _advice(product: str, known: Collection[str]) -> str:
    close = get_close_matches(product, sorted(known), n=1)
    hint = f"did you mean {close[0]!r}? Else write" if close else "write"
    return f"{hint} policies/products/{product}.md"
