"""The running product: dispatcher, channels and HTTP under one lifespan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from itertools import chain, repeat

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from supportbot.app.alone import alone
from supportbot.app.health import health_routes
from supportbot.app.house import House, answering
from supportbot.app.roles import Roles, choose
from supportbot.channels.base import Channel, Closing, WebRoutes
from supportbot.dashboard.deps import DashboardDeps
from supportbot.dashboard.numbers import overview_from_reports
from supportbot.dashboard.routes import dashboard_routes
from supportbot.dispatch.base import Periodic
from supportbot.errors import SupportbotError
from supportbot.orchestrator.guard import survive
from supportbot.settings.tree import Settings

_log = structlog.get_logger(__name__)
_DRAIN_SECONDS = 20.0
#: The backlog is read until it is cancelled; so soon it is begun again where it breaks.
_BACKLOG_SECONDS = 1.0
_RESTART_SECONDS = (1.0, 5.0, 30.0, 60.0)


@asynccontextmanager
async def running(settings: Settings, only: Sequence[str] = ()) -> AsyncIterator[House]:
    """Run everything but HTTP: lanes are rebuilt, the backlog is read, channels listen.

    With `only`, that is what these roles do; see `roles.choose`. At the end channels stop first,
    then running lanes get time to finish; what is left is resumed by the next start, or by another
    process.

    Raises:
        StoreUnavailable: another process runs on this SQLite database.
    """
    roles = choose(settings, only)
    with alone(settings.database.url):
        async with running_alone(settings, roles) as house:
            yield house


@asynccontextmanager
async def running_alone(settings: Settings, roles: Roles) -> AsyncIterator[House]:
    """Run like `running`, for a caller that chose the roles and holds the database."""
    async with answering(settings) as wired, AsyncExitStack() as ending:
        house = replace(wired, roles=roles)
        ending.push_async_callback(_closed, house)
        if roles.works:
            await _work(house)
            ending.push_async_callback(house.wiring.dispatcher.stop, _DRAIN_SECONDS)
        tasks = [
            asyncio.create_task(_listen(channel.adapter, house), name=key)
            for key, channel in house.wiring.channels.items()
            if roles.hears(channel.adapter.kind)
        ]
        ending.push_async_callback(_cancelled, tasks)
        yield house


async def _work(house: House) -> None:
    """Begin to answer; of several processes one reads the backlog at a time."""
    backlog = Periodic("backlog", _BACKLOG_SECONDS, house.backlog.run)
    await house.wiring.dispatcher.start(house.settle, (*house.sweep.periodic(), backlog))


async def _listen(channel: Channel, house: House) -> None:
    """Let a channel run; one that breaks is started again, one that is refused for good rests.

    Either is shown by `/readyz`, and the other channels go on.
    """
    for wait_seconds in chain(_RESTART_SECONDS, repeat(_RESTART_SECONDS[-1])):
        house.stopped.pop(channel.key, None)
        ended = await survive("channel", channel.run(house.intake.accept), channel=channel.key)
        cause = _cause(ended) if isinstance(ended, Exception) else "it ended by itself"
        house.stopped[channel.key] = cause
        _log.error("channel_stopped", channel=channel.key, cause=cause)
        if isinstance(ended, SupportbotError) and ended.permanent:
            return
        await asyncio.sleep(wait_seconds)


def _cause(error: Exception) -> str:
    """Our own errors name the thing and the cure; others may hold somebody's words."""
    return str(error) if isinstance(error, SupportbotError) else type(error).__name__


async def _closed(house: House) -> None:
    await house.wiring.working.aclose()
    for channel in house.wiring.channels.values():
        if isinstance(channel.adapter, Closing):
            await channel.adapter.aclose()


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def build_app(settings: Settings) -> Starlette:
    """Return the ASGI application: web chat, Slack events, dashboard, health.

    The house is wired when the server starts (ASGI lifespan) and taken down when it ends.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with running(settings) as house:
            app.router.routes.extend(routes(house))
            yield

    return Starlette(lifespan=lifespan)


def application(house: House) -> Starlette:
    """Return the ASGI application of a house that runs already."""
    return Starlette(routes=routes(house))


def routes(house: House) -> list[BaseRoute]:
    """Return the HTTP routes of a running house; the dashboard answers what nobody else does."""
    found: list[BaseRoute] = [*health_routes(house)]
    for channel in house.wiring.channels.values():
        if isinstance(channel.adapter, WebRoutes) and house.roles.hears(channel.adapter.kind):
            found += channel.adapter.routes(house.intake.accept)
    if house.roles.shows:
        found += dashboard_routes(_dashboard(house))
    return found


def _dashboard(house: House) -> DashboardDeps:
    wiring, server = house.wiring, house.settings.server
    public_url = str(server.public_url) if server.public_url else None
    time_zone = house.settings.reports.timezone
    return DashboardDeps(
        db=wiring.db,
        takeover=house.takeover,
        clock=wiring.clock,
        overview=overview_from_reports(wiring.db, wiring.clock, time_zone),
        products=tuple(wiring.products.values()),
        time_zone=time_zone,
        version=version("supportbot"),
        secure_cookies=(public_url or "").startswith("https://"),
        public_url=public_url,
    )
