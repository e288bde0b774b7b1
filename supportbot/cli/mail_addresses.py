"""`supportbot email addresses`: where mail came back from, and letting it go there again."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli.options import Config, Format, OutputFormat

app = typer.Typer(invoke_without_command=True)
_COLUMNS = ("address", "avoided_until", "failures", "status", "permanent", "at", "diagnostic")


@app.callback()
def addresses(
    context: typer.Context, output: OutputFormat = Format.TABLE, config: Config = Path()
) -> None:
    """List the addresses from which mail came back, the latest first."""
    if context.invoked_subcommand is None:
        asyncio.run(_show(config, output))


@app.command()
def clear(
    address: Annotated[str, typer.Argument(help="As it is listed.")], config: Config = Path()
) -> None:
    """Let mail go to an address again."""
    asyncio.run(_clear(config, address))


async def _show(config: Path, output: Format) -> None:
    from supportbot.app.house import database, now
    from supportbot.cli.output import emit
    from supportbot.settings.load import load
    from supportbot.store import mail_failures

    async with database(load(config, os.environ)) as db, db.reading() as work:
        found = await mail_failures.listed(work, now())
    records = [
        {
            "address": one.address,
            "avoided_until": one.avoided_until,
            "failures": len(one.failures),
            "status": one.failures[0].status,
            "permanent": one.failures[0].permanent,
            "at": one.failures[0].at,
            "diagnostic": one.failures[0].diagnostic,
        }
        for one in found
    ]
    emit(_COLUMNS, records, output)


async def _clear(config: Path, address: str) -> None:
    from supportbot.app.house import database, now
    from supportbot.errors import NotFoundError
    from supportbot.settings.load import load
    from supportbot.store import mail_failures

    async with database(load(config, os.environ)) as db, db.writing() as work:
        if not await mail_failures.clear(work, address.strip(), now()):
            raise NotFoundError(
                f"no mail came back from {address}; see `supportbot email addresses`"
            )
    typer.echo(f"mail goes to {address} again")
