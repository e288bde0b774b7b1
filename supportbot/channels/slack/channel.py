"""The Slack channel: hears, sends and finds for one workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import chain, repeat

import structlog
from starlette.routing import BaseRoute

from supportbot.channels.base import Accept, ChannelParts, LiveReply
from supportbot.channels.slack import echo, outbound
from supportbot.channels.slack.bolt import build_bolt
from supportbot.channels.slack.config import SlackConfig, Transport
from supportbot.channels.slack.directory import Directory, Watched
from supportbot.channels.slack.failures import translated
from supportbot.channels.slack.hearing import Beside, Hearing
from supportbot.channels.slack.http import Ready, events_route
from supportbot.channels.slack.identity import Identity, identify
from supportbot.channels.slack.live import Growth
from supportbot.channels.slack.parse import parse
from supportbot.channels.slack.people import Person
from supportbot.channels.slack.sockets import SocketLine
from supportbot.channels.slack.surfaces import Surfaces
from supportbot.channels.slack.web import SlackWeb
from supportbot.errors import ChannelError, SendError
from supportbot.model.delivery import Delivery, DeliveryKind, Receipt
from supportbot.model.inbound import CustomerMessage, Heard, Ignored, Inbound
from supportbot.model.time import Clock

_log = structlog.get_logger(__name__)

_DRAIN_SECONDS = 5.0
#: So long the members of groups are waited for before anything is heard.
_GROUPS_SECONDS = 5.0


class SlackChannel:
    """One workspace over Socket Mode or HTTP.

    Fulfils `Channel`, `LiveChannel`, `WebRoutes` and `Health`.
    """

    kind = "slack"

    def __init__(self, config: SlackConfig, clock: Clock) -> None:
        self.key = f"slack:{config.name}"
        self._config = config
        self._clock = clock
        self._web = SlackWeb(config)
        watched = Watched(config.operators, config.rulebook.groups)
        self._directory = Directory(self._web, watched, clock, config.directory)
        self._surfaces = Surfaces(self._web, config.rulebook)
        self._growth = Growth(config, self._web, self._who)
        self._identity: Identity | None = None
        self._ready: Ready | None = None
        self._trouble: str | None = "not started"

    async def run(self, accept: Accept) -> None:
        """Listen until cancelled.

        Raises:
            ChannelError: Slack refused a token for good; the message names the cure.
        """
        beside = Beside(self._directory, self._surfaces, self._config.rulebook)
        hearing = Hearing(self.key, self._clock, accept, beside)
        self._web.reopen()
        looking: asyncio.Task[None] | None = None
        try:
            identity = self._identity = await self._identified()
            looking = await self._look_around(hearing, identity)
            bolt = build_bolt(self._web.client(with_token=False), identity, hearing)
            self._ready = Ready(bolt, hearing, identity)
            _log.info("slack_ready", channel=self.key, team=identity.team)
            await self._listen(self._ready)
        finally:
            self._ready = None
            self._trouble = self._trouble or "stopped"
            await _ended(looking)
            await hearing.drained(_DRAIN_SECONDS)
            await self._surfaces.aclose()

    async def aclose(self) -> None:
        """Close the connection that it sends with, which outlives `run`: answers still leave."""
        await self._web.aclose()

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """Return `POST /slack/events` in http mode; it answers 503 until `run` is connected."""
        del accept  # `run` gets the same one, and nothing is heard before it knows who we are.
        if self._config.transport is Transport.SOCKET:
            return ()
        return (events_route(self._config.signing_secret or "", lambda: self._ready),)

    def healthy(self) -> str | None:
        """Return None while connected, else what is wrong."""
        return f"{self.key}: {self._trouble}" if self._trouble else None

    def parse(self, inbound: Inbound) -> Heard:
        """Understand a stored payload; see `parse.parse`."""
        heard = parse(inbound, self._config.rulebook)
        if isinstance(heard, CustomerMessage):
            user = heard.sender.external_id.rpartition(":")[2]
            if inbound.meta.get("operator") or user in self._config.operators:
                return Ignored("operator", thread_keys=heard.thread_keys)
        return heard

    async def send(self, delivery: Delivery) -> Receipt:
        """Post into the thread that the target names; see `live.Growth.send` and `echo.send`."""
        if delivery.kind is DeliveryKind.ECHO:
            return await echo.send(self._web.client(), delivery)
        return await self._growth.send(delivery)

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Look in the conversation; see `outbound.find`."""
        if delivery.kind is DeliveryKind.ECHO:
            return await echo.find(self._web.client(), delivery)
        return await outbound.find(self._web.client(), delivery)

    def may_open(self, key: str, target: Mapping[str, str]) -> bool:
        """Tell whether a reply may grow there now; see `live.Growth.may_open`."""
        return self._growth.may_open(key, target)

    async def open_live(self, delivery: Delivery) -> LiveReply:
        """Begin or take up the message of a reply that grows; see `live.Growth.open`."""
        return await self._growth.open(delivery)

    async def discard(self, delivery: Delivery) -> None:
        """Take away the message of a reply that nobody saw; see `live.Growth.discard`."""
        await self._growth.discard(delivery)

    async def _who(self) -> Identity:
        if self._identity is None:
            with translated("tell who we are", may_repeat=True):
                self._identity = await identify(self._web.client())
        return self._identity

    async def _identified(self) -> Identity:
        for wait_seconds in self._waits():
            try:
                with translated("tell who we are", may_repeat=True):
                    return await identify(self._web.client())
            except SendError as error:
                await self._wait_or_give_up(error, wait_seconds)
        raise AssertionError("the waits never end")

    async def _look_around(self, hearing: Hearing, identity: Identity) -> asyncio.Task[None]:
        """Learn who is in which group, and begin to look up names behind what is heard."""
        try:
            async with asyncio.timeout(_GROUPS_SECONDS):
                await self._directory.load_groups()
        except TimeoutError:
            _log.warning("slack_groups_unknown", channel=self.key)

        async def introduce(person: Person, name: str) -> None:
            await hearing.introduce(person, name, identity)

        return asyncio.create_task(self._directory.run(introduce))

    async def _listen(self, ready: Ready) -> None:
        self._report(None)
        if self._config.transport is Transport.HTTP:
            await asyncio.Event().wait()
        line = SocketLine(self._config, self._web.client(), self._report)
        for wait_seconds in self._waits():
            self._report("connecting")
            try:
                await line.live_once(ready.bolt)
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


async def _ended(looking: asyncio.Task[None] | None) -> None:
    if looking is not None:
        looking.cancel()
        await asyncio.wait((looking,))


def build(config: SlackConfig, parts: ChannelParts) -> SlackChannel:
    """Make the channel; the factory of its entry point."""
    return SlackChannel(config, parts.clock)
