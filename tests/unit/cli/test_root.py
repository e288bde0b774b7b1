from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path

from typer.testing import CliRunner

from supportbot.cli.init import write_starter
from supportbot.cli.root import app
from supportbot.store import schema
from supportbot.store.database import Database


def test_version_is_printed() -> None:
    shown = CliRunner().invoke(app, ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"supportbot {version('supportbot')}\n")


def test_status_of_an_empty_database_is_one_and_of_a_current_one_zero(tmp_path: Path) -> None:
    write_starter(tmp_path / "bot")
    status = ["db", "status", "-c", str(tmp_path / "bot")]
    empty = CliRunner().invoke(app, status)
    assert empty.exit_code == 1
    assert empty.output.startswith("database: empty\nneeded: ")
    asyncio.run(_prepare(tmp_path / "bot" / "supportbot.db"))
    assert CliRunner().invoke(app, status).exit_code == 0


async def _prepare(file: Path) -> None:
    db = Database(f"sqlite:///{file}")
    try:
        await schema.prepare(db)
    finally:
        await db.aclose()
