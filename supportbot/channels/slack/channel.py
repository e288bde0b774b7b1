"""The Slack channel: hears, sends and finds, for one workspace or for many."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from itertools import chain, repeat

import structlog
from starlette.routing import BaseRoute

from supportbot.channels.base import Accept, ChannelParts, LiveReply
from supportbot.channels.slack import files
from supportbot.channels.slack.branches import Branch, Branches
from supportbot.channels.slack.config import SlackConfig, Transport
from supportbot.channels.slack.identity import Identity, owner_of
from supportbot.channels.slack.installing.installed import Installed, Keeping, installed
from supportbot.channels.slack.installing.workspaces import OneWorkspace, Workspaces
from supportbot.channels.slack.parsing.parse import parse
from supportbot.channels.slack.parsing.people import person_of
from supportbot.channels.slack.replies import echo, outbound, status
from supportbot.channels.slack.surfaces.home import tickets_in
from supportbot.channels.slack.surfaces.words import BARRED
from supportbot.channels.slack.transport.bolt import build_bolt
from supportbot.channels.slack.transport.hearing import Beside, Hearing
from supportbot.channels.slack.transport.http import Ready, events_route
from supportbot.channels.slack.transport.sockets import SocketLine
from supportbot.channels.slack.web import WebSession
from supportbot.errors import ChannelError, SendError
from supportbot.model.delivery import Delivery, DeliveryKind, Receipt
from supportbot.model.inbound import Attached, Heard, Inbound
from supportbot.model.ticket import Standing
from supportbot.model.time import Clock
from supportbot.store.own_tickets import OwnTicket

_log = structlog.get_logger(__name__)

_DRAIN_SECONDS = 5.0


class SlackChannel:
    """One workspace by its token, or all that installed the app, over Socket Mode or HTTP.

    Fulfils `Channel`, `LiveChannel`, `StatusChannel`, `FilesChannel`, `ReplacingChannel`,
    `TellingChannel`, `WebRoutes` and `Health`.
    """

    kind = "slack"

    def __init__(self, config: SlackConfig, clock: Clock, keeping: Keeping | None = None) -> None:
        """Make it; `keeping` is where installations are kept, if there are to be any.

        Raises:
            SettingsError: workspaces are to install the app, and a key for tokens is missing.
        """
        self.key = config.key
        self._config = config
        self._clock = clock
        self._session = WebSession(config)
        self._one = OneWorkspace(config.bot_token, self._session)
        self._many: Installed | None = None
        if config.oauth is not None and keeping is not None:
            self._many = installed(config, config.oauth, self._session, keeping)
        self._workspaces: Workspaces = self._many.workspaces if self._many else self._one
        tickets_of = tickets_in(keeping.db, self.kind) if keeping else _nobody_knows
        self._branches = Branches(config, self._session, self._workspaces, clock, tickets_of)
        self._ready: Ready | None = None
        self._trouble: str | None = "not started"

    async def run(self, accept: Accept) -> None:
        """Listen until cancelled.

        Raises:
            ChannelError: Slack refused a token for good; the message names the cure.
        """
        beside = Beside(self._branches, self._config.rulebook)
        hearing = Hearing(self.key, self._clock, accept, beside)
        self._session.reopen()
        self._branches.begin(hearing.introduce)
        try:
            await self._look_around()
            bolt = build_bolt(self._session.plain(), self._workspaces, hearing)
            self._ready = Ready(bolt, hearing)
            _log.info("slack_ready", channel=self.key)
            await self._listen(self._ready)
        finally:
            self._ready = None
            self._trouble = self._trouble or "stopped"
            await hearing.drained(_DRAIN_SECONDS)
            await self._branches.aclose()

    async def aclose(self) -> None:
        """Close the connection that it sends with, which outlives `run`: answers still leave."""
        await self._branches.aclose()
        if self._many is not None:
            await self._many.rotation.drained()
        await self._session.aclose()

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """Return `POST /slack/events` in http mode, and the pages where the app is installed.

        The former answers 503 until `run` is connected.
        """
        del accept  # `run` gets the same one, and nothing is heard before it knows who we are.
        pages = self._many.routes if self._many else ()
        if self._config.transport is Transport.SOCKET:
            return pages
        return (events_route(self._config.signing_secret or "", lambda: self._ready), *pages)

    def healthy(self) -> str | None:
        """Return None while connected, else what is wrong."""
        unreadable = self._many.workspaces.trouble if self._many else None
        troubles = [one for one in (self._trouble, unreadable) if one]
        return f"{self.key}: {'; '.join(troubles)}" if troubles else None

    def parse(self, inbound: Inbound) -> Heard:
        """Understand a stored payload; see `parse.parse`."""
        return parse(inbound, self._config.rulebook)

    def tell_late(self, inbound: Inbound, reason: str) -> None:
        """Tell whoever may not ask here; see `surfaces.Surfaces.turn_away`."""
        if reason not in BARRED:
            return
        payload, own = json.loads(inbound.raw), Identity.from_meta(inbound.meta)
        person, event = person_of(payload, own), payload.get("event")
        if person is not None and event is not None and own.is_known:
            self._branches.of(own.owner).surfaces.turn_away(event, person, own, reason)

    async def send(self, delivery: Delivery) -> Receipt:
        """Post into the thread that the target names; see `live.Growth.send` and `echo.send`."""
        branch = self._branch(delivery.target)
        if delivery.kind is DeliveryKind.ECHO:
            return await echo.send(branch.web.client(), delivery)
        return await branch.growth.send(delivery)

    async def replace(self, delivery: Delivery) -> Receipt:
        """Change what was sent; see `outbound.replace` and `echo.replace`."""
        client = self._branch(delivery.target).web.client()
        if delivery.kind is DeliveryKind.ECHO:
            return await echo.replace(client, delivery)
        return await outbound.replace(client, delivery)

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Look in the conversation; see `outbound.find`."""
        client = self._branch(delivery.target).web.client()
        if delivery.kind is DeliveryKind.ECHO:
            return await echo.find(client, delivery)
        return await outbound.find(client, delivery)

    async def fetch(self, ref: Mapping[str, str], most_bytes: int) -> Attached:
        """Return a file of a message; see `files.fetch`."""
        return await files.fetch(self._branch(ref).web, self._config.api_url, ref, most_bytes)

    def may_open(self, key: str, target: Mapping[str, str]) -> bool:
        """Tell whether a reply may grow there now; see `live.Growth.may_open`."""
        return self._branch(target).growth.may_open(key, target)

    async def open_live(self, delivery: Delivery) -> LiveReply:
        """Begin or take up the message of a reply that grows; see `live.Growth.open`."""
        return await self._branch(delivery.target).growth.open(delivery)

    async def discard(self, delivery: Delivery) -> None:
        """Take away the message of a reply that nobody saw; see `live.Growth.discard`."""
        await self._branch(delivery.target).growth.discard(delivery)

    def place_of(self, target: Mapping[str, str]) -> str:
        """Name the thread of a target."""
        return ":".join(status.place_of(target))

    async def show_status(self, target: Mapping[str, str], standing: Standing) -> None:
        """Show how a ticket stands; see `status.Statuses`."""
        branch = self._branch(target)
        if standing is Standing.WORKING:
            await branch.statuses.work(target)
        else:
            grows = branch.growth.grows_in(target)
            await branch.statuses.rest(target, standing, grows=grows)

    def _branch(self, target: Mapping[str, str]) -> Branch:
        return self._branches.of(owner_of(target))

    async def _look_around(self) -> None:
        """Learn who we are, and who is in which group, before anything is heard."""
        if self._many is None:
            await self._look_into(await self._identified())
            return
        present = await self._many.workspaces.examine()
        home = self._config.operators_team
        if home and not any(own.owner == home for own in present):
            _log.warning("slack_operators_not_at_home", channel=self.key, owner=home)
        # A channel that is reserved for a group may be anywhere.
        anywhere = bool(self._config.rulebook.groups)
        needed = [own for own in present if anywhere or own.owner == home]
        await asyncio.gather(*map(self._look_into, needed))

    async def _look_into(self, own: Identity) -> None:
        await self._branches.look_around(own)
        self._branches.heard_from(own)

    async def _identified(self) -> Identity:
        for wait_seconds in self._waits():
            try:
                return await self._one.who()
            except SendError as error:
                await self._wait_or_give_up(error, wait_seconds)
        raise AssertionError("the waits never end")

    async def _listen(self, ready: Ready) -> None:
        self._report(None)
        if self._config.transport is Transport.HTTP:
            await asyncio.Event().wait()
        line = SocketLine(self._config, self._session.plain(), self._report)
        for wait_seconds in self._waits():
            self._report("connecting")
            try:
                await line.live_once(ready)
            except SendError as error:
                await self._wait_or_give_up(error, wait_seconds)
            except TimeoutError:
                self._report("Slack's socket does not open")
                await asyncio.sleep(wait_seconds)

    async def _wait_or_give_up(self, error: SendError, wait_seconds: float) -> None:
        self._report(str(error))
        if error.permanent:
            raise ChannelError(f"{self.key}: {error}") from error
        _log.warning("slack_unreachable", channel=self.key, detail=str(error))
        await asyncio.sleep(max(wait_seconds, error.retry_after_seconds or 0))

    def _report(self, trouble: str | None) -> None:
        self._trouble = trouble

    def _waits(self) -> chain[float]:
        waits = self._config.backoff_seconds
        return chain(waits, repeat(waits[-1]))


async def _nobody_knows(_external_id: str) -> Sequence[OwnTicket]:
    """Know of no tickets: the channel was given no store."""
    return ()


def build(config: SlackConfig, parts: ChannelParts) -> SlackChannel:
    """Make the channel; the factory of its entry point."""
    return SlackChannel(config, parts.clock, Keeping(parts.db, parts.clock, parts.secret))
