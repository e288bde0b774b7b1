"""The commands of `supportbot`; each loads what it needs when it is called."""

from __future__ import annotations

import asyncio
import gc
import os
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli import admin, db, knowledge, mail, policy, report, tickets
from supportbot.cli.options import Config, Format, OutputFormat
from supportbot.errors import SupportbotError

Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="ROLES",
        help="Only these roles, with PostgreSQL: worker, web, slack, email; by commas or repeated.",
    ),
]

app = typer.Typer(
    name="supportbot",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(tickets.app, name="tickets", help="Look at tickets and act on them.")
app.add_typer(report.app, name="report", help="Numbers for the support team.")
app.add_typer(policy.app, name="policy", help="Look at compiled policies.")
app.add_typer(knowledge.app, name="knowledge", help="Import and search knowledge.")
app.add_typer(mail.app, name="email", help="Look at mails, at addresses, at what was set aside.")
app.add_typer(db.app, name="db", help="Upgrade, look at and back up the database.")
app.add_typer(admin.app, name="admin", help="Operators of the dashboard, Slack workspaces.")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"supportbot {version('supportbot')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """A customer-support bot for Slack, email and web chat."""


def main() -> None:
    """Run the command line; an error of ours is one line, never a traceback."""
    try:
        app()
    except SupportbotError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from None


@app.command()
def init(directory: Annotated[Path, typer.Argument(help="Folder to make or fill.")]) -> None:
    """Write a commented starter bot folder with two products in draft mode."""
    from supportbot.cli.init import init as write

    write(directory)


@app.command()
def check(config: Config = Path()) -> None:
    """Print everything that is wrong with the bot folder and its surroundings."""
    from supportbot.cli.check import check as run_checks

    run_checks(config)


@app.command()
def run(config: Config = Path(), only: Only = None) -> None:
    """Answer customers: run all configured channels, the web chat and the dashboard."""
    # Nothing that is loaded now is garbage: looking for it would take a quarter of the start.
    # The server turns collecting on again once it is ready.
    gc.disable()
    try:
        from supportbot.cli.run import serve
        from supportbot.settings.load import load

        asyncio.run(serve(load(config, os.environ), only or ()))
    finally:
        gc.enable()


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What a customer would write.")],
    product: Annotated[str | None, typer.Option("--product", "-p", help="Product's id.")] = None,
    output: OutputFormat = Format.TABLE,
    config: Config = Path(),
) -> None:
    """Ask the bot one question; the ticket is kept and left out of reports."""
    from supportbot.cli.ask import ask_once, show
    from supportbot.settings.load import load

    show(asyncio.run(ask_once(load(config, os.environ), product, question)), output)


@app.command()
def erase(
    customer: Annotated[
        str,
        typer.Option("--customer", help="Mail address, or how Slack or the web chat knows them."),
    ],
    config: Config = Path(),
) -> None:
    """Erase everything a customer said, and who they are; the bot may run meanwhile."""
    from supportbot.cli.erase import erase as forget

    asyncio.run(forget(config, os.environ, customer))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the scripted day.")] = False,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Keep the database in this folder.")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port of the pages; 0 takes one.")] = 8080,
) -> None:
    """Watch a scripted day in Slack, email and web chat, then try it yourself."""
    from supportbot.demo.show import show

    starter = Path(__file__).parent / "starter"
    raise typer.Exit(asyncio.run(show(starter=starter, once=once, keep=keep, port=port)))
