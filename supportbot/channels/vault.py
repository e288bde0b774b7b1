"""Tokens at rest: encrypted under keys of the environment, and bound to whom they belong to.

The owner's name is inside what is encrypted and is compared on reading, so a token cannot serve for
another workspace or mailbox, even where rows of the table were swapped. Whoever has the database
alone has no token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from supportbot.errors import SettingsError, TokenUnreadable

VARIABLE = "SUPPORTBOT_SECRET_TOKEN_KEY"
COMMAND = "supportbot admin token-key"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What acts for us in a workspace or a mailbox."""

    access: str = field(repr=False)
    #: Buys the next token, once; None: the token does not expire.
    refresh: str | None = field(default=None, repr=False)


def new_key() -> str:
    """Make a key: 32 random bytes in URL-safe base64."""
    return Fernet.generate_key().decode()


class Vault:
    """Encrypts under the first key, reads under any."""

    def __init__(self, keys: str) -> None:
        """Take one key, or several divided by commas, the newest first.

        Raises:
            SettingsError: there is none, or one of them is no key.
        """
        parts = [part.strip() for part in keys.split(",") if part.strip()]
        if not parts:
            raise SettingsError(f"{VARIABLE}: is not set; `{COMMAND}` prints a new key")
        fernets = [_fernet(number, part) for number, part in enumerate(parts, start=1)]
        self._newest, self._all = fernets[0], MultiFernet(fernets)

    def seal(self, owner: str, tokens: Tokens) -> str:
        """Encrypt an owner's tokens."""
        text = json.dumps([owner, tokens.access, tokens.refresh])
        return self._newest.encrypt(text.encode()).decode()

    def open(self, owner: str, sealed: str) -> Tokens:
        """Read an owner's tokens.

        Raises:
            TokenUnreadable: under none of the keys (`permanent` is False: the right one can be
                given), or they belong to another owner.
        """
        try:
            named, access, refresh = json.loads(self._all.decrypt(sealed))
        except (InvalidToken, ValueError) as error:
            raise TokenUnreadable(
                f"the token of {owner} cannot be read; give {VARIABLE} the key it was stored "
                "under too (behind the newest one, divided by a comma), or install the app again",
                permanent=False,
            ) from error
        if named != owner:
            raise TokenUnreadable(
                f"the token stored for {owner} is not theirs: rows of its table were mixed up; "
                "let access be granted again",
                permanent=True,
            )
        return Tokens(access, refresh)

    def renewed(self, sealed: str) -> str | None:
        """Encrypt anew what an older key encrypted; None: it needs no other, or cannot be read."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            try:
                return self._all.rotate(sealed).decode()
            except InvalidToken:
                return None
        return None


def _fernet(number: int, key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError as error:
        raise SettingsError(
            f"{VARIABLE}: key {number} is no key (32 bytes in URL-safe base64, 44 characters); "
            f"`{COMMAND}` prints one"
        ) from error
