"""A running demo without its scripted day, and a browser for its lab page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

import supportbot.cli
from supportbot.demo.folder import prepare
from supportbot.demo.show import opened_day
from supportbot.demo.stage import bound, staged
from tests.integration.demo.browsing import Browser

STARTER = Path(supportbot.cli.__file__).parent / "starter"


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    folder = tmp_path / "demo"
    prepare(folder, STARTER)
    with bound(0) as listening:
        async with (
            staged(folder, listening, {}) as stage,
            opened_day(stage),
            httpx2.AsyncClient(base_url=stage.origin, trust_env=False) as client,
        ):
            yield Browser(client)
