"""Creating, upgrading and checking the schema, by running the Alembic migrations.

An empty database is created on first use; an older one is refused with the command to type.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from supportbot.errors import SchemaOutdated
from supportbot.store.database import Database
from supportbot.store.guards import create_guards, missing_guards
from supportbot.store.job_schema import advance_jobs, drop_jobs, outdated_jobs
from supportbot.store.tables import Base
from supportbot.store.views import create_views, drop_views

_PACKAGED = Path(__file__).parent.parent / "_migrations"
_CHECKOUT = Path(__file__).parent.parent.parent / "migrations"
#: Serialises processes that find an empty PostgreSQL at the same time.
_LOCK = 0x5550_B07
#: Serialises their start: each publishes policies and imports knowledge.
_START_LOCK = 0x5550_B08
_ALONE = text("SELECT pg_advisory_xact_lock(:key)")


def migrations_folder() -> Path:
    """Return the folder of the migrations: inside the wheel, or of the checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def alembic_config(connection: Connection | None = None) -> Config:
    """Make the Alembic configuration; `env.py` takes the connection from its attributes."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = Base.metadata
    return config


async def prepare(db: Database) -> None:
    """Create the schema in an empty database, or make sure that it is the one we need.

    Raises:
        SchemaOutdated: another schema is there; names both revisions and the command to type.
    """
    async with db.reading() as work:
        state = await work.connection.run_sync(_state)
    if state.empty:
        await upgrade(db)
        return
    if state.current != state.head:
        raise SchemaOutdated(
            f"the database has schema {state.current or 'unknown'}, this version needs "
            f"{state.head}; make a backup, then run: supportbot db upgrade"
        )
    if state.unguarded:
        raise SchemaOutdated(
            f"the append-only guards of {', '.join(state.unguarded)} are missing; "
            "run: supportbot db upgrade"
        )
    if state.outdated_jobs:
        raise SchemaOutdated(f"{state.outdated_jobs}; run: supportbot db upgrade")


async def upgrade(db: Database, revision: str = "head") -> None:
    """Run all migrations up to a revision; safe to repeat and to run in two processes at once."""
    async with db.migrating() as connection:
        more = await connection.run_sync(_upgrade, revision)
    while more:
        async with db.migrating() as connection:
            more = await connection.run_sync(_upgrade_jobs)


@asynccontextmanager
async def alone(db: Database) -> AsyncIterator[None]:
    """Keep other processes waiting that also want to write what stands in the bot folder."""
    if db.is_sqlite:
        yield  # one process has it to itself
        return
    async with db.migrating() as connection:
        await connection.execute(_ALONE, {"key": _START_LOCK})
        yield


async def downgrade(db: Database, revision: str) -> None:
    """Undo migrations down to a revision (`base` = an empty database)."""
    async with db.migrating() as connection:
        await connection.run_sync(_downgrade, revision)


async def revisions(db: Database) -> tuple[str | None, str]:
    """Return the database's revision (None = empty) and the one this version needs."""
    async with db.reading() as work:
        state = await work.connection.run_sync(_state)
    return state.current, state.head


async def job_queue_problem(db: Database) -> str | None:
    """Say what is wrong with the job queue's tables; None when they are what we need.

    Raises:
        ConfigError: PostgreSQL is used and the package for its queue is not installed.
    """
    async with db.reading() as work:
        return await work.connection.run_sync(outdated_jobs)


class _State:
    """What stands in the database against what should."""

    def __init__(self, connection: Connection) -> None:
        context = MigrationContext.configure(connection)
        self.current = context.get_current_revision()
        self.empty = self.current is None and not inspect(connection).get_table_names()
        self.head = str(ScriptDirectory.from_config(alembic_config()).get_current_head())
        self.unguarded = [] if self.empty else missing_guards(connection)
        self.outdated_jobs = None if self.empty else outdated_jobs(connection)


def _state(connection: Connection) -> _State:
    return _State(connection)


def _upgrade(connection: Connection, revision: str) -> bool:
    """Bring everything up but for files of the job queue that want a transaction of their own.

    A new database becomes visible as a whole, so that nobody finds half of it.
    """
    _lock(connection)
    drop_views(connection)
    command.upgrade(alembic_config(connection), revision)
    create_guards(connection)
    create_views(connection)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise SchemaOutdated(f"the migration would break {len(broken)} references; undone")
    return advance_jobs(connection)


def _upgrade_jobs(connection: Connection) -> bool:
    _lock(connection)
    return advance_jobs(connection)


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE, {"key": _LOCK})


def _downgrade(connection: Connection, revision: str) -> None:
    drop_views(connection)
    command.downgrade(alembic_config(connection), revision)
    if revision == "base":
        drop_jobs(connection)
