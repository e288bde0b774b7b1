"""Access tokens for mail servers that take no password: kept fresh, and kept over restarts.

A refresh token that came with an access token replaces the one before; it is on disk before the
access token is used. Two processes may exchange at once: whoever is late takes what is stored.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from supportbot.channels.email.connecting.token_endpoint import GrantRefused, OAuthGrant, exchange
from supportbot.channels.vault import Tokens, Vault
from supportbot.errors import TokenUnreadable
from supportbot.model.mailbox import MailGrant
from supportbot.model.time import Clock
from supportbot.store import mail_grants
from supportbot.store.database import Database

_log = structlog.get_logger(__name__)

#: An access token is exchanged so long before its end.
_EARLY: Final = timedelta(minutes=2)
#: A grant that was refused is not asked for again before this: asking often locks applications.
_PAUSE: Final = timedelta(minutes=5)


class AccessToken(Protocol):
    """What signs in to a mail server instead of a password."""

    async def current(self) -> str:
        """Return a token that is good for a minute or more.

        Raises:
            GrantRefused: there will be none until somebody grants access again.
            TokenUnavailable: none can be had right now.
            StoreUnavailable: a new refresh token cannot be kept right now.
        """

    def refused(self, token: str) -> None:
        """Note that a mail server refused this token: the next one will be another."""


@dataclass(frozen=True, slots=True)
class _Held:
    """Tokens as this process knows them."""

    tokens: Tokens
    #: None: there is no access token yet.
    expires_at: datetime | None = None
    #: The row as it was seen.
    seen: MailGrant | None = None
    is_stored: bool = True

    def is_good(self, now: datetime) -> bool:
        return self.expires_at is not None and now < self.expires_at - _EARLY


class GrantShelf:
    """Where the tokens of one mailbox lie over a restart.

    Without a vault or a store they do not: enough where refresh tokens stay the same.
    """

    def __init__(
        self, channel: str, grant: OAuthGrant, db: Database | None, vault: Vault | None
    ) -> None:
        self._channel = channel
        self._grant = grant
        self._db = db
        self._vault = vault

    async def read(self) -> _Held:
        """Return what came last; the configured refresh token, if it came after that."""
        configured = _Held(Tokens("", self._grant.refresh_token))
        if self._vault is None or self._db is None:
            return configured
        async with self._db.reading() as work:
            found = await mail_grants.find(work, self._channel)
        if found is None or found.origin != self._grant.origin:
            return replace(configured, seen=found)
        try:
            tokens = self._vault.open(self._channel, found.sealed)
        except TokenUnreadable as error:
            _log.warning("mail_grant_unreadable", channel=self._channel, detail=str(error))
            return replace(configured, seen=found)
        return _Held(tokens, found.expires_at, found)

    async def write(self, held: _Held) -> _Held | None:
        """Store these tokens; None: another process stored others meanwhile."""
        if self._vault is None or self._db is None or held.is_stored or held.expires_at is None:
            return held
        sealed = self._vault.seal(self._channel, held.tokens)
        new = MailGrant(self._grant.origin, sealed, held.expires_at)
        async with self._db.writing() as work:
            kept = await mail_grants.keep(work, self._channel, held.seen, new)
        return replace(held, seen=kept, is_stored=True) if kept else None


class RefreshedToken:
    """Fulfils `AccessToken` for one mailbox; one exchange at a time."""

    def __init__(self, grant: OAuthGrant, shelf: GrantShelf, clock: Clock) -> None:
        self._grant = grant
        self._shelf = shelf
        self._clock = clock
        self._held: _Held | None = None
        self._refusal: GrantRefused | None = None
        self._asks_again_at: datetime | None = None
        self._under_way: asyncio.Task[str] | None = None

    async def current(self) -> str:
        """See `AccessToken`. An exchange outlives whoever asked: what it brings must be kept."""
        if self._under_way is None:
            self._under_way = asyncio.create_task(self._current())
            self._under_way.add_done_callback(self._ended)
        return await asyncio.shield(self._under_way)

    def refused(self, token: str) -> None:
        """See `AccessToken`."""
        if self._held is not None and self._held.tokens.access == token:
            self._held = replace(self._held, expires_at=None)

    def _ended(self, done: asyncio.Task[str]) -> None:
        self._under_way = None
        if not done.cancelled():
            done.exception()  # whoever asked may be gone, and nobody else looks at it

    async def _current(self) -> str:
        now = self._clock()
        if self._refusal is not None and self._asks_again_at and now < self._asks_again_at:
            raise self._refusal
        held = self._held or await self._shelf.read()
        if not held.is_good(now):
            held = await self._newer(held, now)
        self._held = held  # also if it cannot be stored: then it is tried again
        self._held = await self._shelf.write(held) or await self._others(held, now)
        return self._held.tokens.access

    async def _others(self, held: _Held, now: datetime) -> _Held:
        """Take what another process stored, if it is good; else these tokens are stored next."""
        other = await self._shelf.read()
        return other if other.is_good(now) else replace(held, seen=other.seen)

    async def _newer(self, held: _Held, now: datetime) -> _Held:
        try:
            return await self._exchanged(held, now)
        except GrantRefused as error:
            # Another process may have spent this refresh token, and stored the next.
            other = await self._shelf.read()
            if other.tokens.refresh != held.tokens.refresh:
                return other if other.is_good(now) else await self._exchanged(other, now)
            self._refusal, self._asks_again_at = error, now + _PAUSE
            raise

    async def _exchanged(self, held: _Held, now: datetime) -> _Held:
        tokens, seconds = await exchange(self._grant, held.tokens.refresh or "")
        self._refusal = None
        return _Held(tokens, now + timedelta(seconds=seconds), held.seen, is_stored=False)
