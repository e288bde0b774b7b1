"""The schema: created on first use, upgraded by command, guarded, equal to the tables."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from supportbot.errors import SchemaOutdated, StoreUnavailable
from supportbot.store import guards, schema, views
from supportbot.store.database import Database
from supportbot.store.tables import Base


async def test_an_empty_database_is_created_on_first_use(db: Database) -> None:
    current, head = await schema.revisions(db)
    assert current == head


async def test_prepare_twice_changes_nothing(db: Database) -> None:
    await schema.prepare(db)
    assert (await schema.revisions(db))[0] is not None


async def test_two_processes_may_create_it_at_once(database_url: str) -> None:
    first, second = Database(database_url), Database(database_url)
    await asyncio.gather(schema.upgrade(first), schema.upgrade(second))
    await schema.prepare(first)
    await first.aclose()
    await second.aclose()


async def test_autogenerate_finds_nothing(db: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, _kind, _parents: (
                    not str(name).startswith(("bi_", "procrastinate_"))
                )
            },
        )
        return list(compare_metadata(context, Base.metadata))

    async with db.reading() as work:
        assert await work.connection.run_sync(differences) == []


async def test_downgrade_to_nothing_and_back(db: Database) -> None:
    await schema.downgrade(db, "base")
    async with db.reading() as work:
        names = await work.connection.run_sync(_table_names)
    assert names <= {"alembic_version"}
    await schema.upgrade(db)
    await schema.prepare(db)


async def test_an_older_schema_is_refused_with_the_command_to_type(db: Database) -> None:
    async with db.migrating() as connection:

        def stamp_older(sync: Connection) -> None:
            sync.execute(text("UPDATE alembic_version SET version_num = 'older'"))

        await connection.run_sync(stamp_older)
    with pytest.raises(SchemaOutdated, match="supportbot db upgrade"):
        await schema.prepare(db)


async def test_every_append_only_table_has_its_guards(db: Database) -> None:
    async with db.reading() as work:
        assert await work.connection.run_sync(guards.missing_guards) == []


async def _write(db: Database, statement: str, **values: object) -> None:
    async with db.writing() as work:
        await work.connection.execute(text(statement), values)


@pytest.mark.parametrize(
    "verb", ["UPDATE policy_version SET body = 'x'", "DELETE FROM policy_version"]
)
async def test_what_was_published_cannot_be_changed_or_deleted(db: Database, verb: str) -> None:
    at = 0 if db.is_sqlite else "2026-01-01T00:00:00Z"
    await _write(db, "INSERT INTO product(key, name) VALUES ('p', 'P')")
    await _write(
        db,
        "INSERT INTO policy_version(product_id, version, body, sha256, created_at)"
        " VALUES (1, 1, '', '', :at)",
        at=at,
    )
    with pytest.raises(DBAPIError, match="policy_version is append-only"):
        await _write(db, verb)


@pytest.mark.parametrize("table", guards.APPEND_ONLY)
async def test_truth_cannot_be_truncated(postgresql_url: str, table: str) -> None:
    database = Database(postgresql_url)
    try:
        with pytest.raises(DBAPIError, match="append-only"):
            await _write(database, f"TRUNCATE {table} CASCADE")
    finally:
        await database.aclose()


async def test_views_exist_on_both_stores(db: Database) -> None:
    async with db.reading() as work:
        for view in views.VIEWS:
            assert (await work.connection.execute(text(f"SELECT * FROM {view}"))).all() == []


async def test_a_missing_folder_is_named() -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        Database("sqlite:////nonexistent/folder/x.db")


def _table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_there_is_one_head() -> None:
    scripts = ScriptDirectory.from_config(schema.alembic_config())
    assert len(scripts.get_heads()) == 1
