"""What a database keeps: where words stand in it, in whichever table and column."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnClause, inspect, select, table
from sqlalchemy import column as named

from supportbot.store.database import Database


async def tables_with(db: Database, words: str) -> set[str]:
    """Name the tables that hold these words anywhere."""

    def read(connection: Any) -> set[str]:
        seen = inspect(connection)
        found = set()
        for name in seen.get_table_names():
            columns: list[ColumnClause[Any]] = [named(c["name"]) for c in seen.get_columns(name)]
            rows = connection.execute(select(*columns).select_from(table(name)))
            if any(words in _shown(value) for row in rows for value in row):
                found.add(name)
        return found

    async with db.reading() as work:
        found: set[str] = await work.connection.run_sync(read)
    return found


def _shown(value: object) -> str:
    raw = bytes(value) if isinstance(value, bytes | memoryview) else None
    return str(value) if raw is None else raw.decode(errors="replace")
