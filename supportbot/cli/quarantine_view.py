"""What `supportbot email quarantine` does, apart from its options."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import typer

from supportbot.app.house import database
from supportbot.cli.options import Format
from supportbot.cli.output import emit, emit_json, printable, standard_output, table_cell
from supportbot.settings.load import load
from supportbot.store import quarantine
from supportbot.store.quarantine import SetAside
from supportbot.store.unit_of_work import UnitOfWork

Environ = Mapping[str, str]
_COLUMNS = ("id", "received_at", "mailbox", "reason", "from", "subject", "size_bytes", "parser")


async def show_list(config: Path, environ: Environ, limit: int, output: Format) -> None:
    """Print what was set aside, the newest first."""
    async with database(load(config, environ)) as db, db.reading() as work:
        found = await quarantine.listed(work, limit)
    emit(_COLUMNS, map(_record, found), output)


async def show_one(config: Path, environ: Environ, inbound_id: int, output: Format) -> None:
    """Print one mail with its headers.

    Raises:
        NotFoundError: there is no such mail.
    """
    async with database(load(config, environ)) as db, db.reading() as work:
        found = await quarantine.get(work, inbound_id)
    record = {**_record(found), "headers": found.head}
    match output:
        case Format.JSON:
            emit_json(record)
        case Format.CSV:
            emit((*_COLUMNS, "headers"), [record], output)
        case Format.TABLE:
            _print(found)


async def act(config: Path, environ: Environ, do: Callable[[UnitOfWork], Awaitable[None]]) -> None:
    """Change what was set aside.

    Raises:
        NotFoundError: there is no such mail.
    """
    async with database(load(config, environ)) as db, db.writing() as work:
        await do(work)


def _record(mail: SetAside) -> dict[str, object]:
    return {
        "id": mail.id,
        "received_at": mail.received_at,
        "mailbox": mail.channel.partition(":")[2],
        "reason": mail.reason,
        "from": mail.sender,
        "subject": mail.subject,
        "size_bytes": mail.size_bytes,
        "parser": mail.parser,
    }


@standard_output()
def _print(mail: SetAside) -> None:
    for name, value in _record(mail).items():
        typer.echo(printable(f"{name.replace('_', ' ') + ':':<14}{table_cell(value)}"))
    typer.echo(f"\n{printable(mail.head)}")
