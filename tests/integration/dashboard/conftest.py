"""The dashboard on a real store."""

from __future__ import annotations

import pytest

from supportbot.store.database import Database
from tests.integration.dashboard.world import MovableClock, World, build_world


@pytest.fixture
async def world(sqlite_db: Database, clock: MovableClock) -> World:
    """A house with one product, one mailbox, one policy, where the store does not matter."""
    return await build_world(sqlite_db, clock)


@pytest.fixture
async def both_worlds(db: Database, clock: MovableClock) -> World:
    """The same house, once for each store."""
    return await build_world(db, clock)
