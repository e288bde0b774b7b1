"""Exchanging a token that is about to expire for a new one, once, whoever needs it.

https://docs.slack.dev/authentication/using-token-rotation: a refresh token can be spent once. So
one process claims the exchange by a row, and the new pair is on disk before it is used. No
transaction is open during the call. The SDK's rotator has neither a claim nor our clock.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.config import AppCredentials
from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.installing.register import Register
from supportbot.channels.slack.web import WebSession
from supportbot.channels.vault import Tokens
from supportbot.errors import SendError, StoreUnavailable, TokenUnreadable
from supportbot.model.installation import Installation
from supportbot.store import installations

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RotationRules:
    """When a token is exchanged, and how long whoever does it is waited for."""

    #: Slack's tokens live for twelve hours: two hours are time for many attempts.
    early: timedelta = timedelta(hours=2)
    #: So long before its end a token is good enough where no new one can be had.
    safe: timedelta = timedelta(seconds=30)
    #: The claim; longer than the call may take. A failed exchange is not tried again before its
    #: end.
    lease_seconds: float = 60.0
    #: An expired token's new one is waited for so long, then the delivery waits instead.
    patience_seconds: float = 15.0
    look_seconds: float = 0.25


class Rotation:
    """Keeps the tokens of installed workspaces from expiring."""

    def __init__(
        self,
        register: Register,
        session: WebSession,
        app: AppCredentials,
        rules: RotationRules | None = None,
    ) -> None:
        self._register = register
        self._session = session
        self._app = app
        self._rules = rules or RotationRules()
        #: Exchanges of this process, by installation. They outlive whoever asked for them: a spent
        #: refresh token whose successor is lost cannot be mended.
        self._under_way: dict[int, asyncio.Task[Installation]] = {}
        #: When a token that is still good is to be tried again, after it was not exchanged.
        self._not_before: dict[int, datetime] = {}

    async def fresh(self, seen: Installation, *, is_over: bool = False) -> Installation:
        """Return the installation with a token that is valid for a while.

        `is_over`: the token has expired already, whatever our clock says.

        Raises:
            SendError: it expired, and no new one can be had (now).
        """
        now, expires_at = self._register.clock(), seen.grant.expires_at
        if expires_at is None or (now < expires_at - self._rules.early and not is_over):
            return seen
        good = now < expires_at - self._rules.safe and not is_over
        if good and now < self._not_before.get(seen.id, now):
            return seen
        if is_over:
            seen = replace(seen, grant=replace(seen.grant, expires_at=min(now, expires_at)))
        exchange = self._under_way.get(seen.id)
        if exchange is None:
            exchange = asyncio.create_task(self._newer(seen))
            self._under_way[seen.id] = exchange
            exchange.add_done_callback(lambda done: self._ended(seen.id, done))
        try:
            return await asyncio.shield(exchange)
        except (SendError, StoreUnavailable) as error:
            if not good:
                raise
            _log.warning("slack_token_not_exchanged", owner=seen.grant.owner, detail=str(error))
            self._not_before[seen.id] = now + timedelta(seconds=self._rules.lease_seconds)
            return seen

    async def drained(self) -> None:
        """Wait for exchanges under way; each ends by the time limits of its call and its claim."""
        if self._under_way:
            await asyncio.wait(tuple(self._under_way.values()))

    def _ended(self, installation_id: int, done: asyncio.Task[Installation]) -> None:
        self._under_way.pop(installation_id, None)
        if not done.cancelled():
            done.exception()  # whoever asked may be gone, and nobody else looks at it

    async def _newer(self, seen: Installation) -> Installation:
        """Exchange the token, or wait for whoever does."""
        rules, register = self._rules, self._register
        waited_seconds = 0.0
        while True:
            now = register.clock()
            until = now + timedelta(seconds=rules.lease_seconds)
            async with register.db.writing() as work:
                if await installations.claim(work, seen, now, until):
                    break
                (found,) = await installations.find(work, register.channel, (seen.grant.owner,))
            if found.revision != seen.revision:
                return _present(found)
            valid = seen.grant.expires_at is None or now < seen.grant.expires_at - rules.safe
            if valid or waited_seconds >= rules.patience_seconds:
                raise SendError(
                    f"the Slack token of {seen.grant.owner} is being exchanged, or could not be "
                    "a moment ago",
                    permanent=False,
                )
            await asyncio.sleep(rules.look_seconds)
            waited_seconds += rules.look_seconds
        return await self._exchange(seen)

    async def _exchange(self, seen: Installation) -> Installation:
        owner = seen.grant.owner
        try:
            refresh = self._register.open(seen).refresh
        except TokenUnreadable as error:
            raise SendError(str(error), permanent=error.permanent) from error
        if refresh is None:
            raise SendError(
                f"the Slack token of {owner} ends and came without a refresh token; "
                "install the app again at /slack/install",
                permanent=True,
            )
        tokens, lives = await self._call(refresh)
        grant = replace(
            seen.grant,
            sealed=self._register.seal(owner, tokens),
            expires_at=self._register.clock() + lives if lives else None,
        )
        return await self._kept(seen, replace(seen, grant=grant, revision=seen.revision + 1))

    async def _call(self, refresh: str) -> tuple[Tokens, timedelta | None]:
        client: AsyncWebClient = self._session.plain()
        with translated("exchange its token", may_repeat=True):
            answer = await client.oauth_v2_access(
                client_id=self._app.client_id,
                client_secret=self._app.client_secret,
                grant_type="refresh_token",
                refresh_token=refresh,
            )
        seconds = answer.get("expires_in")
        lives = timedelta(seconds=int(seconds)) if seconds else None
        return Tokens(str(answer["access_token"]), answer.get("refresh_token")), lives

    async def _kept(self, seen: Installation, new: Installation) -> Installation:
        """Store the new pair before anybody uses it; a store that is away is waited for."""
        rules, register, grant = self._rules, self._register, new.grant
        waited_seconds = 0.0
        while True:
            try:
                async with register.db.writing() as work:
                    if await installations.exchanged(work, seen, grant.sealed, grant.expires_at):
                        _log.info("slack_token_exchanged", owner=grant.owner)
                        return new
                    (found,) = await installations.find(work, register.channel, (grant.owner,))
                return _present(found)
            except StoreUnavailable:
                if waited_seconds >= rules.lease_seconds:
                    _log.error("slack_token_lost", owner=grant.owner)
                    raise
                await asyncio.sleep(rules.look_seconds)
                waited_seconds += rules.look_seconds


def _present(found: Installation) -> Installation:
    if found.removed_at is not None:
        raise SendError(
            f"the app was removed from the Slack workspace {found.grant.owner}", permanent=True
        )
    return found
