"""The job queue's own tables on PostgreSQL: procrastinate's schema, installed and upgraded.

Its package brings the SQL: a whole schema for an empty database, and numbered migration files. A
comment on its main table records the newest migration file that the database has seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from sqlalchemy import Connection, text

from supportbot.errors import ConfigError, SchemaOutdated

_INSTALL = 'pip install "supportbot[postgres]"'
_RECORD = "supportbot: job queue schema "

#: Ours: waking looks for the jobs of one ticket, and so does each claim of a job.
_INDEX = "CREATE INDEX IF NOT EXISTS supportbot_jobs_lock ON procrastinate_jobs (lock)"

_RECORDED = text("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")
_THERE = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")

#: Everything the package made carries its name; tables first, for the rest hangs on them.
_DROP = """
DO $$ DECLARE made record; BEGIN
  FOR made IN SELECT oid::regclass AS name FROM pg_class
    WHERE relkind = 'r' AND relname LIKE 'procrastinate\\_%' AND pg_table_is_visible(oid)
  LOOP EXECUTE format('DROP TABLE %s CASCADE', made.name); END LOOP;
  FOR made IN SELECT oid::regprocedure AS name FROM pg_proc
    WHERE proname LIKE 'procrastinate\\_%' AND pg_function_is_visible(oid)
  LOOP EXECUTE format('DROP FUNCTION %s CASCADE', made.name); END LOOP;
  FOR made IN SELECT oid::regtype AS name FROM pg_type
    WHERE typtype IN ('e', 'c') AND typname LIKE 'procrastinate\\_%' AND pg_type_is_visible(oid)
  LOOP EXECUTE format('DROP TYPE %s CASCADE', made.name); END LOOP;
END $$
"""


def outdated_jobs(connection: Connection) -> str | None:
    """Say what is wrong with the job queue's tables; None when they are what we need.

    Raises:
        ConfigError: the package is not installed.
    """
    if connection.dialect.name != "postgresql":
        return None
    newest, recorded = _migrations()[-1].name, _recorded(connection)
    if recorded is not None and recorded >= newest:
        return None
    return f"the job queue's tables are of {recorded or 'nobody knows when'}, not of {newest}"


def advance_jobs(connection: Connection) -> bool:
    """Install the job queue's tables, or run the next migration file; True: there are more.

    Each file wants a transaction of its own (a new value of an enumeration must be committed
    before it is used). The caller holds the lock that keeps other processes out.

    Raises:
        ConfigError: the package is not installed.
        SchemaOutdated: somebody else made these tables; nobody knows what they are.
    """
    if connection.dialect.name != "postgresql":
        return False
    migrations = _migrations()
    recorded = _recorded(connection)
    if recorded is None:
        _install(connection)
        _record(connection, migrations[-1])
        return False
    newer = [migration for migration in migrations if migration.name > recorded]
    if newer:
        _run(connection, newer[0].read_text("utf-8"))
        _record(connection, newer[0])
    return len(newer) > 1


def drop_jobs(connection: Connection) -> None:
    """Remove the job queue's tables, functions and types, and every job in them."""
    if connection.dialect.name == "postgresql":
        _run(connection, _DROP)


def _install(connection: Connection) -> None:
    if connection.execute(_THERE).scalar():
        raise SchemaOutdated(
            "there are procrastinate tables that supportbot did not make; "
            "give supportbot a database of its own"
        )
    _run(connection, (files("procrastinate.sql") / "schema.sql").read_text("utf-8"))
    _run(connection, _INDEX)


def _record(connection: Connection, migration: Traversable) -> None:
    _run(connection, f"COMMENT ON TABLE procrastinate_jobs IS '{_RECORD}{migration.name}'")


def _recorded(connection: Connection) -> str | None:
    comment = connection.execute(_RECORDED).scalar()
    return str(comment).removeprefix(_RECORD) if comment else None


def _migrations() -> list[Traversable]:
    """Return the package's migration files in their order."""
    try:
        folder = files("procrastinate.sql") / "migrations"
    except ModuleNotFoundError as error:
        raise ConfigError(f"PostgreSQL needs one package more; type: {_INSTALL}") from error
    return sorted(_sql_files(folder), key=lambda file: file.name)


def _sql_files(folder: Traversable) -> Iterator[Traversable]:
    return (file for file in folder.iterdir() if file.name.endswith(".sql"))


def _run(connection: Connection, statements: str) -> None:
    """Run a whole file: without parameters the driver sends it as it is, percent signs and all."""
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})
