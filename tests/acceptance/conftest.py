from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from supportbot.channels.slack.config import Transport
from tests.acceptance.slack_desk import Desk, Plan, desk


@pytest.fixture(params=list(Transport))
def transport(request: pytest.FixtureRequest) -> Transport:
    """How the product hears Slack: a story that takes this is told over both ways."""
    return Transport(request.param)


@pytest.fixture
def plan() -> Plan:
    """What is special about the desk of a story; a file may have a plan of its own."""
    return Plan()


@pytest.fixture
async def d(transport: Transport, tmp_path: Path, plan: Plan) -> AsyncIterator[Desk]:
    """The product beside a fake workspace: a story that takes this is told over both ways."""
    async with desk(transport, tmp_path, plan) as ready:
        yield ready
