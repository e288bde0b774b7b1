"""The ledger of tool calls: it outlives a crash, so that no completed call is ever repeated.

A call is over for the thread once a tool message answers it. `arguments` and `result` hold personal
data and can be erased; everything else stays. The message that asks for calls names them only: what
they were asked with stands here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Row, Text, bindparam, case, exists, insert, or_, select, update

from supportbot.model.message import Visibility
from supportbot.model.ticket import Handler
from supportbot.model.tool_call import CallState, NewCall, RecordedCall
from supportbot.store.tables.answers import WAITING, ToolCallRow
from supportbot.store.tables.tickets import MessageBodyRow, MessageRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Round:
    """Which answer of a model the calls belong to."""

    ticket_id: int
    upto_seq: int
    number: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What the ledger of a ticket holds already of a round that is about to begin."""

    #: Ids of calls that are used in this ticket.
    call_ids: frozenset[str]
    #: True: the round was begun before.
    begun: bool


_ADD = insert(ToolCallRow)
_TAKEN = select(ToolCallRow.call_id, ToolCallRow.upto_seq, ToolCallRow.round).where(
    ToolCallRow.ticket_id == bindparam("of_ticket")
)
_START = (
    update(ToolCallRow)
    .where(
        ToolCallRow.id == bindparam("call"),
        ToolCallRow.state == bindparam("seen_state"),
        ToolCallRow.started_at == bindparam("seen_at"),
    )
    .values(state=CallState.RUNNING, started_at=bindparam("at"))
)
_FINISH = (
    update(ToolCallRow)
    .where(
        ToolCallRow.id == bindparam("call"),
        ToolCallRow.state.in_([CallState.ASKED, CallState.RUNNING]),
    )
    .values(
        state=bindparam("new_state"),
        # Erased while it ran: what it gave back must not bring the words again.
        result=case((ToolCallRow.arguments.is_not(None), bindparam("text", type_=Text))),
        finished_at=bindparam("at"),
    )
)
_UNANSWERED = (
    select(ToolCallRow)
    .where(
        ToolCallRow.ticket_id == bindparam("of_ticket"),
        ~exists().where(
            MessageRow.ticket_id == ToolCallRow.ticket_id,
            MessageRow.tool_call_id == ToolCallRow.call_id,
        ),
    )
    .order_by(ToolCallRow.upto_seq, ToolCallRow.round, ToolCallRow.position)
)
_OF_TICKET = (
    select(ToolCallRow)
    .where(ToolCallRow.ticket_id == bindparam("of_ticket"))
    .order_by(ToolCallRow.upto_seq, ToolCallRow.round, ToolCallRow.position)
)


_ARGUMENTS = select(ToolCallRow.call_id, ToolCallRow.arguments).where(
    ToolCallRow.ticket_id == bindparam("of_ticket")
)

_ABANDONED = (
    select(ToolCallRow.ticket_id)
    .join(TicketRow, TicketRow.id == ToolCallRow.ticket_id)
    .where(
        WAITING,
        ToolCallRow.started_at < bindparam("before"),
        or_(
            TicketRow.handler == Handler.HUMAN,
            TicketRow.asked_seq <= TicketRow.answered_seq,
        ),
    )
    .distinct()
    .order_by(ToolCallRow.ticket_id)
    .limit(bindparam("most", type_=Integer))
)


async def taken(work: UnitOfWork, which: Round) -> Taken:
    """Return what the ticket's ledger holds already, before a round is added."""
    rows = (await work.connection.execute(_TAKEN, {"of_ticket": which.ticket_id})).all()
    return Taken(
        frozenset(row.call_id for row in rows),
        any((row.upto_seq, row.round) == (which.upto_seq, which.number) for row in rows),
    )


async def add(
    work: UnitOfWork, which: Round, completion_id: int, calls: Sequence[NewCall], at: datetime
) -> None:
    """Note the calls of a round as asked for, in their order."""
    rows = [
        {
            "ticket_id": which.ticket_id,
            "completion_id": completion_id,
            "upto_seq": which.upto_seq,
            "round": which.number,
            "position": position,
            "writes": call.writes,
            "call_id": call.call_id,
            "name": call.name,
            "arguments": call.arguments,
            "idempotency_key": call.idempotency_key,
            "state": CallState.ASKED,
            "started_at": at,
        }
        for position, call in enumerate(calls)
    ]
    if rows:
        await work.connection.execute(_ADD, rows)


async def start(work: UnitOfWork, call: RecordedCall, at: datetime) -> bool:
    """Note that a call begins (again); False: it moved on since it was read."""
    given = {"call": call.id, "seen_state": call.state, "seen_at": call.started_at, "at": at}
    done = await work.connection.execute(_START, given)
    return done.rowcount == 1


async def finish(
    work: UnitOfWork, call_id: int, state: CallState, result: str, at: datetime
) -> bool:
    """Note what became of a call (its number, not the model's id); False: it was over already."""
    given = {"call": call_id, "new_state": state, "text": result, "at": at}
    done = await work.connection.execute(_FINISH, given)
    return done.rowcount == 1


async def unanswered(work: UnitOfWork, ticket_id: int) -> list[RecordedCall]:
    """Return the calls of a ticket that no tool message answers yet, in order."""
    rows = await work.connection.execute(_UNANSWERED, {"of_ticket": ticket_id})
    return [_recorded(row) for row in rows]


async def of_ticket(work: UnitOfWork, ticket_id: int) -> list[RecordedCall]:
    """Return all calls of a ticket in the order in which they were asked for."""
    rows = await work.connection.execute(_OF_TICKET, {"of_ticket": ticket_id})
    return [_recorded(row) for row in rows]


async def arguments(work: UnitOfWork, ticket_id: int) -> Mapping[str, str | None]:
    """Return what the calls of a ticket were asked with, by call id; None where it was erased."""
    rows = await work.execute(_ARGUMENTS, {"of_ticket": ticket_id})
    return {row.call_id: row.arguments for row in rows}


async def erase_from(work: UnitOfWork, ticket_id: int, seq: int, reason: str, at: datetime) -> int:
    """Erase the words of the calls made with a customer's message in sight; return how many.

    Called when the message is redacted: what it said must not live on in what tools were asked and
    gave back. Which tools were called, when, and what became of it stays. A call that runs goes on,
    and its result is not kept.
    """
    made = (ToolCallRow.ticket_id == ticket_id, ToolCallRow.upto_seq >= seq)
    # The rounds in the thread: the question with the model's words in it, and the results.
    rounds = select(MessageRow.id).where(
        MessageRow.ticket_id == ticket_id,
        MessageRow.visibility == Visibility.INTERNAL,
        MessageRow.completion_id.in_(select(ToolCallRow.completion_id).where(*made)),
    )
    await work.connection.execute(
        update(MessageBodyRow)
        .where(MessageBodyRow.message_id.in_(rounds), MessageBodyRow.body.is_not(None))
        .values(body=None, erased_at=at, erased_reason=reason)
    )
    done = await work.connection.execute(
        update(ToolCallRow)
        .where(*made, ToolCallRow.arguments.is_not(None))
        .values(arguments=None, result=None)
    )
    return done.rowcount


async def withdraw(work: UnitOfWork, ticket_id: int, seq: int, result: str, at: datetime) -> None:
    """Let no write begin that was asked for with a customer's message in sight; `result` says why.

    One that runs goes on, and so does what only reads.
    """
    await work.connection.execute(
        update(ToolCallRow)
        .where(
            ToolCallRow.ticket_id == ticket_id,
            ToolCallRow.upto_seq >= seq,
            ToolCallRow.writes.is_(True),
            ToolCallRow.state == CallState.ASKED,
        )
        .values(state=CallState.FAILED, result=result, finished_at=at)
    )


async def abandoned(work: UnitOfWork, before: datetime, limit: int = 100) -> list[int]:
    """Return the tickets with calls, begun before that moment, that the bot will not go on with.

    A person has the ticket, or nothing is owed: whoever was at it was killed.
    """
    rows = await work.execute(_ABANDONED, {"before": before, "most": limit})
    return rows.scalars()


def _recorded(row: Row[*tuple[Any, ...]]) -> RecordedCall:
    return RecordedCall(
        id=row.id,
        ticket_id=row.ticket_id,
        completion_id=row.completion_id,
        upto_seq=row.upto_seq,
        round=row.round,
        position=row.position,
        writes=row.writes,
        call_id=row.call_id,
        name=row.name,
        arguments=row.arguments,
        idempotency_key=row.idempotency_key,
        state=CallState(row.state),
        result=row.result,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
