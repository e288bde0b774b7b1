"""Where a channel keeps the installations of its workspaces, and what reads their tokens."""

from __future__ import annotations

from dataclasses import dataclass

from supportbot.channels.vault import Tokens, Vault
from supportbot.model.installation import Installation
from supportbot.model.time import Clock
from supportbot.store.database import Database


@dataclass(frozen=True, slots=True)
class Register:
    """The store's part and the key's part of an installation, together."""

    db: Database
    #: Key of the channel, such as `slack:main`.
    channel: str
    clock: Clock
    vault: Vault

    def seal(self, owner: str, tokens: Tokens) -> str:
        """Encrypt the tokens of one owner in this channel."""
        return self.vault.seal(f"{self.channel}/{owner}", tokens)

    def open(self, installation: Installation) -> Tokens:
        """Read the tokens of an installation.

        Raises:
            TokenUnreadable: see `Vault.open`.
        """
        grant = installation.grant
        return self.vault.open(f"{self.channel}/{grant.owner}", grant.sealed)
