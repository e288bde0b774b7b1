"""From settings to mailboxes and the listener they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import SecretStr

from supportbot.app.mail_trust import own_check, trust_of
from supportbot.channels.email.arriving.listener import ListenerRules, MailListener
from supportbot.channels.email.channel import EmailConfig, EmailSetup
from supportbot.channels.email.connecting.token_endpoint import (
    GOOGLE_URL,
    MICROSOFT_SCOPE,
    MICROSOFT_URL,
    OAuthGrant,
)
from supportbot.channels.email.meaning.addressees import Home
from supportbot.channels.email.sending.pacing import DomainPace
from supportbot.errors import SettingsError
from supportbot.settings.mail import ListenerSettings, MailOAuthSettings
from supportbot.settings.tree import Mailbox, Settings


def mail_setups(settings: Settings, secret: str) -> Iterator[EmailSetup]:
    """Return what each mailbox is built from.

    Raises:
        SettingsError: the listener's certificate cannot be read, or packages are missing that the
            check of senders needs.
    """
    boxes = settings.email.mailboxes
    homes = mail_homes(boxes)
    listener = mail_listener(settings.email.listener, tuple(homes))
    check = own_check(settings.email)
    pace = DomainPace(settings.email.per_domain_per_minute)
    for box in boxes:
        config = mailbox_config(settings, box, secret, homes)
        yield EmailSetup(replace(config, check=check), listener, pace)


def mailbox_config(
    settings: Settings,
    box: Mailbox,
    secret: str,
    homes: Mapping[str, Home] | None = None,
    timeout_seconds: float = 30.0,
) -> EmailConfig:
    """Return what the channel of a mailbox needs to know; `homes`: addresses of all of them."""
    return EmailConfig(
        address=box.address,
        secret=secret.encode(),
        product=box.product,
        aliases=box.aliases,
        keep_copies=box.cc == "keep",
        tag_subjects=box.subject_tag,
        homes=homes or {},
        imap=box.imap,
        imap_password=_secret(box.password),
        folders=box.folders,
        oauth=_grant(box.oauth) if box.oauth else None,
        token_keys=_secret(settings.secret.token_key),
        import_days=box.import_days,
        smtp=box.smtp,
        smtp_password=_secret(box.password),
        outbox=settings.folder / box.outbox if box.outbox else None,
        reply_address=box.reply_address,
        sent_folder=box.sent_folder,
        timeout_seconds=timeout_seconds,
        trust=trust_of(settings.email, box),
    )


def mail_homes(boxes: Sequence[Mailbox]) -> dict[str, Home]:
    """Return what each address of these mailboxes stands for."""
    return {address: _home(box) for box in boxes for address in _addresses(box)}


def _home(box: Mailbox) -> Home:
    return Home(f"email:{box.address}", box.product, keeps_copies=box.cc == "keep")


def _addresses(box: Mailbox) -> tuple[str, ...]:
    own_domain = (box.reply_address,) if box.reply_address.startswith("*") else ()
    return (box.address, *box.aliases, *own_domain)


def mail_listener(
    settings: ListenerSettings, addresses: tuple[str, ...] = ()
) -> MailListener | None:
    """Return the listener, which opens nothing yet; None: there is none.

    Raises:
        SettingsError: its certificate cannot be read.
    """
    if settings.port is None:
        return None
    if settings.certificate_key and not settings.certificate:
        raise SettingsError("[email.listener] certificate: is not set, but its certificate_key is")
    rules = ListenerRules(
        protocol=settings.protocol,
        peers=settings.peers,
        certificate=settings.certificate,
        certificate_key=settings.certificate_key,
        max_connections=settings.max_connections,
        max_bytes=settings.max_bytes,
    )
    return MailListener(settings.host, settings.port, addresses, rules)


def _grant(oauth: MailOAuthSettings) -> OAuthGrant:
    microsoft = oauth.provider == "microsoft"
    usual = MICROSOFT_URL.format(tenant=oauth.tenant) if microsoft else GOOGLE_URL
    return OAuthGrant(
        token_url=oauth.token_url or usual,
        client_id=oauth.client_id,
        client_secret=_secret(oauth.client_secret),
        refresh_token=_secret(oauth.refresh_token) or "",
        scope=oauth.scope or (MICROSOFT_SCOPE if microsoft else ""),
        variable=oauth.refresh_token_env,
    )


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
