"""A Slack channel beside a fake workspace, and an `accept` in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from supportbot.channels.base import Accept
from supportbot.channels.slack.channel import SlackChannel
from supportbot.channels.slack.config import (
    ChannelRules,
    DirectoryRules,
    Rulebook,
    SlackConfig,
    Transport,
)
from supportbot.errors import StoreUnavailable
from supportbot.model.delivery import Audience, Delivery, DeliveryKind, DeliveryState
from supportbot.model.inbound import Accepted, Heard, Inbound
from supportbot.testing.fake_slack import FakeMessage, FakeSlack


class Ear:
    """Accepts in memory: one inbound for all that share a key; can refuse a number of times."""

    def __init__(self) -> None:
        self.inbound: list[Inbound] = []
        #: Names that were looked up; they come when they come.
        self.names: list[Inbound] = []
        self.duplicates = 0
        self.refusals_left = 0
        self.refused = 0
        #: What becomes of everything that is accepted, where it becomes nothing.
        self.suppressed: str | None = None

    async def accept(self, inbound: Inbound) -> Accepted:
        if self.refusals_left:
            self.refusals_left -= 1
            self.refused += 1
            raise StoreUnavailable("the disk is full")
        for number, known in enumerate(self.inbound):
            if set(known.keys) & set(inbound.keys):
                self.duplicates += 1
                return Accepted(number, duplicate=True)
        if inbound.keys[0].startswith("profile:"):
            self.names.append(inbound)
            return Accepted(0)
        self.inbound.append(inbound)
        return Accepted(len(self.inbound) - 1, suppressed=self.suppressed)


class Setup:
    """A channel that listens to a fake workspace."""

    def __init__(self, slack: FakeSlack, channel: SlackChannel, ear: Ear) -> None:
        self.slack = slack
        self.channel = channel
        self.ear = ear

    def heard(self) -> list[Heard]:
        return [self.channel.parse(inbound) for inbound in self.ear.inbound]


def make_config(slack: FakeSlack, transport: Transport, **changes: object) -> SlackConfig:
    config: dict[str, object] = {
        "bot_token": slack.bot_token,
        "app_token": slack.app_token,
        "signing_secret": slack.signing_secret,
        "transport": transport,
        "rulebook": Rulebook({"C0SUPPORT": ChannelRules("rocket")}),
        "api_url": slack.url,
        "ping_seconds": 0.2,
        "backoff_seconds": (0.05,),
        "directory": DirectoryRules(pause_seconds=0.0),
        "request_timeout_seconds": 2.0,
    }
    return SlackConfig(**(config | changes))  # type: ignore[arg-type] # a test's factory


def make_channel(slack: FakeSlack, transport: Transport, **changes: object) -> SlackChannel:
    return SlackChannel(make_config(slack, transport, **changes), lambda: datetime.now(UTC))


@asynccontextmanager
async def listening(channel: SlackChannel, accept: Accept) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(channel.run(accept))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await channel.aclose()


@asynccontextmanager
async def served(routes: Sequence[BaseRoute]) -> AsyncIterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=list(routes)), port=0, log_level="warning", lifespan="off")
    )
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def until(holds: Callable[[], object]) -> None:
    """Wait for what another task does; most of it has no event of its own."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(
    slack: FakeSlack, transport: Transport, **changes: object
) -> AsyncIterator[Setup]:
    ear, channel = Ear(), make_channel(slack, transport, **changes)
    async with AsyncExitStack() as stack:
        if transport is Transport.HTTP:
            routes = channel.routes(ear.accept)
            origin = await stack.enter_async_context(served(routes))
        await stack.enter_async_context(listening(channel, ear.accept))
        await until(lambda: channel.healthy() is None)
        if transport is Transport.HTTP:
            await slack.use_http(f"{origin}/slack/events")
        yield Setup(slack, channel, ear)


def make_delivery(question: FakeMessage, text: str = "**Answer**", **changes: object) -> Delivery:
    target = {
        "channel": question.channel,
        "thread_ts": question.root,
        "team": FakeSlack.team,
        "user": question.user,
        "user_team": question.user_team or FakeSlack.team,
        "asked_ts": question.ts,
    }
    values: dict[str, object] = {
        "id": 1,
        "key": "reply:1",
        "ticket_id": 1,
        "ticket": "01T",
        "channel": "slack:main",
        "audience": Audience.CUSTOMER,
        "kind": DeliveryKind.REPLY,
        "state": DeliveryState.SENDING,
        "target": target,
        "text": text,
        "subject": None,
        "handler_epoch": 0,
    }
    return Delivery(**(values | changes))  # type: ignore[arg-type] # a test's factory
