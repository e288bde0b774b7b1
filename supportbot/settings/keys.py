"""The installation's own secrets: `[secret]`."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, field_validator

from supportbot.settings.section import Section

#: 32 bytes in URL-safe base64.
_TOKEN_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


class SecretSettings(Section):
    """The installation's own secrets."""

    key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Signs cookies and mail threads, 16 characters or more; "
        "else made once and kept in `.supportbot-secret` of the bot folder.",
    )
    token_key: SecretStr | None = Field(
        default=None,
        description="Encrypts tokens of Slack workspaces and of mailboxes with OAuth; "
        "`supportbot admin token-key` prints one. Several, divided by commas: the newest first.",
    )

    @field_validator("token_key")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        parts = value.get_secret_value().split(",") if value else ()
        if not all(_TOKEN_KEY.fullmatch(part.strip()) for part in parts):
            raise ValueError("is no key; `supportbot admin token-key` prints one")
        return value
