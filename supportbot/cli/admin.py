"""`supportbot admin`: the operators of the dashboard."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli.options import Config

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `create` a command of a group, although it is the only one."""


@app.command()
def create(
    email: Annotated[str, typer.Argument(help="The operator's mail address.")],
    name: Annotated[str, typer.Option("--name", help="Shown to colleagues.")] = "",
    role: Annotated[str, typer.Option("--role", help="viewer, operator or admin.")] = "admin",
    config: Config = Path(),
) -> None:
    """Create an operator and print a link that logs them in once; there is no default password."""
    link = asyncio.run(_create(config, email, name or email.partition("@")[0], role))
    typer.echo(f"Open this link once, within 24 hours:\n{link}")


async def _create(config: Path, email: str, name: str, role: str) -> str:
    from supportbot.app.house import database, now
    from supportbot.dashboard.access import Access, link_path
    from supportbot.errors import NotFoundError
    from supportbot.model.catalog import OperatorRole
    from supportbot.settings.load import load

    if role not in set(OperatorRole):
        raise NotFoundError(f"there is no role {role!r}; there are: {', '.join(OperatorRole)}")
    settings = load(config, os.environ)
    async with database(settings) as db:
        access = Access(db, now)
        operator = await access.create_operator(email, name, OperatorRole(role))
        token = await access.login_link(operator.id)
    server = settings.server
    base = str(server.public_url or f"http://{server.host}:{server.port}").rstrip("/")
    return base + link_path(token)
