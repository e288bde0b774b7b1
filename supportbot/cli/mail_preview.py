"""`supportbot email preview`: what would be answered to the mails that lie in a mailbox."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import typer

from supportbot.app.preview import Previewed, preview
from supportbot.cli.options import Format
from supportbot.cli.output import emit, printable
from supportbot.settings.load import load

_COLUMNS = ("at", "sender", "subject", "outcome", "reasons", "answer")


async def show(config: Path, mailbox: str | None, days: float, limit: int, output: Format) -> None:
    """Print each mail and what would come of it.

    Raises:
        SupportbotError: the mailbox cannot be looked into, or the bot folder has a problem.
    """
    found: list[Previewed] = []

    def tell(one: Previewed) -> None:
        found.append(one)
        if output is Format.TABLE:
            typer.echo(_for_people(one))

    await preview(load(config, os.environ), mailbox, days, limit, tell)
    if output is not Format.TABLE:
        emit(_COLUMNS, map(asdict, found), output)
        return
    typer.echo(f"{len(found)} mails; nothing was sent, and none was marked as seen")


def _for_people(one: Previewed) -> str:
    reasons = f" ({', '.join(one.reasons)})" if one.reasons else ""
    head = f"{one.at:%Y-%m-%d %H:%M}  {one.sender}  {one.subject}\n=> {one.outcome}{reasons}"
    return printable(f"{head}\n{one.answer}\n" if one.answer else f"{head}\n")
