from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from supportbot.dispatch.base import Dispatcher
from supportbot.dispatch.local import LocalDispatcher
from supportbot.dispatch.procrastinate import ProcrastinateDispatcher
from supportbot.store.database import Database
from supportbot.testing.contracts import DispatcherContract


class TestLocalDispatcher(DispatcherContract):
    @pytest.fixture
    async def dispatcher(self) -> Dispatcher:
        return LocalDispatcher()

    @pytest.fixture
    async def database(self, db: Database) -> Database:
        return db


class TestProcrastinateDispatcher(DispatcherContract):
    @pytest.fixture
    async def dispatcher(self, postgresql_url: str) -> Dispatcher:
        return ProcrastinateDispatcher(postgresql_url)

    @pytest.fixture
    async def database(self, postgresql_url: str) -> AsyncIterator[Database]:
        database = Database(postgresql_url)
        yield database
        await database.aclose()
