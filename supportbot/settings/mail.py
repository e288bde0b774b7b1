"""What stands below `[email]` beside the mailboxes: OAuth of a mailbox, and the listener."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from supportbot.settings.kinds import HttpUrl, MailPeers, Port, VariableName
from supportbot.settings.section import Section

_MIB = 1024 * 1024


class MailOAuthSettings(Section):
    """How a mailbox that takes no password is signed in to; see docs/how-to/mail-oauth.md."""

    provider: Literal["google", "microsoft"] | None = Field(
        default=None, description="Who gives access; for others, token_url."
    )
    tenant: str = Field(
        default="common",
        pattern=r"^[A-Za-z0-9.-]+$",
        description="Microsoft 365 only: the directory (tenant) id or its domain.",
    )
    token_url: HttpUrl | None = Field(
        default=None, description="Where access tokens are given; needed without a provider."
    )
    scope: str = Field(
        default="", description="Asked for with each access token; empty: what the provider needs."
    )
    client_id: str = Field(min_length=1, description="Id of the application you registered.")
    client_secret_env: VariableName | None = Field(
        default=None,
        description="Name of the variable with the application's secret, if it has one.",
    )
    client_secret: SecretStr | None = Field(
        default=None,
        description="Filled from the variable that client_secret_env names, never from the file.",
    )
    refresh_token_env: VariableName = Field(
        description="Name of the variable with the refresh token that you were given."
    )
    refresh_token: SecretStr | None = Field(
        default=None,
        description="Filled from the variable that refresh_token_env names, never from the file.",
    )

    @model_validator(mode="after")
    def _one_server(self) -> MailOAuthSettings:
        if (self.provider is None) == (self.token_url is None):
            raise ValueError(
                'give provider = "google" or "microsoft", or a token_url (one of them)'
            )
        return self


class ListenerSettings(Section):
    """The listener that a mail server hands mail to; see docs/how-to/mail-server.md."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: Port | None = Field(
        default=None, description="Port; 0 takes a free one, empty: there is no listener."
    )
    protocol: Literal["smtp", "lmtp"] = Field(
        default="smtp", description="What the mail server speaks to it."
    )
    peers: MailPeers = Field(
        default=("127.0.0.0/8", "::1/128"),
        description="Networks whose mail servers may hand mail in; all others are turned away.",
    )
    certificate: Path | None = Field(
        default=None, description="PEM file with certificate chain: STARTTLS is offered."
    )
    certificate_key: Path | None = Field(
        default=None, description="PEM file with its key; empty: it stands in certificate too."
    )
    max_connections: int = Field(
        default=50, ge=1, le=10_000, description="Connections at the same time."
    )
    max_bytes: int = Field(
        default=25 * _MIB, ge=1024, le=1024 * _MIB, description="Largest mail taken."
    )
    mail_servers: MailPeers = Field(
        default=("127.0.0.0/8", "::1/128"),
        description="Networks of your own mail servers: the Authentication-Results of mail that "
        "they hand in count, those of others never do.",
    )
    check_authenticity: bool = Field(
        default=False,
        description="Check DKIM, SPF and DMARC of mail that others hand in; needs the packages of "
        "`supportbot[dmarc]`.",
    )
