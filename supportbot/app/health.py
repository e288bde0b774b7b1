"""What watches a process asks it: is it alive, can it do its part, how much waits."""

from __future__ import annotations

import structlog
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from supportbot.app.house import House, deadlines
from supportbot.app.metrics import Seen, rendered
from supportbot.channels.base import Health
from supportbot.completions.breaker import BreakerState
from supportbot.completions.chain import Chain
from supportbot.errors import StoreError
from supportbot.model.load import Load
from supportbot.store import load, schema, violations

_log = structlog.get_logger(__name__)


def health_routes(house: House) -> list[Route]:
    """Return the routes that every process has, whatever its roles."""

    async def ready(_request: Request) -> JSONResponse:
        """Say whether the database answers, every channel is connected and tickets are answered.

        That is, those channels that listen here, and tickets where this process works at all.
        """
        problems = [problem for problem in _channels(house).values() if problem]
        problems += house.wiring.dispatcher.problems()
        problems += [house.room.problem] if house.room.problem else []
        try:
            await schema.revisions(house.wiring.db)
        except StoreError as error:  # anybody may ask: the log and `check` tell more
            _log.warning("not_ready", error=type(error).__name__, detail=str(error))
            problems.append("the database is away or cannot be used")
        status = 503 if problems else 200
        state = "degraded" if problems else "ok"
        return JSONResponse({"status": state, "problems": problems}, status)

    async def metrics(_request: Request) -> Response:
        """Say how much waits; a database that is away is a number too."""
        return Response(rendered(await look(house)), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", _alive, methods=["GET"]),
        Route("/readyz", ready, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


async def look(house: House) -> Seen:
    """Look at the installation; never raises because the database is away."""
    found: Load | None = None
    overdue: dict[str, int] = {}
    wiring = house.wiring
    try:
        async with wiring.db.reading() as work:
            now = wiring.clock()
            counts = await violations.counts(work, now, deadlines(house.settings))
            overdue = {kind.value: count for kind, count in counts.items()}
            found = await load.load(work, now)
    except (StoreError, DBAPIError) as error:
        _log.warning("not_measured", error=type(error).__name__)
    connected = {key: problem is None for key, problem in _channels(house).items()}
    return Seen(found, overdue, connected, house.roles.chosen, _models(house))


def _models(house: House) -> dict[str, bool]:
    """Return the models of a process that answers, and whether each may be asked."""
    completer = house.completer
    if not (house.roles.works and isinstance(completer, Chain)):
        return {}
    return {model: state is not BreakerState.OPEN for model, state in completer.breakers.items()}


def _channels(house: House) -> dict[str, str | None]:
    """Return the channels that listen here, each with what is wrong with it."""
    found: dict[str, str | None] = {}
    for key, channel in house.wiring.channels.items():
        if not house.roles.hears(channel.adapter.kind):
            continue
        if key in house.stopped:
            found[key] = f"{key} stopped: {house.stopped[key]}"
        else:
            adapter = channel.adapter
            found[key] = adapter.healthy() if isinstance(adapter, Health) else None
    return found


async def _alive(_request: Request) -> JSONResponse:
    """Say that the process is alive."""
    return JSONResponse({"status": "ok"})
