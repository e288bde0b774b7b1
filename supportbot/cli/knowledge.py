"""`supportbot knowledge`: import the folder's articles, and search them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from supportbot.cli.options import Config, Format, OutputFormat

app = typer.Typer(no_args_is_help=True)


@app.command("import")
def import_(config: Config = Path()) -> None:
    """Import the bot folder's knowledge; unchanged articles are left alone."""
    asyncio.run(_import(config))


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="A customer's question.")],
    collection: Annotated[
        list[str] | None, typer.Option("--collection", help="Only these; else all.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=50)] = 5,
    output: OutputFormat = Format.TABLE,
    config: Config = Path(),
) -> None:
    """Show the passages a question finds, best first."""
    asyncio.run(_search(config, question, collection or [], limit, output))


async def _import(config: Path) -> None:
    from supportbot.app.house import database, now
    from supportbot.errors import KnowledgeError
    from supportbot.knowledge.importer import import_folder
    from supportbot.settings.load import load

    settings = load(config, os.environ)
    async with database(settings) as db:
        imported = await import_folder(db, settings.folder / "knowledge", now())
    for report in imported.reports:
        typer.echo(
            f"{report.collection}: {report.added} added, {report.changed} changed, "
            f"{report.removed} removed, {report.unchanged} unchanged, {report.chunks} chunks"
        )
    if imported.problems:
        raise KnowledgeError("\n".join(map(str, imported.problems)))


async def _search(
    config: Path, question: str, collections: list[str], limit: int, output: Format
) -> None:
    from supportbot.app.house import database
    from supportbot.cli.output import emit
    from supportbot.knowledge.search import PostingsRetriever
    from supportbot.model.question import Question
    from supportbot.settings.load import load

    settings = load(config, os.environ)
    if not collections:
        folders = (settings.folder / "knowledge").glob("*/")
        collections = sorted(folder.name for folder in folders)
    async with database(settings) as db:
        asked = Question(last=question, all=question, collections=tuple(collections))
        found = await PostingsRetriever(db).search(asked, limit)
    columns = ("rank", "score", "title", "url", "key", "text")
    emit(columns, [{c: getattr(passage, c) for c in columns} for passage in found], output)
