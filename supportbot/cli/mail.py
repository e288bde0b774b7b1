"""`supportbot email`: what the bot makes of mails, what was set aside, and what came back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli import mail_addresses, quarantine
from supportbot.cli.options import Config, Format, OutputFormat
from supportbot.cli.output import printable

app = typer.Typer(no_args_is_help=True)
app.add_typer(
    quarantine.app, name="quarantine", help="List mail that could not be understood; act on it."
)
app.add_typer(mail_addresses.app, name="addresses", help="Where mail came back from.")


@app.command()
def preview(
    mailbox: Annotated[
        str | None, typer.Option("--mailbox", help="Its address; needed where there are several.")
    ] = None,
    days: Annotated[float, typer.Option("--days", min=0.01, max=365, help="How far back.")] = 7,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="Newest mails.")] = 20,
    output: OutputFormat = Format.TABLE,
    config: Config = Path(),
) -> None:
    """Show what the bot would answer to the newest mails of a mailbox; nothing is sent."""
    from supportbot.cli.mail_preview import show

    asyncio.run(show(config, mailbox, days, limit, output))


@app.command()
def machine(
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many.")] = 50,
    output: OutputFormat = Format.TABLE,
    config: Config = Path(),
) -> None:
    """List the newest mails of machines: the rules that hit, and their ticket, if any."""
    from supportbot.cli.machine_mail import show

    asyncio.run(show(config, limit, output))


@app.command()
def inspect(
    files: Annotated[list[Path], typer.Argument(help="Raw mails (RFC 5322).")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    authserv_ids: Annotated[
        list[str],
        typer.Option("--authserv-id", help="Server whose Authentication-Results are believed."),
    ] = [],  # noqa: B006 - typer reads the default and changes nothing
) -> None:
    """Show kind, words, attachments and reasons of raw mails."""
    from supportbot.channels.email.meaning.inspect import inspect as look
    from supportbot.errors import NotFoundError

    for file in files:
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise NotFoundError(f"{file}: cannot be read ({error.strerror})") from error
        seen = look(raw, str(file), authserv_ids=authserv_ids)
        typer.echo(json.dumps(seen, ensure_ascii=False) if as_json else _for_people(seen))


def _for_people(seen: dict[str, object]) -> str:
    shown = (
        *("file", "kind", "reply_allowed", "reasons", "from", "authentication"),
        *("subject", "reply_text"),
    )
    lines = (printable(f"{key + ':':<15} {seen[key]}") for key in shown)
    return "\n".join(lines) + "\n"
