"""The running product: dispatcher, channels and HTTP under one lifespan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from itertools import chain, repeat

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from supportbot.app.house import House, answering
from supportbot.channels.base import Channel, Health, WebRoutes
from supportbot.dashboard.deps import DashboardDeps
from supportbot.dashboard.numbers import overview_from_reports
from supportbot.dashboard.routes import dashboard_routes
from supportbot.errors import StoreError, SupportbotError
from supportbot.orchestrator.guard import survive
from supportbot.settings.tree import Settings
from supportbot.store import schema

_log = structlog.get_logger(__name__)
_DRAIN_SECONDS = 20.0
_RESTART_SECONDS = (1.0, 5.0, 30.0, 60.0)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[House]:
    """Run everything but HTTP: lanes are rebuilt, the backlog is read, channels listen.

    At the end channels stop first, then running lanes get time to finish; what is left is resumed
    by the next start.
    """
    async with answering(settings) as house, AsyncExitStack() as ending:
        await house.wiring.dispatcher.start(house.settle, house.sweep.periodic())
        ending.push_async_callback(house.wiring.dispatcher.stop, _DRAIN_SECONDS)
        tasks = [asyncio.create_task(house.intake.run_backlog(), name="backlog")]
        tasks += [
            asyncio.create_task(_listen(channel.adapter, house), name=key)
            for key, channel in house.wiring.channels.items()
        ]
        ending.push_async_callback(_cancelled, tasks)
        yield house


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
            app.state.house = house
            app.router.routes.extend(routes(house))
            yield

    return Starlette(lifespan=lifespan)


def application(house: House) -> Starlette:
    """Return the ASGI application of a house that runs already."""
    app = Starlette(routes=routes(house))
    app.state.house = house
    return app


def routes(house: House) -> list[BaseRoute]:
    """Return all HTTP routes of a running house; the dashboard answers what nobody else does."""
    found: list[BaseRoute] = [
        Route("/healthz", _healthz, methods=["GET"]),
        Route("/readyz", _readyz, methods=["GET"]),
    ]
    for channel in house.wiring.channels.values():
        if isinstance(channel.adapter, WebRoutes):
            found += channel.adapter.routes(house.intake.accept)
    return [*found, *dashboard_routes(_dashboard(house))]


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


async def _healthz(_request: Request) -> JSONResponse:
    """Say that the process is alive."""
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> JSONResponse:
    """Say whether the database answers and every channel is connected."""
    house: House = request.app.state.house
    problems = [f"{key} stopped: {cause}" for key, cause in house.stopped.items()]
    problems += [
        problem
        for key, channel in house.wiring.channels.items()
        if key not in house.stopped
        and isinstance(channel.adapter, Health)
        and (problem := channel.adapter.healthy())
    ]
    try:
        await schema.revisions(house.wiring.db)
    except StoreError as error:
        problems.append(str(error))
    status = 503 if problems else 200
    return JSONResponse({"status": "degraded" if problems else "ok", "problems": problems}, status)
