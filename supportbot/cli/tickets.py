"""`supportbot tickets`: look at tickets and drafts, export them, and act as an operator."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli.options import Config, Format, OutputFormat
from supportbot.model.ticket import Handler, Status

_LEAVES = "It leaves when the bot runs (supportbot run)."

app = typer.Typer(no_args_is_help=True)
drafts = typer.Typer(invoke_without_command=True)
app.add_typer(drafts, name="drafts", help="List waiting drafts; send or discard one.")

_Ticket = Annotated[str, typer.Argument(metavar="ID", help="Ticket's id.")]
_Shown = Annotated[str, typer.Argument(metavar="ID", help="Ticket's id, or how it ends.")]
_Draft = Annotated[int, typer.Argument(metavar="ID", help="Draft's number.")]
_OfStatus = Annotated[Status | None, typer.Option("--status", help="Only this status.")]
_OfHandler = Annotated[Handler | None, typer.Option("--handler", help="Only this handler.")]
_Product = Annotated[str | None, typer.Option("--product", "-p", help="Only this product.")]
_Channel = Annotated[str | None, typer.Option("--channel", help="A channel's kind or its key.")]


@app.command("list")
def list_(
    status: _OfStatus = None,
    handler: _OfHandler = None,
    product: _Product = None,
    channel: _Channel = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    output: OutputFormat = Format.TABLE,
    config: Config = Path(),
) -> None:
    """List tickets, the newest first."""
    from supportbot.cli import tickets_view
    from supportbot.store.tickets import TicketFilter

    which = TicketFilter(status, handler, product, channel)
    asyncio.run(tickets_view.show_list(config, os.environ, which, limit, output))


@app.command()
def show(ticket: _Shown, output: OutputFormat = Format.TABLE, config: Config = Path()) -> None:
    """Show a ticket's whole transcript."""
    from supportbot.cli import tickets_view

    asyncio.run(tickets_view.show_one(config, os.environ, ticket, output))


@app.command()
def export(
    status: _OfStatus = None,
    handler: _OfHandler = None,
    product: _Product = None,
    channel: _Channel = None,
    config: Config = Path(),
) -> None:
    """Write tickets as JSON lines of chat messages, for fine-tuning and replays."""
    from supportbot.cli import tickets_view
    from supportbot.store.tickets import TicketFilter

    which = TicketFilter(status, handler, product, channel)
    asyncio.run(tickets_view.export(config, os.environ, which))


@app.command()
def violations(
    fail: Annotated[bool, typer.Option("--fail", help="Exit with 1 if there are any.")] = False,
    output: OutputFormat = Format.TABLE,
    config: Config = Path(),
) -> None:
    """List what waits longer than it may, the longest wait first."""
    from supportbot.cli import tickets_view

    found = asyncio.run(tickets_view.show_violations(config, os.environ, output))
    if fail and found:
        raise typer.Exit(1)


@app.command("take-over")
def take_over(ticket: _Ticket, config: Config = Path()) -> None:
    """Take a ticket from the bot, which then stays silent."""
    from supportbot.cli import tickets_view

    asyncio.run(tickets_view.act(config, os.environ, lambda desk: desk.take_over(ticket, None)))
    typer.echo(f"{ticket} is yours; the bot stays silent until: supportbot tickets return {ticket}")


@app.command("return")
def return_(ticket: _Ticket, config: Config = Path()) -> None:
    """Give a ticket back to the bot."""
    from supportbot.cli import tickets_view

    asyncio.run(tickets_view.act(config, os.environ, lambda desk: desk.return_to_bot(ticket, None)))
    typer.echo(f"{ticket} is the bot's again")


@app.command()
def resolve(ticket: _Ticket, config: Config = Path()) -> None:
    """Close a ticket."""
    from supportbot.cli import tickets_view

    asyncio.run(tickets_view.act(config, os.environ, lambda desk: desk.resolve(ticket, None)))
    typer.echo(f"{ticket} is resolved")


@app.command()
def reply(
    ticket: _Ticket,
    text: Annotated[str, typer.Argument(help="What the customer reads.")],
    config: Config = Path(),
) -> None:
    """Answer the customer as a person; takes the ticket over."""
    from supportbot.cli import tickets_view

    asyncio.run(tickets_view.act(config, os.environ, lambda desk: desk.reply(ticket, None, text)))
    typer.echo(f"The reply is queued. {_LEAVES}")


@drafts.callback()
def list_drafts(
    context: typer.Context, output: OutputFormat = Format.TABLE, config: Config = Path()
) -> None:
    """List the drafts that wait for an operator, the oldest first."""
    if context.invoked_subcommand is not None:
        return
    from supportbot.cli import tickets_view

    asyncio.run(tickets_view.show_drafts(config, os.environ, output))


@drafts.command()
def send(
    draft: _Draft,
    text: Annotated[str | None, typer.Option("--text", help="Send these words instead.")] = None,
    config: Config = Path(),
) -> None:
    """Send a draft as it is, or with other words."""
    from supportbot.cli import tickets_view

    if text is not None and not text.strip():
        raise typer.BadParameter("--text is empty; discard the draft instead")
    asyncio.run(tickets_view.act(config, os.environ, lambda d: d.send_draft(draft, None, text)))
    typer.echo(f"Draft {draft} is queued as a reply. {_LEAVES}")


@drafts.command()
def discard(draft: _Draft, config: Config = Path()) -> None:
    """Throw a draft away; its ticket then waits for a person."""
    from supportbot.cli import tickets_view

    asyncio.run(tickets_view.act(config, os.environ, lambda d: d.discard_draft(draft, None)))
    typer.echo(f"Draft {draft} is discarded; its ticket waits for a person")
