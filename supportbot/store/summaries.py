"""Summaries of threads: the newest that holds, and how it stops holding."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update

from supportbot.model.summary import Summary
from supportbot.model.ticket import Ticket
from supportbot.store.tables.answers import CompletionRow, ThreadSummaryRow
from supportbot.store.unit_of_work import UnitOfWork

#: What its calls are recorded as.
PURPOSE = "summary"

_LATEST = (
    select(ThreadSummaryRow.upto_seq, ThreadSummaryRow.body)
    .where(
        ThreadSummaryRow.ticket_id == bindparam("ticket_id"),
        ThreadSummaryRow.episode_n == bindparam("episode_n"),
        ThreadSummaryRow.body.is_not(None),
    )
    .order_by(ThreadSummaryRow.upto_seq.desc())
    .limit(1)
)


async def latest(work: UnitOfWork, ticket: Ticket) -> Summary | None:
    """Return the summary of a ticket's current episode that covers most, if there is one."""
    given = {"ticket_id": ticket.id, "episode_n": ticket.episode_n}
    row = (await work.connection.execute(_LATEST, given)).first()
    return Summary(row.upto_seq, row.body) if row else None


async def calls(work: UnitOfWork, ticket: Ticket) -> int:
    """Count the model calls that were made for summaries of a ticket's current episode."""
    made = await work.connection.scalar(
        select(func.count()).where(
            CompletionRow.ticket_id == ticket.id,
            CompletionRow.episode_n == ticket.episode_n,
            CompletionRow.purpose == PURPOSE,
        )
    )
    return made or 0


async def add(
    work: UnitOfWork, ticket: Ticket, summary: Summary, completion_id: int, at: datetime
) -> None:
    """Store a summary, in a transaction that holds the ticket's row.

    It takes the place of one that was erased and covered as much.
    """
    same = (
        ThreadSummaryRow.ticket_id == ticket.id,
        ThreadSummaryRow.upto_seq == summary.upto_seq,
    )
    facts = {"completion_id": completion_id, "body": summary.text, "created_at": at}
    done = await work.connection.execute(
        update(ThreadSummaryRow).where(*same).values(erased_at=None, **facts)
    )
    if not done.rowcount:
        place = {"ticket_id": ticket.id, "episode_n": ticket.episode_n}
        await work.connection.execute(
            insert(ThreadSummaryRow).values(upto_seq=summary.upto_seq, **place, **facts)
        )


async def erase_covering(work: UnitOfWork, ticket_id: int, seq: int, at: datetime) -> int:
    """Erase the summaries that cover a customer's message; return how many there were.

    Called when the message is edited, deleted or erased: what it said must not live on in them.
    An older summary that does not reach so far holds again; else the next answer reads the thread.
    """
    done = await work.connection.execute(
        update(ThreadSummaryRow)
        .where(
            ThreadSummaryRow.ticket_id == ticket_id,
            ThreadSummaryRow.upto_seq >= seq,
            ThreadSummaryRow.body.is_not(None),
        )
        .values(body=None, erased_at=at)
    )
    return done.rowcount
