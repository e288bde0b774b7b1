"""Append-only truth: triggers that refuse to change or delete what happened.

Alembic's batch mode re-creates a table and drops its SQLite triggers, so every migration ends with
`create_guards`, which is safe to repeat, and `missing_guards` is asked at start-up.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

#: Tables whose rows never change once they are written.
APPEND_ONLY = (
    "message",
    "ticket_event",
    "completion",
    "retrieval",
    "policy_version",
    "csat_response",
    "feedback",
)

_PG_FUNCTION = """
CREATE OR REPLACE FUNCTION supportbot_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = '23001';
END $$
"""


def create_guards(connection: Connection, tables: Iterable[str] = APPEND_ONLY) -> None:
    """Put the triggers in place; safe to repeat."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_PG_FUNCTION)
    for table in tables:
        for statement in _statements(connection.dialect.name, table):
            connection.exec_driver_sql(statement)


def drop_guards(connection: Connection, tables: Iterable[str]) -> None:
    """Let rows of these tables change in the caller's transaction, which must put them back.

    Nobody else sees the tables without their guards; if the transaction fails they were never off.
    """
    dialect = connection.dialect.name
    for table in tables:
        place = "" if dialect == "sqlite" else f" ON {table}"
        for verb in _verbs(dialect):
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{verb}{place}")


def missing_guards(connection: Connection) -> list[str]:
    """Name the append-only tables that are not protected."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    present = set(connection.execute(text(query)).scalars())
    return [
        table
        for table in APPEND_ONLY
        if not {f"{table}_no_{verb}" for verb in _verbs(connection.dialect.name)} <= present
    ]


def _verbs(dialect: str) -> tuple[str, ...]:
    return ("update", "delete") if dialect == "sqlite" else ("change", "truncate")


def _statements(dialect: str, table: str) -> list[str]:
    if dialect == "sqlite":
        return [_sqlite_guard(table, verb) for verb in ("update", "delete")]
    call = "EXECUTE FUNCTION supportbot_append_only()"
    create = f"CREATE OR REPLACE TRIGGER {table}"
    return [
        f"{create}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {call}",
        f"{create}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
    ]


def _sqlite_guard(table: str, verb: str) -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
