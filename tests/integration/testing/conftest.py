from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from supportbot.testing.fake_slack import FakeSlack


@pytest.fixture
async def lenient() -> AsyncIterator[FakeSlack]:
    """A workspace that notes what Slack would complain of, and sends nothing twice."""
    async with FakeSlack(strict=False, ack_seconds=0.2, retry_delays_seconds=()) as slack:
        yield slack
