"""`supportbot check`: find everything that would stop the product, and print it all at once."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing
from pathlib import Path

import typer
from sqlalchemy.exc import DBAPIError

from supportbot.channels.slack.config import SlackConfig, SlackOAuth
from supportbot.errors import ConfigError, SettingsError, StoreError
from supportbot.knowledge.read import read_collection
from supportbot.model.findings import Findings
from supportbot.policy.compile import CompiledPolicies, compile_policies
from supportbot.policy.load import PolicyFiles, load_policies
from supportbot.settings.load import examine
from supportbot.settings.needs import (
    endless_quiet,
    local_links,
    missing_secrets,
    unheard_servers,
    unknown_products,
    unknown_senders,
    unread_mailboxes,
)
from supportbot.settings.table import describe
from supportbot.settings.tree import Settings
from supportbot.store import schema
from supportbot.store.database import Database, driver_url
from supportbot.tools.toolbox import Gathered

_CONNECT_SECONDS = 10


async def find_problems(target: Path, environ: Mapping[str, str]) -> list[str]:
    """Look at a bot folder and its surroundings; return one line for each problem.

    `target` is the folder or its supportbot.toml. Changes nothing but tokens of mailboxes that
    have to be exchanged; connects to a PostgreSQL database, opens the ports for a moment, and asks
    Slack and the mailboxes' servers about what is configured of them.
    """
    return (await look_at(target, environ)).problems


async def look_at(target: Path, environ: Mapping[str, str]) -> Findings:
    """Look as `find_problems` does, and note what could not be found out."""
    from supportbot.app.mail_trust import missing_packages
    from supportbot.app.tools import load_tools

    settings, problems = examine(target, environ)
    found = [str(problem) for problem in problems]
    folder = _folder(target)
    policies = load_policies(folder / "policies")
    compiled = compile_policies(policies)
    found += [str(problem) for problem in compiled.problems]
    gathered = load_tools(folder)
    found += _tool_problems(folder, compiled, gathered)
    found += _missing_collections(policies, folder / "knowledge")
    found += _unreadable_articles(folder / "knowledge")
    if settings is not None:
        products = set(policies.products) | _product_files(folder)
        found += _still_missing(settings, problems)
        found += map(str, unknown_products(settings, products))
        found += map(str, endless_quiet(settings))
        if not problems:  # else it may be the wrong value, left out, that it misses
            found += map(str, unread_mailboxes(settings))
        found += _unknown_plugins(settings)
        found += map(str, missing_packages(settings.email))
        found += await _surroundings(settings)
        slack, mail = await _slack(settings, products), await _mail(settings)
        doubts = [
            *unknown_senders(settings, _needing_identity(compiled, gathered)),
            *unheard_servers(settings),
        ]
        return Findings(
            [*found, *slack.problems, *mail.problems],
            [*local_links(settings), *doubts, *slack.notes, *mail.notes],
        )
    return Findings(found)


def check(
    config: Path = typer.Option(
        Path(), envvar="SUPPORTBOT_CONFIG", help="Bot folder or its supportbot.toml."
    ),
) -> None:
    """Print everything that is wrong with the bot folder and its surroundings."""
    found = asyncio.run(look_at(config, os.environ))
    problems = found.problems
    for problem in problems:
        typer.echo(problem)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    if problems:
        typer.echo(f"{len(problems)} problem{'s' if problems[1:] else ''} found", err=True)
        raise typer.Exit(1)
    typer.echo("No problems found.")


def _folder(target: Path) -> Path:
    return target if target.is_dir() else target.parent


def _product_files(folder: Path) -> set[str]:
    """Name products by their files too, so that a broken policy is not also an unknown product."""
    return {path.stem for path in (folder / "policies" / "products").glob("*.md")}


def _still_missing(settings: Settings, problems: Iterable[SettingsError]) -> Iterator[str]:
    """Name what is missing, but for what is there and wrong, which is told already."""
    told = "\n".join(map(str, problems))
    names = {variable: setting.name for setting in describe() for variable in setting.env}
    for missing in map(str, missing_secrets(settings)):
        variable = missing.partition(":")[0]
        if f"{variable}: " not in told and f"{names.get(variable, variable)}: " not in told:
            yield missing


def _unknown_plugins(settings: Settings) -> Iterator[str]:
    from supportbot.app.plugins import CHANNELS, RETRIEVERS, entry_point

    named = [(RETRIEVERS, "[knowledge] retriever", settings.knowledge.retriever)]
    named += [(CHANNELS, "[[channels]] kind", channel.kind) for channel in settings.channels]
    for group, setting, name in named:
        try:
            entry_point(group, name)
        except ConfigError as error:
            yield f"{setting}: {error}"


def _needing_identity(policies: CompiledPolicies, gathered: Gathered) -> set[str]:
    """Name the tools in use that are refused unless it is certain who the customer is."""
    toolbox = gathered.toolbox
    return {
        name
        for policy in policies.by_product.values()
        for name, tool in toolbox.tools.items()
        if tool.rules.needs_identity and toolbox.permitted(name, policy)
    }


def _tool_problems(folder: Path, policies: CompiledPolicies, gathered: Gathered) -> list[str]:
    from supportbot.app.tools import tool_problems

    missing = () if gathered.problems else policies.by_product
    return [
        *map(str, gathered.problems),
        *map(str, tool_problems(gathered.toolbox, dict(missing), folder)),
    ]


def _missing_collections(policies: PolicyFiles, knowledge: Path) -> Iterator[str]:
    for product in policies.products.values():
        for collection in product.front.knowledge.collections or ():
            if not (knowledge / collection).is_dir():
                yield f"{product.path}: there is no folder {knowledge / collection} to quote from"


def _unreadable_articles(knowledge: Path) -> Iterator[str]:
    if not knowledge.is_dir():
        return
    for source in sorted(path for path in knowledge.iterdir() if path.is_dir()):
        yield from map(str, read_collection(source).problems)


async def _slack(settings: Settings, products: Iterable[str]) -> Findings:
    """Ask Slack, where it is configured as far as it goes; it is noted where it cannot be asked."""
    from supportbot.app.ways_in import slack_config
    from supportbot.channels.slack.examine import examine

    slack = settings.slack
    if not (slack.bot_token or slack.by_oauth):
        return Findings()
    try:
        config = slack_config(settings, dict.fromkeys(products, ""))
        if config.oauth is not None:
            return await _installed(settings.database.url, config, config.oauth)
    except SettingsError:
        return Findings()  # what it lacks is told already
    return await examine(config, slack.operators_channel)


async def _installed(url: str, config: SlackConfig, oauth: SlackOAuth) -> Findings:
    """Look at the workspaces that installed the app, where there is a database to tell of them."""
    from supportbot.app.house import now
    from supportbot.channels.slack.examine_installed import examine_installed
    from supportbot.channels.slack.installing.register import Register
    from supportbot.channels.vault import Vault

    vault = Vault(oauth.token_keys)
    if await _database_problem(url) is not None:
        return Findings()  # it is told already
    async with aclosing(Database(url)) as database:
        if database.path is not None and _is_new(database.path):
            return Findings()
        return await examine_installed(config, oauth, Register(database, config.key, now, vault))


async def _mail(settings: Settings) -> Findings:
    """Ask the servers of mailboxes; what is granted anew is kept where there is a database."""
    from supportbot.cli.check_mail import look_at_mail

    if not settings.email.mailboxes:
        return Findings()
    if await _database_problem(settings.database.url) is not None:
        return await look_at_mail(settings, None)
    async with aclosing(Database(settings.database.url)) as database:
        is_new = database.path is not None and _is_new(database.path)
        is_there = not is_new and (await schema.revisions(database))[0] is not None
        return await look_at_mail(settings, database if is_there else None)


async def _surroundings(settings: Settings) -> list[str]:
    server, listener = settings.server, settings.email.listener
    found = [await _database_problem(settings.database.url)]
    runs = await _serves_already(server.host, server.port)
    if not runs:
        found.append(await _port_problem(server.host, server.port, "SUPPORTBOT_PORT"))
    if listener.port is not None and not runs:  # it has this port too
        cure = "SUPPORTBOT_EMAIL_LISTENER_PORT"
        found.append(await _port_problem(listener.host, listener.port, cure))
    return [problem for problem in found if problem is not None]


async def _database_problem(url: str) -> str | None:
    try:
        async with aclosing(Database(url)) as database:
            return await _schema_problem(database)
    except StoreError as error:
        return str(error)
    except DBAPIError as error:
        return f"database {_shown(url)}: cannot be used ({error.orig})"
    except TimeoutError:
        return f"database {_shown(url)}: no answer within {_CONNECT_SECONDS} seconds"


async def _schema_problem(database: Database) -> str | None:
    if database.path is not None:
        problem = _unwritable(database.path)
        if problem is not None or _is_new(database.path):
            return problem
    async with asyncio.timeout(_CONNECT_SECONDS):
        there, needed = await schema.revisions(database)
    if there in (None, needed):
        return None
    return f"database: has schema {there}, this version needs {needed}; run `supportbot db upgrade`"


def _shown(url: str) -> str:
    return driver_url(url).render_as_string(hide_password=True)


def _is_new(path: Path) -> bool:
    """True: there is no database yet; it is made on first use."""
    return not path.exists()


def _unwritable(path: Path) -> str | None:
    if path.is_dir():
        return f"{path}: is a folder; [database] url must name a file"
    # SQLite writes its log beside the file, so the folder must be writable too.
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):
            return f"{place}: cannot be written, and the database is kept there; change its owner"
    return None


async def _serves_already(host: str, port: int) -> bool:
    """Tell whether supportbot runs there: then nothing is wrong with a port that is in use."""
    import httpx2

    if not await _in_use(host, port):
        return False

    shown = f"[{host}]" if ":" in host else host
    try:
        async with httpx2.AsyncClient(timeout=2, trust_env=False) as client:
            answer = await client.get(f"http://{shown}:{port}/metrics")
    except (httpx2.HTTPError, OSError):
        return False
    return "supportbot_build_info" in answer.text


async def _port_problem(host: str, port: int, variable: str) -> str | None:
    error = await _cannot_listen(host, port)
    if error is None:
        return None
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; end what uses it, or set {variable} to another"
    return f"cannot listen on {host}, port {port} ({error.strerror}); set {variable} or the host"


async def _in_use(host: str, port: int) -> bool:
    error = await _cannot_listen(host, port)
    return error is not None and error.errno == errno.EADDRINUSE


async def _cannot_listen(host: str, port: int) -> OSError | None:
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(asyncio.Protocol, host, port)
    except OSError as error:
        return error
    server.close()
    await server.wait_closed()
    return None
