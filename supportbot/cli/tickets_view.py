"""Reads tickets for the command line, prints them, and carries out what operators type."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from itertools import starmap
from pathlib import Path

import typer

from supportbot.app.house import database, deadlines, now, opened
from supportbot.cli.options import Format
from supportbot.cli.output import (
    emit,
    emit_json,
    emit_json_line,
    printable,
    standard_output,
    table_cell,
)
from supportbot.cli.transcript_json import (
    DRAFTED,
    LISTED,
    OVERDUE,
    chat_object,
    draft_record,
    newest_policy,
    ticket_record,
    transcript_object,
    violation_record,
)
from supportbot.errors import NotFoundError
from supportbot.model.delivery_report import in_words
from supportbot.model.message import Message, doubt, told
from supportbot.model.ticket import EventKind
from supportbot.orchestrator.people.takeover import Takeover
from supportbot.settings.load import load
from supportbot.store import drafts, facts, tickets, transcripts, violations
from supportbot.store.tickets import TicketFilter
from supportbot.store.transcripts import Transcript
from supportbot.store.unit_of_work import UnitOfWork

Environ = Mapping[str, str]


async def show_list(
    config: Path, environ: Environ, which: TicketFilter, limit: int, output: Format
) -> None:
    """Print the newest tickets of a filter.

    Raises:
        NotFoundError: there is no such product.
    """
    async with database(load(config, environ)) as db, db.reading() as work:
        await _check_product(work, which, config)
        found = await tickets.listed_with_names(work, which, limit)
    emit(LISTED, starmap(ticket_record, found), output)


async def show_one(config: Path, environ: Environ, ending: str, output: Format) -> None:
    """Print the transcript of the ticket whose public id ends so.

    Raises:
        NotFoundError: there is no such ticket, or several.
    """
    async with database(load(config, environ)) as db, db.reading() as work:
        ticket = await tickets.by_ending(work, ending)
        transcript = await transcripts.of_ticket(work, ticket)
    match output:
        case Format.JSON:
            emit_json(transcript_object(transcript))
        case Format.CSV:
            columns = ("seq", "role", "author", "name", "text", "created_at", "policy_sha", "model")
            emit(columns, transcript_object(transcript)["messages"], output)  # type: ignore[arg-type] # an object of JSON has no finer type
        case Format.TABLE:
            _print_transcript(transcript)


async def export(config: Path, environ: Environ, which: TicketFilter) -> None:
    """Print tickets as chat messages, one JSON object a line, the oldest first."""
    async with database(load(config, environ)) as db, db.reading() as work:
        await _check_product(work, which, config)
        for ticket in reversed(await tickets.listed(work, which)):
            transcript = await transcripts.of_ticket(work, ticket)
            emit_json_line(chat_object(transcript, await _system(work, transcript)))


async def _check_product(work: UnitOfWork, which: TicketFilter, config: Path) -> None:
    """Refuse a name with a typing error: no tickets would look like an empty inbox."""
    products = {*(await facts.known(work)).products, *_written(config)}
    if which.product is not None and which.product not in products:
        known = ", ".join(sorted(products)) or "none"
        raise NotFoundError(f"there is no product {which.product!r}; known: {known}")


def _written(config: Path) -> set[str]:
    """Name the products of the folder, also those that nobody asked about yet."""
    folder = config if config.is_dir() else config.parent
    return {path.stem for path in (folder / "policies" / "products").glob("*.md")}


async def show_drafts(config: Path, environ: Environ, output: Format) -> None:
    """Print the drafts that wait for an operator, the oldest first."""
    async with database(load(config, environ)) as db, db.reading() as work:
        waiting = await drafts.waiting(work)
    emit(DRAFTED, map(draft_record, waiting), output)


async def show_violations(config: Path, environ: Environ, output: Format) -> int:
    """Print what is overdue, the longest wait first; return how many there are."""
    settings = load(config, environ)
    async with database(settings) as db, db.reading() as work:
        found = await violations.listed(work, now(), deadlines(settings))
    emit(OVERDUE, map(violation_record, found), output)
    return len(found)


async def act(config: Path, environ: Environ, do: Callable[[Takeover], Awaitable[None]]) -> None:
    """Carry out an operator's verb.

    Raises:
        NotFoundError: there is no such ticket or draft.
        ConflictError: it can't be done any more.
    """
    async with opened(load(config, environ)) as desk:
        await do(desk.takeover)


async def _system(work: UnitOfWork, transcript: Transcript) -> str | None:
    sha = newest_policy(transcript)
    if sha is None:
        return None
    return await transcripts.system_message(work, transcript.ticket.product, sha)


@standard_output()
def _print_transcript(transcript: Transcript) -> None:
    ticket = transcript.ticket
    typer.echo(f"{ticket.public_id}  {printable(ticket.subject or '')}")
    typer.echo(f"{ticket.product} · {ticket.channel} · {ticket.status} · {ticket.handler}")
    for message in transcript.messages:
        by = " ".join([message.author.kind, *_who(transcript, message)])
        policy = f"  policy {message.policy_sha[:12]}" if message.policy_sha else ""
        typer.echo(
            f"\n#{message.seq} {table_cell(message.created_at)} UTC  {by}{policy}{_doubt(message)}"
        )
        typer.echo(printable(told(message)))
        for file in (one for one in transcript.files if one.seq == message.seq):
            typer.echo(f"[file: {printable(file.filename)}]")
    for draft in transcript.drafts:
        typer.echo(f"\ndraft {draft.id} ({draft.state})\n{printable(draft.text)}")
    typer.echo()
    for event in transcript.events:
        rules = in_words(event.data) if event.kind is EventKind.MACHINE_MAIL else None
        why = f" ({': '.join(filter(None, (event.reason, rules)))})" if event.reason else ""
        typer.echo(f"{table_cell(event.at)}  {event.kind}{why} by {event.actor.kind}")


def _doubt(message: Message) -> str:
    reason = doubt(message)
    return "" if reason is None else f"  sender not verified ({printable(reason)})"


def _who(transcript: Transcript, message: Message) -> list[str]:
    name = transcript.name(message.author)
    return ([printable(name)] if name else []) + ([f"({message.model})"] if message.model else [])
