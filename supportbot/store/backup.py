"""Consistent copies of the database."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from supportbot.errors import StoreError, StoreUnavailable
from supportbot.store.database import Database


def backup_sqlite(db: Database, target: Path) -> int:
    """Copy a SQLite database with its online backup API; return the copy's size in bytes.

    The bot may go on writing meanwhile. The copy is checked before this returns.

    Raises:
        StoreError: the target exists, or the copy is not sound.
        StoreUnavailable: the target cannot be written.
    """
    if db.path is None:
        raise StoreError("only a SQLite database is copied this way")
    if target.exists():
        raise StoreError(f"{target} exists; a backup is never written over a file")
    source = f"{db.path.absolute().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(source, uri=True)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{target}: the backup failed: {error}") from error
    if verdict != "ok":
        raise StoreError(f"{target}: the copy is not sound: {verdict}")
    return target.stat().st_size


def pg_dump_line(db: Database, target: Path) -> str:
    """Return the command that backs a PostgreSQL database up; the password is left out."""
    url = URL.create(
        "postgresql", db.url.username, None, db.url.host, db.url.port, db.url.database, db.url.query
    )
    shown = url.render_as_string()
    return shlex.join(["pg_dump", "--format=custom", f"--file={target}", f"--dbname={shown}"])
