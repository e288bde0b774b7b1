"""`supportbot email quarantine`: mail that could not be understood, and what becomes of it."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli.options import Config, Format, OutputFormat

app = typer.Typer(invoke_without_command=True)

_Mail = Annotated[int, typer.Argument(metavar="ID", help="Mail's number.")]


@app.callback()
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    output: OutputFormat = Format.TABLE,
    config: Config = Path(),
) -> None:
    """List mail that could not be understood, the newest first, and why."""
    if context.invoked_subcommand is not None:
        return
    from supportbot.cli import quarantine_view

    asyncio.run(quarantine_view.show_list(config, os.environ, limit, output))


@app.command()
def show(mail: _Mail, output: OutputFormat = Format.TABLE, config: Config = Path()) -> None:
    """Show a mail's reason and its headers."""
    from supportbot.cli import quarantine_view

    asyncio.run(quarantine_view.show_one(config, os.environ, mail, output))


@app.command()
def release(mail: _Mail, config: Config = Path()) -> None:
    """Let a mail be understood again, by a newer version or with other settings."""
    from supportbot.cli import quarantine_view
    from supportbot.store import quarantine

    asyncio.run(
        quarantine_view.act(config, os.environ, lambda work: quarantine.release(work, mail))
    )
    typer.echo(f"Mail {mail} is read again when the bot runs (supportbot run).")


@app.command()
def drop(mail: _Mail, config: Config = Path()) -> None:
    """Forget a mail for good."""
    from supportbot.cli import quarantine_view
    from supportbot.store import quarantine

    gone = partial(quarantine.drop, inbound_id=mail)
    asyncio.run(quarantine_view.act(config, os.environ, gone))
    typer.echo(f"Mail {mail} is gone.")
