from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.growing import Scene
from tests.integration.channels.slack.listening import Ear, Setup, connected


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(retry_delays_seconds=(0.05, 0.05)) as fake:
        yield fake


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture(params=list(Transport))
async def setup(request: pytest.FixtureRequest, slack: FakeSlack) -> AsyncIterator[Setup]:
    """Return a connected channel, once for each transport."""
    async with connected(slack, request.param) as setup:
        yield setup


@pytest.fixture
async def http(slack: FakeSlack) -> AsyncIterator[Setup]:
    async with connected(slack, Transport.HTTP) as setup:
        yield setup


@pytest.fixture
async def socket(slack: FakeSlack) -> AsyncIterator[Setup]:
    async with connected(slack, Transport.SOCKET) as setup:
        yield setup


@pytest.fixture
async def scene(slack: FakeSlack) -> AsyncIterator[Scene]:
    """Return a question, and a channel that can answer it."""
    made = Scene(slack)
    yield made
    for process in made.processes:
        await process.aclose()
