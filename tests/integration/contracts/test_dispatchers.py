from __future__ import annotations

import pytest

from supportbot.dispatch.base import Dispatcher
from supportbot.dispatch.local import LocalDispatcher
from supportbot.store.database import Database
from supportbot.testing.contracts import DispatcherContract


class TestLocalDispatcher(DispatcherContract):
    @pytest.fixture
    async def dispatcher(self) -> Dispatcher:
        return LocalDispatcher()

    @pytest.fixture
    async def database(self, db: Database) -> Database:
        return db
