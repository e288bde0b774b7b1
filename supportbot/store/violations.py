"""One query for everything that is overdue; it reads by the partial indexes of what is open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from supportbot.model.draft import DraftState
from supportbot.model.ticket import ActorKind, EventKind, Handler, Status, Ticket
from supportbot.model.violation import Deadlines, Violation, ViolationKind
from supportbot.store.tables.answers import UNSENT, DeliveryRow, DraftRow
from supportbot.store.tables.intake import UNSETTLED, InboundRow
from supportbot.store.tables.tickets import ACTIVE, OWED, MessageRow, TicketEventRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork

_BAD_ENDS = (EventKind.DELIVERY_UNCERTAIN, EventKind.DELIVERY_FAILED)


async def listed(
    work: UnitOfWork, now: datetime, deadlines: Deadlines, limit: int = 1000
) -> list[Violation]:
    """Return what is overdue, the longest wait first."""
    overdue = _overdue(now, deadlines)
    query = overdue.order_by(overdue.selected_columns.since).limit(limit)
    return [
        Violation(
            kind=ViolationKind(row.kind),
            ticket=row.ticket,
            number=row.number,
            since=row.since,
            deadline=row.since + deadlines.of(ViolationKind(row.kind)),
        )
        for row in await work.connection.execute(query)
    ]


async def counts(work: UnitOfWork, now: datetime, deadlines: Deadlines) -> dict[ViolationKind, int]:
    """Return how many are overdue of each kind, the kinds with none included."""
    overdue = _overdue(now, deadlines).subquery()
    rows = await work.connection.execute(
        select(overdue.c.kind, func.count().label("found")).group_by(overdue.c.kind)
    )
    found = {row.kind: row.found for row in rows}
    return {kind: found.get(kind, 0) for kind in ViolationKind}


def _overdue(now: datetime, deadlines: Deadlines) -> CompoundSelect[*tuple[Any, ...]]:
    def before(kind: ViolationKind) -> datetime:
        return now - deadlines.of(kind)

    return union_all(
        _answers(before(ViolationKind.ANSWER)),
        _drafts(before(ViolationKind.DRAFT)),
        _inbounds(before(ViolationKind.INBOUND)),
        _deliveries(before(ViolationKind.DELIVERY)),
        _uncertain(before(ViolationKind.UNCERTAIN)),
        _people(before(ViolationKind.PERSON)),
        _taken(before(ViolationKind.PERSON)),
    )


def _answers(before: datetime) -> Select[*tuple[Any, ...]]:
    """Questions, the oldest of each ticket."""
    since = func.min(MessageRow.created_at, type_=MessageRow.created_at.type)
    return (
        select(
            literal(ViolationKind.ANSWER.value).label("kind"),
            TicketRow.public_id.label("ticket"),
            func.min(MessageRow.seq).label("number"),
            since.label("since"),
        )
        .join(
            MessageRow,
            and_(
                MessageRow.ticket_id == TicketRow.id,
                MessageRow.seq > TicketRow.answered_seq,
                MessageRow.author_kind == ActorKind.CUSTOMER,
            ),
        )
        .where(OWED, TicketRow.handler == Handler.BOT)
        .group_by(TicketRow.id, TicketRow.public_id)
        .having(since < before)
    )


def _drafts(before: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(
            literal(ViolationKind.DRAFT.value),
            TicketRow.public_id,
            DraftRow.id,
            DraftRow.created_at,
        )
        .join(TicketRow, TicketRow.id == DraftRow.ticket_id)
        .where(DraftRow.state == DraftState.OPEN, DraftRow.created_at < before)
    )


def _inbounds(before: datetime) -> Select[*tuple[Any, ...]]:
    return select(
        literal(ViolationKind.INBOUND.value),
        null(),
        InboundRow.id,
        InboundRow.received_at,
    ).where(UNSETTLED, InboundRow.received_at < before)


def _deliveries(before: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(
            literal(ViolationKind.DELIVERY.value),
            TicketRow.public_id,
            DeliveryRow.id,
            DeliveryRow.created_at,
        )
        .join(TicketRow, TicketRow.id == DeliveryRow.ticket_id)
        .where(UNSENT, DeliveryRow.created_at < before)
    )


def _uncertain(before: datetime) -> Select[*tuple[Any, ...]]:
    """Bad ends that no operator's act followed, while the ticket is not resolved."""
    later = aliased(TicketEventRow)
    looked_at = exists().where(
        later.ticket_id == TicketEventRow.ticket_id,
        later.id > TicketEventRow.id,
        later.actor_kind == ActorKind.OPERATOR,
    )
    return (
        select(
            literal(ViolationKind.UNCERTAIN.value),
            TicketRow.public_id,
            TicketEventRow.id,
            TicketEventRow.at,
        )
        .join(TicketRow, TicketRow.id == TicketEventRow.ticket_id)
        .where(
            TicketEventRow.kind.in_(_BAD_ENDS),
            TicketEventRow.at <= before,
            TicketRow.status != Status.RESOLVED,
            ~looked_at,
        )
    )


async def people_awaited(work: UnitOfWork, before: datetime, limit: int = 100) -> list[str]:
    """Return the tickets in people's hands in which nobody has answered since that moment.

    Without those that operators were reminded of since the ticket changed hands or its customer
    wrote: the key of a notice tells it.
    """
    overdue = union_all(_people(before), _taken(before)).subquery()
    reminded = exists().where(
        DeliveryRow.ticket_id == TicketRow.id,
        DeliveryRow.key.startswith(_reminder()),
    )
    query = (
        select(overdue.c.ticket)
        .join(TicketRow, TicketRow.public_id == overdue.c.ticket)
        .where(~reminded)
        .order_by(overdue.c.since)
        .limit(limit)
    )
    return list(dict.fromkeys(await work.connection.scalars(query)))


def reminder(ticket: Ticket) -> str:
    """Name the occasion of reminding operators of a ticket as it stands."""
    return f"waits-{ticket.handler_epoch}-{ticket.asked_seq}"


def _reminder() -> ColumnElement[str]:
    """Say in the store's words how the key of a notice of that occasion begins."""
    parts = (TicketRow.handler_epoch, TicketRow.asked_seq)
    epoch, asked = (cast(part, String) for part in parts)
    return TicketRow.public_id + "-waits-" + epoch + "-" + asked + "-"


async def is_awaited(work: UnitOfWork, ticket: str, before: datetime) -> bool:
    """Tell whether the ticket still is one of them."""
    overdue = union_all(_people(before), _taken(before)).subquery()
    query = select(overdue.c.ticket).where(overdue.c.ticket == ticket)
    return (await work.connection.execute(query)).first() is not None


def _taken(before: datetime) -> Select[*tuple[Any, ...]]:
    """Tickets that somebody took although no customer waited, and said nothing in since."""
    since = func.max(TicketEventRow.at, type_=TicketEventRow.at.type)
    return (
        select(
            literal(ViolationKind.PERSON.value).label("kind"),
            TicketRow.public_id.label("ticket"),
            TicketRow.asked_seq.label("number"),
            since.label("since"),
        )
        .join(TicketEventRow, TicketEventRow.ticket_id == TicketRow.id)
        .where(
            ACTIVE,
            TicketRow.handler == Handler.HUMAN,
            TicketRow.status == Status.OPEN,
            TicketRow.waiting_since.is_(None),
            TicketEventRow.kind == EventKind.TAKEOVER,
        )
        .group_by(TicketRow.id, TicketRow.public_id, TicketRow.asked_seq)
        .having(since < before)
    )


def _people(before: datetime) -> Select[*tuple[Any, ...]]:
    return select(
        literal(ViolationKind.PERSON.value).label("kind"),
        TicketRow.public_id.label("ticket"),
        TicketRow.asked_seq.label("number"),
        TicketRow.waiting_since.label("since"),
    ).where(
        ACTIVE,
        TicketRow.handler == Handler.HUMAN,
        TicketRow.status == Status.OPEN,
        TicketRow.waiting_since < before,
    )
