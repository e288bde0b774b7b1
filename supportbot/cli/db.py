"""`supportbot db`: upgrade, look at and back up the database."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli.options import Config, Format, OutputFormat

app = typer.Typer(no_args_is_help=True)


@app.command()
def upgrade(config: Config = Path()) -> None:
    """Bring the schema to what this version needs; safe to repeat."""
    current, head = asyncio.run(_upgrade(config))
    typer.echo(f"schema {head}" + ("" if current != head else " (nothing to do)"))


@app.command()
def status(config: Config = Path()) -> None:
    """Print the database's schema and the one this version needs; exit 1 if they differ."""
    current, head, problem = asyncio.run(_status(config))
    typer.echo(f"database: {current or 'empty'}\nneeded:   {head}")
    if problem and current is not None:  # an empty database lacks everything
        typer.echo(problem)
    if problem or current != head:
        raise typer.Exit(1)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    config: Config = Path(),
) -> None:
    """Write a consistent copy while the bot runs (SQLite); print the line for PostgreSQL."""
    from supportbot.settings.load import load
    from supportbot.store.backup import backup_sqlite, pg_dump_line
    from supportbot.store.database import Database

    db = Database(load(config, os.environ).database.url)
    if not db.is_sqlite:
        typer.echo(pg_dump_line(db, target))
        return
    size_bytes = backup_sqlite(db, target)
    typer.echo(f"wrote {target} ({size_bytes:,} bytes)")


@app.command("dead-letters")
def dead_letters(
    retry: Annotated[
        int | None, typer.Option("--retry", metavar="JOB", help="Try this one again.")
    ] = None,
    output: OutputFormat = Format.TABLE,
    config: Config = Path(),
) -> None:
    """List the jobs that failed too often to be tried again (PostgreSQL), or revive one."""
    from supportbot.cli.db_view import revive, show_dead_letters

    if retry is None:
        asyncio.run(show_dead_letters(config, os.environ, output))
        return
    asyncio.run(revive(config, os.environ, retry))
    typer.echo(f"job {retry} is tried again by the next worker")


async def _upgrade(config: Path) -> tuple[str | None, str]:
    from supportbot.settings.load import load
    from supportbot.store import schema
    from supportbot.store.database import Database

    db = Database(load(config, os.environ).database.url)
    try:
        found = await schema.revisions(db)
        await schema.upgrade(db)
    finally:
        await db.aclose()
    return found


async def _status(config: Path) -> tuple[str | None, str, str | None]:
    from supportbot.settings.load import load
    from supportbot.store import schema
    from supportbot.store.database import Database

    db = Database(load(config, os.environ).database.url)
    try:
        return *await schema.revisions(db), await schema.job_queue_problem(db)
    finally:
        await db.aclose()
