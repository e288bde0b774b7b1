"""One process to a SQLite database: a second one is refused before it does anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from supportbot.errors import StoreUnavailable
from supportbot.store.database import driver_url


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Hold the database for this process while the block runs; other stores are shared.

    The lock is that of a second, empty SQLite file beside the database: it works on every system,
    and it ends with the process, however that ends.

    Raises:
        StoreUnavailable: another process runs on this database.
    """
    where = driver_url(url)
    if where.get_backend_name() != "sqlite" or where.database is None:
        yield
        return
    path = Path(where.database)
    if not path.parent.is_dir():
        raise StoreUnavailable(f"{path}: the folder {path.parent} does not exist; create it")
    beside = path.with_name(f"{path.name}.running")
    with closing(sqlite3.connect(beside, timeout=0, isolation_level=None)) as held:
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(
                f"{path}: another supportbot runs on this database ({beside.name}: {error}); "
                "stop it, or use PostgreSQL to run several"
            ) from error
        yield
