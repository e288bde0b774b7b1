"""`supportbot admin`: operators of the dashboard, and workspaces that installed the Slack app."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli.options import Config, Format, OutputFormat

_WORKSPACE_COLUMNS = (
    "id",
    "name",
    "installed_at",
    "installed_by",
    "removed_at",
    "missing_scopes",
)

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="The operator's mail address.")],
    name: Annotated[str, typer.Option("--name", help="Shown to colleagues.")] = "",
    role: Annotated[str, typer.Option("--role", help="viewer, operator or admin.")] = "admin",
    config: Config = Path(),
) -> None:
    """Create an operator and print a link that logs them in once; there is no default password.

    Somebody whom the bot met in a channel, and who never signed in, gets the role.
    """
    link, met = asyncio.run(_create(config, email, name, role))
    if met:
        typer.echo(f"{email} is known from a channel already; their role is now: {role}")
    typer.echo(f"Open this link once, within 24 hours:\n{link}")


@app.command()
def link(
    email: Annotated[str, typer.Argument(help="The operator's mail address.")],
    config: Config = Path(),
) -> None:
    """Print a new link that logs an operator in once."""
    typer.echo(f"Open this link once, within 24 hours:\n{asyncio.run(_link(config, email))}")


@app.command()
def token_key() -> None:
    """Print a new key for SUPPORTBOT_SECRET_TOKEN_KEY, which encrypts Slack workspaces' tokens."""
    from supportbot.channels.vault import new_key

    typer.echo(new_key())


@app.command()
def workspaces(config: Config = Path(), output: OutputFormat = Format.TABLE) -> None:
    """List the Slack workspaces that installed the app, the ones that removed it too."""
    from supportbot.cli.output import emit

    emit(_WORKSPACE_COLUMNS, asyncio.run(list_workspaces(config, os.environ)), output)


async def list_workspaces(config: Path, environ: Mapping[str, str]) -> list[Mapping[str, object]]:
    """Return a record for each workspace, with the scopes that it should be asked for again."""
    from supportbot.app.house import database
    from supportbot.channels.slack.manifest import SCOPES
    from supportbot.settings.load import load
    from supportbot.store import installations

    async with database(load(config, environ)) as db, db.reading() as work:
        found = await installations.all_of(work, "slack:main")
    return [
        {
            "id": one.grant.owner,
            "name": one.grant.name,
            "installed_at": one.grant.installed_at,
            "installed_by": one.grant.installed_by,
            "removed_at": one.removed_at,
            "missing_scopes": ", ".join(sorted(set(SCOPES) - set(one.grant.scopes))),
        }
        for one in found
    ]


async def _link(config: Path, email: str) -> str:
    from supportbot.app.house import database, now
    from supportbot.dashboard.access import Access
    from supportbot.errors import NotFoundError
    from supportbot.settings.load import load
    from supportbot.store import operators

    settings = load(config, os.environ)
    async with database(settings) as db:
        async with db.reading() as work:
            operator = await operators.by_email(work, email.strip().lower())
        if operator is None:
            raise NotFoundError(f"there is no operator {email}; see: supportbot admin create")
        token = await Access(db, now).login_link(operator.id)
    return _address(settings.server.address, token)


def _address(base: str, token: str) -> str:
    from supportbot.dashboard.access import link_path

    return base + link_path(token)


async def _create(config: Path, email: str, name: str, role: str) -> tuple[str, bool]:
    """Return the login link, and whether the operator was there before."""
    from supportbot.app.house import database, now
    from supportbot.dashboard.access import Access
    from supportbot.errors import NotFoundError
    from supportbot.model.catalog import OperatorRole
    from supportbot.settings.load import load

    if role not in set(OperatorRole):
        raise NotFoundError(f"there is no role {role!r}; there are: {', '.join(OperatorRole)}")
    settings = load(config, os.environ)
    async with database(settings) as db:
        access = Access(db, now)
        met = await access.promote(email, OperatorRole(role), name)
        operator = met or await access.create_operator(
            email, name or email.partition("@")[0], OperatorRole(role)
        )
        token = await access.login_link(operator.id)
    return _address(settings.server.address, token), met is not None
