"""A mailbox as a channel: IMAP or the shared SMTP listener in, SMTP or a maildir out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from supportbot.channels.base import Accept, ChannelParts
from supportbot.channels.email.arriving.listener import MailListener, Received
from supportbot.channels.email.arriving.receiver import Arrived, ImapReceiver, Pace, Secret
from supportbot.channels.email.authenticity.checks import Check, Envelope
from supportbot.channels.email.authenticity.judge import CHECKED, Trust
from supportbot.channels.email.connecting.imap_server import ImapServer, imap_server
from supportbot.channels.email.connecting.oauth import AccessToken, GrantShelf, RefreshedToken
from supportbot.channels.email.connecting.token_endpoint import OAuthGrant
from supportbot.channels.email.identity import SignedAddresses
from supportbot.channels.email.meaning.addressees import Home
from supportbot.channels.email.meaning.disposition import without_plus
from supportbot.channels.email.meaning.threads import content_key
from supportbot.channels.email.meaning.understand import Mailbox, understand
from supportbot.channels.email.reading.addresses import id_domain
from supportbot.channels.email.reading.mail import Limits
from supportbot.channels.email.reading.parse import PARSER_VERSION
from supportbot.channels.email.reading.readers import Readers
from supportbot.channels.email.sending.letters import Letters
from supportbot.channels.email.sending.outbox import Outbox
from supportbot.channels.email.sending.pacing import DomainPace
from supportbot.channels.email.sending.render import render
from supportbot.channels.email.sending.sent_folder import SentFolder
from supportbot.channels.email.sending.submission import Submission, submission
from supportbot.channels.email.sending.ways_out import OverSmtp, Parcel, ToFolder, WayOut
from supportbot.channels.vault import Vault
from supportbot.errors import DeliveryUnknown, SendError, SettingsError
from supportbot.model.delivery import Delivery, Receipt
from supportbot.model.inbound import CustomerMessage, Inbound
from supportbot.model.time import Clock
from supportbot.store.database import Database


@dataclass(frozen=True, slots=True)
class EmailConfig:
    """One mailbox. With `outbox` replies are written there; else `smtp` is needed to reply."""

    address: str
    #: Signs our Message-IDs; the same for all mailboxes and stable over restarts.
    secret: bytes
    product: str | None = None
    #: Name shown beside the address.
    sender_name: str = ""
    #: Further addresses that reach this mailbox.
    aliases: tuple[str, ...] = ()
    #: Answers go also to the others that the customer wrote to.
    keep_copies: bool = False
    #: Put the end of the ticket's id into the subject, for desks that keep nothing else.
    tag_subjects: bool = False
    #: What the addresses of all mailboxes stand for: mail from any of them is never answered.
    homes: Mapping[str, Home] = field(default_factory=dict)
    #: `imaps://user@host:993/INBOX`; None: this mailbox is fed by the listener only.
    imap: str | None = None
    imap_password: str | None = field(default=None, repr=False)
    #: Folders that are read; empty: the one of `imap`, or INBOX.
    folders: tuple[str, ...] = ()
    #: Instead of passwords.
    oauth: OAuthGrant | None = None
    #: Encrypt the tokens that came last; None: nothing of them is kept.
    token_keys: str | None = field(default=None, repr=False)
    #: Days of older mail to file (never to answer) at the first connection.
    import_days: int = 0
    #: `smtps://user@host:465` or `smtp://user@host:587` (STARTTLS).
    smtp: str | None = None
    smtp_password: str | None = None
    outbox: Path | None = None
    #: Where answers are asked for and reports come back: `plus` for signed addresses behind a
    #: plus, `*@domain` for signed ones there, `none` for the plain address.
    reply_address: str = "plus"
    #: Folder of copies; None: the one that the server says is for sent mail; empty: none.
    sent_folder: str | None = None
    timeout_seconds: float = 30.0
    pace: Pace = field(default_factory=Pace)
    limits: Limits = field(default_factory=Limits)
    #: Who may tell whether senders are who they say.
    trust: Trust = field(default_factory=Trust)
    #: Tells it of mail that others than our own mail servers hand in; None: nobody does.
    check: Check | None = None


class EmailChannel:
    """Fulfils `channels.base.Channel` for one mailbox."""

    kind = "email"
    parser_version = PARSER_VERSION

    def __init__(
        self,
        config: EmailConfig,
        db: Database,
        clock: Clock,
        listener: MailListener | None = None,
        pace: DomainPace | None = None,
    ) -> None:
        """Wire a mailbox; nothing is connected yet.

        `pace` is shared by all mailboxes; None: none is kept.

        Raises:
            SettingsError: a URL cannot be read, or the address is none.
        """
        try:
            named = "@" in config.address and id_domain(config.address)
        except ValueError:
            named = False
        if not named:
            raise SettingsError(f"{config.address!r} is not a mail address")
        self.key = f"email:{config.address.lower()}"
        self._config = config
        self._clock = clock
        self._listener = listener
        self._readers = Readers()
        #: Signs in to imap and smtp where there is no password.
        self._token = mail_token(self.key, config, db, clock)
        self._receiver = _receiver(self.key, config, self._token, db, clock)
        signed = _signed(config)
        self._owns = signed.owns if signed else _owns_nothing
        self._letters = Letters(
            config.address,
            config.secret,
            config.sender_name,
            signed,
            tag_subjects=config.tag_subjects,
        )
        self._way_out = _way_out(config, self._token, pace)
        home = Home(self.key, config.product, config.keep_copies)
        own = dict.fromkeys((config.address, *config.aliases, *_own_domain(config)), home)
        self._mailbox = Mailbox(
            address=config.address,
            home=home,
            homes={without_plus(one): of for one, of in {**config.homes, **own}.items()},
            secret=config.secret,
            limits=config.limits,
            trust=config.trust,
        )

    async def run(self, accept: Accept) -> None:
        """Read the mailbox and take mail from the listener, whichever there is, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self._receiver is not None:
                tasks.create_task(self._receiver.run(partial(self._commit_fetched, accept)))
            if self._listener is not None:
                tasks.create_task(self._listen(self._listener, accept))

    def parse(self, inbound: Inbound) -> CustomerMessage:
        """See `understand`."""
        return understand(inbound, self._mailbox, self._readers.read)

    async def send(self, delivery: Delivery) -> Receipt:
        """Render and hand over once; the Message-ID is the same at every attempt."""
        if self._way_out is None:
            raise SendError(f"{self.key}: no smtp server and no outbox is set", permanent=True)
        try:
            letter = self._letters.letter(delivery, self._clock())
            content = render(letter).as_bytes()
            envelope = self._letters.envelope(delivery, letter)
        except ValueError as error:
            raise SendError(f"cannot be written as a mail: {error}", permanent=True) from error
        parcel = Parcel(letter.message_id, envelope, content, delivery.attempts)
        refused = await self._way_out.leave(parcel)
        for one in refused:
            if one.address == letter.to:  # sent again, it would reach the others twice
                raise SendError(f"{one.address}: {one.said}; others got it", permanent=True)
        return self._letters.receipt(delivery, refused)

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Look into the outbox, or the folder of sent mail: a mail server can't be asked."""
        if self._way_out is None:
            raise DeliveryUnknown(f"{self.key}: no smtp server and no outbox is set")
        message_id = self._letters.message_id(delivery)
        left = await self._way_out.left(message_id, delivery.attempts)
        return self._letters.receipt(delivery) if left else None

    def healthy(self) -> str | None:
        """Tell what keeps the mailbox from being read."""
        return self._receiver.trouble if self._receiver is not None else None

    async def _listen(self, listener: MailListener, accept: Accept) -> None:
        config = self._config
        addresses = (config.address, *config.aliases, *_own_domain(config))
        deliver = partial(self._commit_received, accept)
        async with listener.serving(addresses, deliver, self._owns):
            await asyncio.Event().wait()

    async def _commit_fetched(self, accept: Accept, arrived: Arrived) -> None:
        mail = arrived.mail
        uid = f"{arrived.folder}:{arrived.uidvalidity}:{mail.uid}"
        meta = {
            "folder": arrived.folder,
            "uidvalidity": str(arrived.uidvalidity),
            "uid": str(mail.uid),
            "internal_date": mail.internal_date.isoformat(),
        }
        if arrived.before_cut_over:
            meta["observed"] = "1"
        if mail.too_large:
            meta["too_large"] = "1"
        if mail.withheld:
            meta["withheld"] = "1"
        content = () if mail.withheld else (content_key(mail.raw),)
        await accept(self._inbound((f"imap:{uid}", *content), mail.raw, meta))

    async def _commit_received(self, accept: Accept, received: Received) -> None:
        meta = {
            "mail_from": received.mail_from,
            "rcpt": ",".join(received.recipients),
            "peer": received.peer,
            "helo": received.helo,
        }
        if self._config.check is not None and not self._config.trust.hands_on(received.peer):
            meta[CHECKED] = await self._config.check(
                Envelope(received.raw, received.mail_from, received.peer, received.helo)
            )
        await accept(self._inbound((content_key(received.raw),), received.raw, meta))

    def _inbound(self, keys: tuple[str, ...], raw: bytes, meta: dict[str, str]) -> Inbound:
        return Inbound(
            channel=self.key,
            keys=keys,
            raw=raw,
            meta=meta,
            received_at=self._clock(),
            deferred=True,
        )


def mail_token(
    key: str, config: EmailConfig, db: Database | None, clock: Clock
) -> AccessToken | None:
    """Return what signs in to a mailbox instead of a password; without a database nothing is kept.

    Raises:
        SettingsError: a key of the vault is none.
    """
    if config.oauth is None:
        return None
    vault = Vault(config.token_keys) if config.token_keys else None
    return RefreshedToken(config.oauth, GrantShelf(key, config.oauth, db, vault), clock)


def mail_server(config: EmailConfig) -> ImapServer | None:
    """Return where a mailbox is read; None: by the listener only.

    Raises:
        SettingsError: its URL cannot be read.
    """
    if config.imap is None:
        return None
    return imap_server(
        config.imap,
        config.folders,
        by_token=config.oauth is not None,
        timeout_seconds=config.timeout_seconds,
    )


def mail_submission(config: EmailConfig, token: AccessToken | None) -> Submission | None:
    """Return where replies are handed in; None: they are written to a folder.

    Raises:
        SettingsError: its URL cannot be read.
    """
    if config.smtp is None:
        return None
    return submission(config.smtp, config.smtp_password, config.timeout_seconds, token)


def answers_to(config: EmailConfig) -> str:
    """Return an address of those that customers are asked to answer to."""
    signed = _signed(config)
    return signed.reply_to("") if signed else config.address


def _owns_nothing(_address: str) -> bool:
    return False


def _signed(config: EmailConfig) -> SignedAddresses | None:
    if config.reply_address == "none":
        return None
    plus = config.reply_address == "plus"
    return SignedAddresses(config.address if plus else config.reply_address, config.secret)


def _own_domain(config: EmailConfig) -> tuple[str, ...]:
    """Return the domain of which all mail ends here, as `belongs` takes it."""
    return (config.reply_address,) if config.reply_address.startswith("*@") else ()


def _way_out(
    config: EmailConfig, token: AccessToken | None, pace: DomainPace | None
) -> WayOut | None:
    if config.outbox is not None:
        return ToFolder(Outbox(config.outbox))
    server = mail_submission(config, token)
    if server is None:
        return None
    return OverSmtp(server, pace or DomainPace(None), _sent_folder(config, token))


def _sent_folder(config: EmailConfig, token: AccessToken | None) -> SentFolder | None:
    server = mail_server(config)
    if server is None or config.sent_folder == "":
        return None

    async def secret() -> str:
        return await token.current() if token else config.imap_password or ""

    return SentFolder(server, secret, config.sent_folder)


def _receiver(
    key: str, config: EmailConfig, token: AccessToken | None, db: Database, clock: Clock
) -> ImapReceiver | None:
    server = mail_server(config)
    if server is None:
        return None
    return ImapReceiver(
        key,
        server,
        Secret(config.imap_password or "", token),
        db,
        clock,
        import_days=config.import_days,
        max_bytes=config.limits.max_bytes,
        pace=config.pace,
    )


@dataclass(frozen=True, slots=True)
class EmailSetup:
    """A mailbox and the SMTP listener it shares with the others, if there is one."""

    config: EmailConfig
    listener: MailListener | None
    #: Shared by all mailboxes.
    pace: DomainPace | None = None


def build(setup: EmailSetup, parts: ChannelParts) -> EmailChannel:
    """Make the channel; the factory of its entry point."""
    return EmailChannel(setup.config, parts.db, parts.clock, setup.listener, setup.pace)
