"""What one event costs on its way in, beside the same event in bare Bolt, in one process.

Both check the signature and hand the event to somebody: Bolt to a listener, the Slack channel to an
`accept` that parses it. Nothing is stored on either side, and no socket is between.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from starlette.routing import Route
from starlette.types import Message, Scope

from supportbot.channels.slack.channel import SlackChannel
from supportbot.channels.slack.config import ChannelRules, Rulebook, SlackConfig, Transport
from supportbot.model.inbound import Accepted, CustomerMessage, Inbound
from supportbot.testing.fake_slack import FakeSlack
from supportbot.testing.fake_slack.signatures import signed_headers
from tests.benchmarks.figures import Row, median
from tests.benchmarks.plan import Found, Plan

_EVENTS = 1_500
_WARM_UP = 100
_US = 1e6
_MOST_RATIO = 2.0

#: Dispatches one signed body and returns once it was acknowledged.
Dispatch = Callable[[bytes, dict[str, str]], Awaitable[None]]


async def dispatch(plan: Plan, folder: Path) -> Found:
    """Measure both in turns; the median round counts."""
    del folder
    ours, bare, wrong = [], [], []
    async with FakeSlack() as slack, _ours(slack) as ours_dispatch, _bare(slack) as bare_dispatch:
        for number in range(2 * plan.rounds + 1):
            for run, into in ((ours_dispatch, ours), (bare_dispatch, bare)):
                await _run(run, slack, _WARM_UP)
                begun = time.process_time()
                await _run(run, slack, _EVENTS)
                into.append((time.process_time() - begun) / _EVENTS * _US)
                if run.heard != (number + 1) * (_EVENTS + _WARM_UP):
                    wrong.append(f"dispatch: {run.name} heard {run.heard} events")
    row = Row(
        "processor time of one event, signature to handler",
        "us",
        median(ours),
        median(bare),
        samples=len(ours) * _EVENTS,
        ratio_target=_MOST_RATIO,
    )
    return Found([row], wrong)


class _Program:
    """One of the two, and how many events it has heard."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard = 0
        self.dispatch: Dispatch | None = None


async def _run(program: _Program, slack: FakeSlack, events: int) -> None:
    if program.dispatch is None:
        raise RuntimeError(f"{program.name} is not ready")
    goal = program.heard + events
    for number in range(events):
        body = _body(slack, program.heard + number)
        headers = signed_headers(body, slack.signing_secret, int(time.time()))
        await program.dispatch(body, headers)
    async with asyncio.timeout(10):
        while program.heard < goal:  # noqa: ASYNC110 - Bolt forgets its listeners' tasks
            await asyncio.sleep(0)


def _body(slack: FakeSlack, number: int) -> bytes:
    event = {
        "type": "app_mention",
        "channel": "C0SUPPORT",
        "user": "U0ADA",
        "team": slack.team,
        "text": f"<@{slack.bot_user}> How do I restore a backup?",
        "ts": f"{1_700_000_000 + number}.000100",
        "event_ts": f"{1_700_000_000 + number}.000100",
    }
    payload = {
        "type": "event_callback",
        "team_id": slack.team,
        "api_app_id": "A1",
        "event_id": f"Ev{number}",
        "event_time": 1_700_000_000,
        "event": event,
        "authorizations": [{"team_id": slack.team, "user_id": slack.bot_user, "is_bot": True}],
    }
    return json.dumps(payload).encode()


@asynccontextmanager
async def _ours(slack: FakeSlack) -> AsyncIterator[_Program]:
    """Run the Slack channel in HTTP mode and call its route."""
    config = SlackConfig(
        bot_token=slack.bot_token,
        signing_secret=slack.signing_secret,
        transport=Transport.HTTP,
        rulebook=Rulebook(default=ChannelRules("hosting")),
        api_url=slack.url,
    )
    channel, program = SlackChannel(config, lambda: datetime.now(UTC)), _Program("supportbot")

    async def accept(inbound: Inbound) -> Accepted:
        if isinstance(channel.parse(inbound), CustomerMessage):
            program.heard += 1
        return Accepted(program.heard)

    (route,) = channel.routes(accept)
    running = asyncio.create_task(channel.run(accept))
    try:
        async with asyncio.timeout(10):
            while channel.healthy() is not None:  # noqa: ASYNC110 - it tells nobody when it is
                await asyncio.sleep(0.01)
        program.dispatch = _route_dispatch(route)
        yield program
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await channel.aclose()


def _route_dispatch(route: Any) -> Dispatch:
    assert isinstance(route, Route)

    async def dispatch_one(body: bytes, headers: dict[str, str]) -> None:
        status = 0
        scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": route.path,
            "query_string": b"",
            "headers": [
                (b"content-type", b"application/json"),
                *((name.encode(), value.encode()) for name, value in headers.items()),
            ],
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        await route.app(scope, receive, send)
        if status != 200:
            raise RuntimeError(f"the Slack channel answered HTTP {status}")

    return dispatch_one


@asynccontextmanager
async def _bare(slack: FakeSlack) -> AsyncIterator[_Program]:
    """Make a Bolt app with one listener and an authorize that remembers."""
    program = _Program("bare Bolt")

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=slack.team, bot_id="B1", bot_user_id=slack.bot_user
        )

    app = AsyncApp(signing_secret=slack.signing_secret, authorize=authorize)

    @app.event("app_mention")
    async def _mentioned(event: dict[str, Any]) -> None:
        del event
        program.heard += 1

    async def dispatch_one(body: bytes, headers: dict[str, str]) -> None:
        request = AsyncBoltRequest(
            body=body.decode(), headers={"content-type": "application/json", **headers}
        )
        response = await app.async_dispatch(request)
        if response.status != 200:
            raise RuntimeError(f"Bolt answered HTTP {response.status}")

    program.dispatch = dispatch_one
    yield program
