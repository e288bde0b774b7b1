"""Prints the job queue's dead letters, and revives one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from supportbot.app.house import database, opened
from supportbot.cli.options import Format
from supportbot.cli.output import emit
from supportbot.settings.load import load
from supportbot.store import jobs

_COLUMNS = ("job", "ticket", "attempts", "at")


async def show_dead_letters(config: Path, environ: Mapping[str, str], output: Format) -> None:
    """Print the jobs that are not tried any more, the oldest first."""
    async with database(load(config, environ)) as db, db.reading() as work:
        found = await jobs.dead_letters(work)
    emit(_COLUMNS, map(asdict, found), output)


async def revive(config: Path, environ: Mapping[str, str], job: int) -> None:
    """Wake the ticket of a dead letter instead of it.

    Raises:
        NotFoundError: there is no dead letter of that number.
    """
    async with opened(load(config, environ)) as desk, desk.db.writing() as work:
        ticket_id = await jobs.take_dead_letter(work, job)
        await desk.dispatcher.wake(work, ticket_id, job)
