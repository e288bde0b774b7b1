"""A PostgreSQL database, and dispatchers on it that stand for processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from supportbot.dispatch.base import Periodic, Settle
from supportbot.dispatch.procrastinate import ProcrastinateDispatcher
from supportbot.store.database import Database

Start = Callable[..., Awaitable[ProcrastinateDispatcher]]


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    database = Database(postgresql_url)
    yield database
    await database.aclose()


@pytest.fixture
async def start(postgresql_url: str) -> AsyncIterator[Start]:
    """Start a dispatcher with `start(settle, *periodic, **options)`; all are stopped at the end."""
    started: list[ProcrastinateDispatcher] = []

    async def start_one(
        settle: Settle, *periodic: Periodic, **options: Any
    ) -> ProcrastinateDispatcher:
        dispatcher = ProcrastinateDispatcher(postgresql_url, **options)
        started.append(dispatcher)
        await dispatcher.start(settle, periodic)
        return dispatcher

    yield start_one
    for dispatcher in started:
        await dispatcher.stop(0.1)


@pytest.fixture
def ask(database: Database) -> Callable[[str], Awaitable[Any]]:
    """Run a statement and return its first value, if it has any."""

    async def run(statement: str) -> Any:
        async with database.writing() as work:
            result = await work.connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None

    return run
