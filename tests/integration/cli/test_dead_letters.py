"""`supportbot db dead-letters`: what failed too often is shown, and can be tried again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from supportbot.cli.ask import ask_once
from supportbot.cli.db_view import revive, show_dead_letters
from supportbot.cli.init import write_starter
from supportbot.cli.options import Format
from supportbot.errors import NotFoundError
from supportbot.settings.load import load
from supportbot.store.database import Database

_DEAD = text("""
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, status, attempts)
SELECT 'tickets', 'supportbot.settle', 'ticket:' || id, jsonb_build_object('ticket_id', id),
  'failed', 8 FROM ticket RETURNING id
""")


async def test_a_dead_letter_is_listed_and_revived(
    tmp_path: Path, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bot"
    write_starter(folder)
    environ = {"SUPPORTBOT_DATABASE_URL": postgresql_url}
    asked = await ask_once(load(folder, environ), "hosting", "How do I restore a backup?")
    database = Database(postgresql_url)
    async with database.writing() as work:
        job = (await work.connection.execute(_DEAD)).scalar_one()
    await show_dead_letters(folder, environ, Format.JSON)
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["job"], listed["ticket"], listed["attempts"]) == (job, asked.ticket, 8)

    await revive(folder, environ, job)
    async with database.reading() as work:
        jobs = await work.connection.execute(text("SELECT status FROM procrastinate_jobs"))
        assert jobs.scalars().all() == ["todo"]
    with pytest.raises(NotFoundError, match="dead-letters"):
        await revive(folder, environ, job)
    await database.aclose()
