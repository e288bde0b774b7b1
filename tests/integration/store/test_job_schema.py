"""The job queue's own tables: installed, upgraded by its package's files, removed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from supportbot.errors import ConfigError, SchemaOutdated
from supportbot.store import job_schema, schema
from supportbot.store.database import Database

_FUNCTIONS = """
SELECT proname, md5(prosrc) FROM pg_proc
WHERE proname LIKE 'procrastinate%' AND proname NOT IN ('procrastinate_retry_job_v1')
"""
_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_name LIKE 'procrastinate%'
"""


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[Database]:
    database = Database(postgresql_url)
    yield database
    await database.aclose()


async def _rows(database: Database, query: str) -> set[Any]:
    async with database.reading() as work:
        return {tuple(row) for row in await work.connection.execute(text(query))}


async def test_an_older_job_queue_is_refused_and_upgraded_by_the_files_since(
    database: Database,
) -> None:
    """As after `pip install --upgrade procrastinate`: here its whole history runs at once."""
    fresh = await _rows(database, _FUNCTIONS), await _rows(database, _COLUMNS)
    first = "00.00.00_01_initial.sql"
    initial = (files("procrastinate.sql") / "migrations" / first).read_text("utf-8")
    async with database.migrating() as connection:
        await connection.run_sync(job_schema.drop_jobs)
        raw = {"no_parameters": True}
        await connection.exec_driver_sql(initial, execution_options=raw)
        await connection.exec_driver_sql(
            f"COMMENT ON TABLE procrastinate_jobs IS 'supportbot: job queue schema {first}'",
            execution_options=raw,
        )
    with pytest.raises(SchemaOutdated, match="supportbot db upgrade"):
        await schema.prepare(database)
    await schema.upgrade(database)
    await schema.prepare(database)
    assert (await _rows(database, _FUNCTIONS), await _rows(database, _COLUMNS)) == fresh


async def test_a_database_from_before_the_job_queue_is_upgraded(database: Database) -> None:
    async with database.migrating() as connection:
        await connection.run_sync(job_schema.drop_jobs)
    with pytest.raises(SchemaOutdated, match="supportbot db upgrade"):
        await schema.prepare(database)
    await schema.upgrade(database)
    await schema.prepare(database)


async def test_nothing_is_left_after_a_downgrade_to_nothing(database: Database) -> None:
    await schema.downgrade(database, "base")
    left = await _rows(
        database,
        "SELECT relname FROM pg_class WHERE relname LIKE 'procrastinate%'"
        " UNION SELECT proname FROM pg_proc WHERE proname LIKE 'procrastinate%'"
        " UNION SELECT typname FROM pg_type WHERE typname LIKE 'procrastinate%'",
    )
    assert left == set()


async def test_tables_of_somebody_else_are_not_touched(make_postgres: Any) -> None:
    database = Database(make_postgres())
    try:
        async with database.migrating() as connection:
            await connection.execute(text("CREATE TABLE procrastinate_jobs (id int)"))
        with pytest.raises(SchemaOutdated, match="a database of its own"):
            await schema.upgrade(database)
    finally:
        await database.aclose()


async def test_a_missing_package_is_named_with_the_line_to_type(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(package: str) -> Path:
        raise ModuleNotFoundError(package)

    monkeypatch.setattr(job_schema, "files", missing)
    with pytest.raises(ConfigError, match=r'pip install "supportbot\[postgres\]"'):
        await schema.prepare(database)
