"""A connection that cannot be made."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url

from supportbot.store.sqlite_driver import connecting


async def test_a_connection_that_cannot_be_made_leaves_no_thread(tmp_path: Path) -> None:
    """Its end would be told to a loop that may be closed by then."""

    def refuse(raw: sqlite3.Connection) -> None:
        raise sqlite3.DatabaseError("file is not a database")

    before = set(threading.enumerate())
    connect = connecting(make_url(f"sqlite+aiosqlite:///{tmp_path}/x.db"), refuse, writes=True)
    for _ in range(20):
        with pytest.raises(sqlite3.DatabaseError):
            await connect()
        left = set(threading.enumerate()) - before
        assert [one.name for one in left if "_connection_worker" in one.name] == []
