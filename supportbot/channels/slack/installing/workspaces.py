"""Which workspace an event comes from or a delivery goes to: who we are there, and by which token.

One workspace has its token in the environment. Many have installed the app by OAuth: their tokens
are in the store, and what was found there is remembered for a while, so that an event costs neither
a query nor a call of Slack. A token is looked up by the one owner that the delivery names and is
bound to that owner by the vault, so the tokens of two workspaces cannot cross.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from supportbot.channels.slack.client import EXPIRED, FixedToken, TokenSource
from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.identity import Identity, identify
from supportbot.channels.slack.installing.origin import Origin
from supportbot.channels.slack.installing.register import Register
from supportbot.channels.slack.installing.remembered import Remembered
from supportbot.channels.slack.installing.rotation import Rotation
from supportbot.channels.slack.web import SlackWeb, WebSession
from supportbot.channels.vault import VARIABLE
from supportbot.errors import SendError, TokenUnreadable
from supportbot.model.installation import Grant, Installation
from supportbot.store import installations

_log = structlog.get_logger(__name__)

#: Events that take the app back. https://docs.slack.dev/reference/events/app_uninstalled and
#: https://docs.slack.dev/reference/events/tokens_revoked; they come in either order, or one alone.
TAKEN_BACK = frozenset({"app_uninstalled", "tokens_revoked"})


def is_taken_back(payload: Mapping[str, Any]) -> bool:
    """Tell whether a payload says that the app was removed, or its token taken back."""
    event = payload.get("event")
    return isinstance(event, dict) and event.get("type") in TAKEN_BACK


class Workspaces(Protocol):
    """Knows who we are in each workspace, and what acts for us there."""

    def tokens(self, owner: str) -> TokenSource:
        """Return what gives the token of an owner, now and later."""

    async def who(self, owner: str) -> Identity:
        """Return who we are in the workspace of an owner.

        Raises:
            SendError: nobody, or Slack does not tell now.
        """

    async def identity(
        self, origin: Origin, perhaps_ours: frozenset[str] = frozenset()
    ) -> Identity | None:
        """Return to whom a payload was sent; None: the app is not installed there.

        Those of the users that are bots of ours in other workspaces become its aliases.
        """

    async def taken_back(self, origin: Origin, body: Mapping[str, Any]) -> None:
        """Honour an event that tells of an uninstalled app or a revoked token."""


class OneWorkspace:
    """The workspace of the one bot token; Slack tells which one that is."""

    def __init__(self, token: str, session: WebSession) -> None:
        self._tokens = FixedToken(token)
        self._web = SlackWeb(session, self._tokens)
        self._known: Identity | None = None

    def tokens(self, owner: str) -> TokenSource:
        """Return the one token, whoever is named."""
        del owner
        return self._tokens

    async def who(self, owner: str = "") -> Identity:
        """Return who we are; Slack is asked once.

        Raises:
            SendError: Slack does not tell (now).
        """
        del owner
        if self._known is None:
            with translated("tell who we are", may_repeat=True):
                self._known = await identify(self._web.client())
        return self._known

    async def identity(
        self, origin: Origin, perhaps_ours: frozenset[str] = frozenset()
    ) -> Identity | None:
        """Return who we are; None where Slack says that the bot of another workspace was told.

        The app may be installed elsewhere too: with this token nothing could be answered there.
        """
        del perhaps_ours
        told = bool(origin.teams) and origin.sure and not origin.whole_org
        ours = self._known is not None and self._known.team in origin.teams
        return None if told and not ours else self._known

    async def taken_back(self, origin: Origin, body: Mapping[str, Any]) -> None:
        """Do nothing: the token is not ours to forget, and Slack refuses it from now on."""


@dataclass(frozen=True, slots=True)
class Memory:
    """How long, and of how many workspaces, what the store said is believed."""

    #: Another process may have replaced or removed an installation meanwhile: Slack then refuses
    #: the old token, or a token that was exchanged still works for hours.
    seconds: float = 60.0
    #: For how long a workspace without the app is not asked for again.
    unknown_seconds: float = 5.0
    workspaces: int = 10_000


class InstalledWorkspaces:
    """Workspaces that installed the app, as the store has them."""

    def __init__(
        self, register: Register, rotation: Rotation, memory: Memory | None = None
    ) -> None:
        self._register = register
        self._rotation = rotation
        self._memory = memory = memory or Memory()
        self._found = Remembered[tuple[str, ...], Installation | None](
            register.clock, memory.workspaces
        )
        self._bots = Remembered[str, bool](register.clock, memory.workspaces)
        #: What is wrong with the stored tokens, for `/readyz`.
        self.trouble: str | None = None

    def tokens(self, owner: str) -> TokenSource:
        """Return what gives the token of an owner."""
        return _StoredToken(self, owner)

    async def who(self, owner: str) -> Identity:
        """Return who we are in the workspace of an owner.

        Raises:
            SendError: the app is not installed there.
        """
        return _identity((await self._present(owner)).grant, owner)

    async def identity(
        self, origin: Origin, perhaps_ours: frozenset[str] = frozenset()
    ) -> Identity | None:
        """Return who we are there; None: nobody installed the app, or it was removed."""
        found = await self._installation(origin.owners())
        if found is None:
            return None
        team = found.grant.owner
        own = _identity(found.grant, team if team in origin.teams else (*origin.teams, team)[0])
        others = sorted(perhaps_ours - {own.bot_user})
        aliases = [user for user in others if await self._is_ours(user)]
        return replace(own, aliases=tuple(aliases))

    async def token(self, owner: str, *, is_over: bool = False) -> str:
        """Return the token of an owner; one that is about to expire is exchanged before.

        `is_over`: Slack says that it has expired, whatever our clock says.

        Raises:
            SendError: see `TokenSource.token`.
        """
        found = await self._present(owner)
        fresh = await self._rotation.fresh(found, is_over=is_over)
        if fresh is not found:
            self.forget(owner)
        try:
            return self._register.open(fresh).access
        except TokenUnreadable as error:
            raise SendError(str(error), permanent=error.permanent) from error

    async def taken_back(self, origin: Origin, body: Mapping[str, Any]) -> None:
        """Remove the installation, unless it is younger than the event, which came late then."""
        # What one workspace of an organisation says is not said by the organisation.
        owner = origin.enterprise if origin.whole_org else next(iter(origin.teams), "")
        register, at = self._register, _moment(body.get("event_time"))
        async with register.db.writing(urgent=True) as work:
            for found in await installations.find(work, register.channel, (owner,)):
                if not _takes_back(body, at, found.grant):
                    _log.info("slack_removal_not_ours", owner=owner)
                elif await installations.remove(work, found, register.clock()):
                    _log.warning("slack_app_removed", owner=owner)
        self.forget(owner)

    def forget(self, owner: str) -> None:
        """Look again before the next use: something about this owner changed."""
        self._found.forget(lambda owners: owner in owners)

    async def examine(self) -> list[Identity]:
        """Try whether every stored token can be read, and bring them all under the newest key.

        Return who we are wherever the app is installed.
        """
        register = self._register
        async with register.db.reading() as work:
            found = await installations.all_of(work, register.channel)
        present = [one for one in found if one.removed_at is None]
        unreadable = [one.grant.owner for one in present if not self._readable(one)]
        for one in present:
            sealed = register.vault.renewed(one.grant.sealed)
            if sealed is not None:
                async with register.db.writing() as work:
                    await installations.sealed_anew(work, one, sealed)
                self.forget(one.grant.owner)
        self.trouble = (
            f"the tokens of {len(unreadable)} of {len(present)} Slack workspaces cannot be read; "
            f"check {VARIABLE}"
            if unreadable
            else None
        )
        return [_identity(one.grant, one.grant.owner) for one in present]

    def _readable(self, installation: Installation) -> bool:
        try:
            self._register.open(installation)
        except TokenUnreadable as error:
            _log.error("slack_token_unreadable", owner=installation.grant.owner, detail=str(error))
            return False
        return True

    async def _present(self, owner: str) -> Installation:
        if not owner:
            raise SendError("the delivery names no Slack workspace", permanent=True)
        found = await self._installation((owner,))
        if found is None:
            raise SendError(
                f"the app is not installed in the Slack workspace {owner} (any more); "
                "install it again at /slack/install",
                permanent=True,
            )
        return found

    async def _installation(self, owners: tuple[str, ...]) -> Installation | None:
        memory, register = self._memory, self._register

        async def ask() -> Installation | None:
            async with register.db.reading() as work:
                found = await installations.find(work, register.channel, owners)
            return next((one for one in found if one.removed_at is None), None)

        if not owners:
            return None
        return await self._found.answer(
            owners, ask, lambda found: memory.seconds if found else memory.unknown_seconds
        )

    async def _is_ours(self, user: str) -> bool:
        register = self._register

        async def ask() -> bool:
            async with register.db.reading() as work:
                return await installations.is_bot(work, register.channel, user)

        return await self._bots.answer(user, ask, lambda _: self._memory.seconds)


@dataclass(frozen=True, slots=True)
class _StoredToken:
    """The token of one owner, as the store has it at each call."""

    workspaces: InstalledWorkspaces
    owner: str

    async def token(self) -> str:
        return await self.workspaces.token(self.owner)

    async def another(self, refused: str, code: str) -> str | None:
        self.workspaces.forget(self.owner)
        token = await self.workspaces.token(self.owner)
        if token == refused and code == EXPIRED:
            token = await self.workspaces.token(self.owner, is_over=True)
        return token if token != refused else None


def _identity(grant: Grant, team: str) -> Identity:
    return Identity(
        team=team,
        bot_user=grant.bot_user,
        bot_id=grant.bot_id,
        enterprise=grant.owner if grant.owner != team else "",
        url=grant.url,
    )


def _takes_back(body: Mapping[str, Any], at: datetime, grant: Grant) -> bool:
    """Tell whether an event is about this grant: not an older one, nor a person's token."""
    if at < grant.installed_at.replace(microsecond=0):
        return False
    event = body.get("event")
    if not isinstance(event, dict) or event.get("type") != "tokens_revoked":
        return True
    tokens = event.get("tokens")
    revoked = tokens.get("bot") if isinstance(tokens, dict) else None
    return isinstance(revoked, list) and grant.bot_user in revoked


def _moment(seconds: object) -> datetime:
    """Return the time of an event; one that tells none is taken for the newest."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)
