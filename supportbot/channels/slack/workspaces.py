"""Which workspace an event comes from or a delivery goes to: who we are there, and by which token.

One workspace has its token in the environment. Many have installed the app by OAuth: their tokens
are in the store, and what was found there is remembered for a while, so that an event costs neither
a query nor a call of Slack. A token is looked up by the one owner that the delivery names and is
bound to that owner by the vault, so the tokens of two workspaces cannot cross.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.register import Register
from supportbot.channels.slack.rotation import Rotation
from supportbot.channels.slack.vault import VARIABLE
from supportbot.errors import SendError, TokenUnreadable
from supportbot.model.installation import Installation
from supportbot.store import installations

_log = structlog.get_logger(__name__)

#: Events that take the app back. https://docs.slack.dev/reference/events/app_uninstalled and
#: https://docs.slack.dev/reference/events/tokens_revoked; they come in either order, or one alone.
TAKEN_BACK = frozenset({"app_uninstalled", "tokens_revoked"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happened, as the payload tells."""

    team: str
    enterprise: str = ""
    #: The app was installed by the organisation, for all of its workspaces.
    whole_org: bool = False

    def owners(self) -> tuple[str, ...]:
        """Return who may have installed the app there, the likelier one first."""
        both = (self.team, self.enterprise)
        return tuple(filter(None, reversed(both) if self.whole_org else both))


class Workspaces(Protocol):
    """Knows who we are in each workspace, and what acts for us there."""

    async def identity(self, place: Place) -> Identity | None:
        """Return who we are there; None: the app is not installed there."""

    async def token(self, target: Mapping[str, str]) -> str:
        """Return the token for the workspace that a delivery's target names.

        Raises:
            SendError: it has none (`permanent`), or none can be had now.
        """

    async def taken_back(self, place: Place, body: Mapping[str, Any]) -> None:
        """Honour an event that tells of an uninstalled app or a revoked token."""


class OneWorkspace:
    """The workspace of the one bot token; Slack tells at the start which one that is."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.known: Identity | None = None

    async def identity(self, place: Place) -> Identity | None:
        """Return who we are: whatever an event says, it was sent to us."""
        del place
        return self.known

    async def token(self, target: Mapping[str, str]) -> str:
        """Return the one token."""
        del target
        return self._token

    async def taken_back(self, place: Place, body: Mapping[str, Any]) -> None:
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
        self._memory = memory or Memory()
        self._found: OrderedDict[tuple[str, ...], tuple[datetime, Installation | None]] = (
            OrderedDict()
        )
        #: One asks, and whoever came meanwhile finds the answer.
        self._asking = asyncio.Lock()
        #: What is wrong with the stored tokens, for `/readyz`.
        self.trouble: str | None = None

    async def identity(self, place: Place) -> Identity | None:
        """Return who we are there; None: nobody installed the app, or it was removed."""
        found = await self._installation(place.owners())
        if found is None:
            return None
        grant = found.grant
        of_org = grant.owner == place.enterprise
        return Identity(
            team=place.team or grant.owner,
            bot_user=grant.bot_user,
            bot_id=grant.bot_id,
            enterprise=grant.owner if of_org else "",
        )

    async def token(self, target: Mapping[str, str]) -> str:
        """Return the token of the owner that the target names; an expiring one is exchanged.

        Raises:
            SendError: see `Workspaces.token`.
        """
        owner = target.get("enterprise") or target.get("team")
        if not owner:
            raise SendError("the delivery names no Slack workspace", permanent=True)
        found = await self._installation((owner,))
        if found is None:
            raise SendError(
                f"the app is not installed in the Slack workspace {owner} (any more); "
                "install it again at /slack/install",
                permanent=True,
            )
        fresh = await self._rotation.fresh(found)
        if fresh is not found:
            self.forget(owner)
        try:
            return self._register.open(fresh).bot
        except TokenUnreadable as error:
            raise SendError(str(error), permanent=error.permanent) from error

    async def taken_back(self, place: Place, body: Mapping[str, Any]) -> None:
        """Remove the installation, unless it is younger than the event, which came late then."""
        # What one workspace of an organisation says is not said by the organisation.
        owner = place.enterprise if place.whole_org else place.team
        register, at = self._register, _moment(body.get("event_time"))
        async with register.db.writing(urgent=True) as work:
            for found in await installations.find(work, register.channel, (owner,)):
                grant = found.grant
                if at < grant.installed_at.replace(microsecond=0) or not _is_ours(
                    body, grant.bot_user
                ):
                    _log.info("slack_removal_not_ours", owner=owner)
                elif await installations.remove(work, found, register.clock()):
                    _log.warning("slack_app_removed", owner=owner)
        self.forget(owner)

    def forget(self, owner: str) -> None:
        """Look again before the next use: something about this owner changed."""
        for key in [key for key in self._found if owner in key]:
            del self._found[key]

    async def examine(self) -> None:
        """Try whether every stored token can be read, and bring them all under the newest key."""
        register = self._register
        async with register.db.reading() as work:
            present = await installations.present(work, register.channel)
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

    def _readable(self, installation: Installation) -> bool:
        try:
            self._register.open(installation)
        except TokenUnreadable as error:
            _log.error("slack_token_unreadable", owner=installation.grant.owner, detail=str(error))
            return False
        return True

    async def _installation(self, owners: tuple[str, ...]) -> Installation | None:
        remembered = self._remembered(owners)
        if remembered is not None:
            return remembered[1]
        async with self._asking:
            remembered = self._remembered(owners)
            if remembered is not None:
                return remembered[1]
            register = self._register
            async with register.db.reading() as work:
                found = await installations.find(work, register.channel, owners)
            present = next((one for one in found if one.removed_at is None), None)
            self._remember(owners, present)
            return present

    def _remembered(self, owners: tuple[str, ...]) -> tuple[datetime, Installation | None] | None:
        entry = self._found.get(owners)
        return entry if entry is not None and self._register.clock() < entry[0] else None

    def _remember(self, owners: tuple[str, ...], found: Installation | None) -> None:
        memory = self._memory
        seconds = memory.unknown_seconds if found is None else memory.seconds
        self._found[owners] = (self._register.clock() + timedelta(seconds=seconds), found)
        self._found.move_to_end(owners)
        while len(self._found) > memory.workspaces:
            self._found.popitem(last=False)


def _is_ours(body: Mapping[str, Any], bot_user: str) -> bool:
    """Tell whether an event takes our bot's token back, and not that of a person."""
    event = body.get("event")
    if not isinstance(event, dict) or event.get("type") != "tokens_revoked":
        return True
    tokens = event.get("tokens")
    revoked = tokens.get("bot") if isinstance(tokens, dict) else None
    return isinstance(revoked, list) and bot_user in revoked


def _moment(seconds: object) -> datetime:
    """Return the time of an event; one that tells none is taken for the newest."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)
