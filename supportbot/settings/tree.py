"""Every setting, typed and described, in one tree; built once by `load` and passed down.

Only values and the rules between them: what reads the file and the environment is in `load`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from supportbot.channels.email.identity import MOST_LOCAL_CHARS
from supportbot.settings.budget import BudgetSettings
from supportbot.settings.files import FilesSettings
from supportbot.settings.keys import SecretSettings
from supportbot.settings.kinds import (
    AuthservId,
    Days,
    Hours,
    HttpUrl,
    ImapUrl,
    MailAddress,
    MailFolder,
    Minutes,
    Port,
    Product,
    ReplyAddress,
    Seconds,
    SmtpUrl,
    TimeZone,
    VariableName,
)
from supportbot.settings.mail import ListenerSettings, MailOAuthSettings
from supportbot.settings.mail_caps import MailCapSettings
from supportbot.settings.models import ModelSettings
from supportbot.settings.retention import RetentionSettings
from supportbot.settings.section import Section
from supportbot.settings.slack import SlackSettings


class DatabaseSettings(Section):
    """Where everything is kept."""

    url: str = Field(
        default="sqlite:///supportbot.db",
        repr=False,  # a PostgreSQL URL may carry a password
        description="`sqlite:///path` (relative to the bot folder) or `postgresql://user@host/name`.",
    )


class ServerSettings(Section):
    """The HTTP server: dashboard, web chat, Slack events, health."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on.",
        json_schema_extra={"env": "SUPPORTBOT_HOST"},
    )
    port: Port = Field(
        default=8080,
        description="Port; 0 takes a free one.",
        json_schema_extra={"env": "SUPPORTBOT_PORT"},
    )
    public_url: HttpUrl | None = Field(
        default=None, description="What people type to reach it; used in links and for cookies."
    )

    @property
    def address(self) -> str:
        """The public URL, else where it listens; without a slash at the end."""
        return str(self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


class Mailbox(Section):
    """One mail address that customers write to."""

    address: MailAddress = Field(description="The address; replies come from it.")
    product: Product | None = Field(
        default=None, description="Product it stands for; else [tickets] default_product."
    )
    aliases: tuple[MailAddress, ...] = Field(
        default=(),
        description="Further addresses that end in this mailbox; never answered as customers.",
    )
    imap: ImapUrl | None = Field(
        default=None,
        description="Where it is read: `imaps://user@host:993`; else by the listener only.",
    )
    folders: tuple[MailFolder, ...] = Field(
        default=(),
        max_length=20,
        description="Folders that are read, INBOX if empty; the first is watched, the others are "
        "looked at once a minute.",
    )
    smtp: SmtpUrl | None = Field(
        default=None,
        description="Where replies go: `smtps://user@host:465` or `smtp://user@host:587` "
        "(STARTTLS, which only a server on this machine need not have).",
    )
    outbox: Path | None = Field(
        default=None, description="Instead of smtp: a Maildir folder that replies are written to."
    )
    reply_address: ReplyAddress = Field(
        default="plus",
        description="Where customers' answers and reports come back: `plus` for signed addresses "
        "such as help+...@example.com, which the mail server must deliver to help@example.com; "
        "`*@reply.example.com` for signed ones of a domain of which all mail ends in this mailbox; "
        "`none` for the plain address.",
    )
    sent_folder: str | None = Field(
        default=None,
        max_length=200,
        description="Folder of the imap mailbox for copies of replies; else the one that the "
        "server says is for sent mail. Empty: no copies, for servers that file them by themselves "
        "(Gmail, which does, is known).",
    )
    cc: Literal["keep", "drop"] = Field(
        default="drop", description="`keep`: answers go also to those whom the customer wrote to."
    )
    subject_tag: bool = Field(
        default=False, description="Put the ticket's tag, such as [#7K3QF9Z2], into subjects."
    )
    password_env: VariableName | None = Field(
        default=None, description="Name of the variable with the password of imap and smtp."
    )
    password: SecretStr | None = Field(
        default=None,
        description="Filled from the variable that password_env names, never from the file.",
    )
    quiet_seconds: Seconds | None = Field(
        default=None, ge=0, description="As [tickets] quiet_seconds, for this channel."
    )
    max_wait_seconds: Seconds | None = Field(
        default=None, gt=0, description="As [tickets] max_wait_seconds, for this channel."
    )
    import_days: int = Field(
        default=0,
        ge=0,
        le=3660,
        description="Mail this many days older than the first connection is read too.",
    )
    authserv_ids: tuple[AuthservId, ...] = Field(
        default=(),
        description="Mail servers whose Authentication-Results tell who wrote a mail, by the name "
        "that stands first in them; see docs/how-to/mail-senders.md.",
    )
    oauth: MailOAuthSettings | None = Field(
        default=None, description="Instead of a password: OAuth 2."
    )

    @model_validator(mode="after")
    def _one_way_out(self) -> Mailbox:
        if (self.smtp is None) == (self.outbox is None):
            raise ValueError("give smtp or outbox (one of them), else replies cannot leave")
        return self

    @model_validator(mode="after")
    def _one_way_in(self) -> Mailbox:
        if self.oauth and self.password_env:
            raise ValueError("give oauth or password_env (one of them)")
        if self.folders and self.imap and urlsplit(self.imap).path.strip("/"):
            raise ValueError("imap names a folder, and folders too; name all of them in folders")
        return self

    @model_validator(mode="after")
    def _room_behind_the_plus(self) -> Mailbox:
        local = self.address.rpartition("@")[0]
        if self.reply_address == "plus" and len(local) > MOST_LOCAL_CHARS:
            raise ValueError(
                f"reply_address: {local} is longer than {MOST_LOCAL_CHARS} characters, too long "
                'for signed addresses; write reply_address = "none", or *@ and a domain of its own'
            )
        return self


class EmailSettings(Section):
    """Mail: the mailboxes and the listener."""

    mailboxes: tuple[Mailbox, ...] = Field(default=(), description="Mailboxes that are answered.")
    listener: ListenerSettings = Field(
        default_factory=ListenerSettings, description="SMTP listener."
    )
    per_domain_per_minute: int = Field(
        default=60,
        ge=1,
        le=100_000,
        description="So many mails leave for one domain within a minute; others wait their turn.",
    )
    caps: MailCapSettings = Field(
        default_factory=MailCapSettings, description="Caps on automatic mails."
    )

    @model_validator(mode="after")
    def _addresses_differ(self) -> EmailSettings:
        seen = [name for box in self.mailboxes for name in (box.address, *box.aliases)]
        twice = sorted({name for name in seen if seen.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands in more than one place")
        domains = [box.reply_address for box in self.mailboxes if box.reply_address[0] == "*"]
        if len(domains) > len(set(domains)):
            raise ValueError("two mailboxes have the same reply_address; each needs its own domain")
        return self


class WebSettings(Section):
    """The web chat at /chat/<product>."""

    enabled: bool = Field(default=True, description="Serve the web chat.")
    products: tuple[Product, ...] = Field(
        default=(), description="Products that have a chat page; empty: all of them."
    )
    quiet_seconds: Seconds | None = Field(
        default=None, ge=0, description="As [tickets] quiet_seconds, for this channel."
    )
    max_wait_seconds: Seconds | None = Field(
        default=None, gt=0, description="As [tickets] max_wait_seconds, for this channel."
    )


class PluginChannel(Section):
    """A channel that an installed package brings."""

    kind: str = Field(min_length=1, description="Name of its entry point.")
    name: str = Field(default="main", min_length=1, description="Tells two of a kind apart.")
    product: Product | None = Field(
        default=None, description="Product it stands for; else [tickets] default_product."
    )
    options: Mapping[str, str] = Field(
        default_factory=dict, description="What the package wants to know."
    )


class KnowledgeSettings(Section):
    """How passages are found."""

    retriever: str = Field(
        default="postings", min_length=1, description="Name of the retriever's entry point."
    )


class TicketSettings(Section):
    """How long things may take, and how many at once."""

    default_product: Product | None = Field(
        default=None, description="Product of a ticket where its channel does not say."
    )
    overdue_minutes: Minutes = Field(
        default=15, gt=0, description="A message the bot has not covered by then goes to a person."
    )
    draft_minutes: Minutes = Field(
        default=240, gt=0, description="A draft that waits longer is listed as overdue."
    )
    human_minutes: Minutes = Field(
        default=240,
        gt=0,
        description="A customer who waits longer for a person is listed as overdue.",
    )
    customer_messages_per_minute: int = Field(
        default=20,
        ge=1,
        le=1_000_000_000,
        description="Whoever writes more, over all their tickets, is told so "
        "and answered once a minute.",
    )
    assume_resolved_hours: Hours = Field(
        default=24,
        gt=0,
        description="The bot answered and nobody wrote again: resolved, as assumed.",
    )
    reopen_days: Days = Field(
        default=7,
        ge=0,
        description="A message within this time after resolving reopens the ticket.",
    )
    conversation_minutes: Minutes = Field(
        default=60,
        ge=0,
        description="A direct message that is no reply goes on with a ticket whose last words are "
        "younger; later it opens another.",
    )
    quiet_seconds: Seconds = Field(
        default=0, ge=0, description="Wait until a customer was silent for so long; see max_wait."
    )
    max_wait_seconds: Seconds = Field(
        default=30, gt=0, description="Whoever keeps writing is answered after this at the latest."
    )
    parallel: int = Field(
        default=50, ge=1, le=10_000, description="Tickets answered at the same time."
    )


class ReportSettings(Section):
    """How reports are counted."""

    timezone: TimeZone = Field(default="UTC", description="IANA time zone in which a day begins.")


class Settings(Section):
    """All settings of one bot folder."""

    #: Not a setting: where the file was found. Relative paths start here.
    folder: Path = Path()
    model: ModelSettings = Field(default_factory=ModelSettings, description="The model.")
    database: DatabaseSettings = Field(default_factory=DatabaseSettings, description="Database.")
    server: ServerSettings = Field(default_factory=ServerSettings, description="HTTP server.")
    slack: SlackSettings = Field(default_factory=SlackSettings, description="Slack.")
    email: EmailSettings = Field(default_factory=EmailSettings, description="Email.")
    web: WebSettings = Field(default_factory=WebSettings, description="Web chat.")
    channels: tuple[PluginChannel, ...] = Field(
        default=(), description="Channels that installed packages bring."
    )
    knowledge: KnowledgeSettings = Field(
        default_factory=KnowledgeSettings, description="Knowledge search."
    )
    files: FilesSettings = Field(
        default_factory=FilesSettings, description="Files that customers send."
    )
    tickets: TicketSettings = Field(default_factory=TicketSettings, description="Tickets.")
    retention: RetentionSettings = Field(
        default_factory=RetentionSettings, description="How long what is kept."
    )
    secret: SecretSettings = Field(
        default_factory=SecretSettings, description="Installation secret."
    )
    reports: ReportSettings = Field(default_factory=ReportSettings, description="Reports.")
    budget: BudgetSettings = Field(
        default_factory=BudgetSettings, description="What models may cost."
    )
