"""What a customer's message said, erased wherever it stands; the rows stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update

from supportbot.model.delivery import Audience, DeliveryState
from supportbot.model.draft import DraftState
from supportbot.model.message import EDIT_OF, Message, Role
from supportbot.model.ticket import Ticket
from supportbot.store import files, threads
from supportbot.store.tables.answers import DeliveryRow, DraftRow
from supportbot.store.tables.intake import InboundRow
from supportbot.store.tables.tickets import AttachmentRow, MessageBodyRow, MessageRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork

#: A draft that was sent with other words was not said either.
_NEVER_SAID = (DraftState.DISCARDED, DraftState.SHADOW, DraftState.EDITED)
_ERASED = (
    select(MessageRow.seq)
    .join(MessageBodyRow, MessageBodyRow.message_id == MessageRow.id)
    .where(MessageRow.ticket_id == bindparam("of_ticket"), MessageBodyRow.body.is_(None))
)


async def erased(work: UnitOfWork, ticket_id: int) -> frozenset[int]:
    """Return the numbers of a ticket's messages whose words are gone."""
    rows = await work.execute(_ERASED, {"of_ticket": ticket_id})
    return frozenset(rows.scalars())


async def erase(work: UnitOfWork, message: Message, reason: str, at: datetime) -> None:
    """Erase a message: its words and those of its edits, its files, its raw bytes."""
    for message_id in (message.id, *await _edit_ids(work, message)):
        await threads.rewrite_body(work, message_id, None, reason, at)
    await work.connection.execute(
        update(AttachmentRow)
        .where(AttachmentRow.message_id == message.id, AttachmentRow.erased_at.is_(None))
        .values(**files.ERASED, erased_at=at)
    )
    await _forget_raw(work, message)


async def erase_drafts(work: UnitOfWork, ticket_id: int, seq: int) -> list[int]:
    """Erase the drafts that answer a message and never left as they were; return their numbers."""
    unsaid = select(MessageBodyRow.message_id).where(
        MessageBodyRow.message_id == DraftRow.message_id, MessageBodyRow.body.is_(None)
    )
    emptied = await work.connection.execute(
        update(DraftRow)
        .where(
            DraftRow.ticket_id == ticket_id,
            DraftRow.upto_seq >= seq,
            DraftRow.body.is_not(None),
            or_(DraftRow.state.in_(_NEVER_SAID), unsaid.exists()),
        )
        .values(body=None)
        .returning(DraftRow.id)
    )
    return list(emptied.scalars())


async def erase_files(work: UnitOfWork, message: Message, ids: Sequence[str], at: datetime) -> None:
    """Erase files that were taken out of a message, by the names that their provider has for them.

    What the message arrived in named them too.
    """
    rows = await work.connection.execute(
        select(AttachmentRow.id, AttachmentRow.ref).where(
            AttachmentRow.message_id == message.id, AttachmentRow.erased_at.is_(None)
        )
    )
    gone = [row.id for row in rows if row.ref.get("id") in ids]
    await work.connection.execute(
        update(AttachmentRow).where(AttachmentRow.id.in_(gone)).values(**files.ERASED, erased_at=at)
    )
    await _forget_raw(work, message)


async def _forget_raw(work: UnitOfWork, message: Message) -> None:
    await work.connection.execute(
        update(InboundRow)
        # The ticket is named for its index.
        .where(InboundRow.ticket_id == message.ticket_id, InboundRow.message_id == message.id)
        .values(raw=None)
    )


async def change_subject(work: UnitOfWork, ticket: Ticket, subject: str | None) -> None:
    """Give a ticket another subject, also where its deliveries repeat the old one."""
    await work.connection.execute(
        update(TicketRow).where(TicketRow.id == ticket.id).values(subject=subject)
    )
    for repeated, instead in (
        (ticket.subject, subject),
        (f"[supportbot] {ticket.subject}"[:998], f"[supportbot] {subject or ticket.public_id}"),
    ):
        await work.connection.execute(
            update(DeliveryRow)
            .where(DeliveryRow.ticket_id == ticket.id, DeliveryRow.subject == repeated)
            .values(subject=instead)
        )


async def forget_told(work: UnitOfWork, ticket_id: int, delivery_ids: Sequence[int]) -> None:
    """Forget the words of these deliveries and their changes; what was not sent yet never is."""
    told = update(DeliveryRow).where(_made_or_changed(ticket_id, delivery_ids))
    await work.connection.execute(
        told.where(DeliveryRow.state == DeliveryState.PENDING).values(
            state=DeliveryState.CANCELLED, error="taken back", next_attempt_at=None
        )
    )
    await work.connection.execute(told.values(body=None))


async def reword(work: UnitOfWork, delivery_id: int, text: str) -> None:
    """Let a delivery to operators hold other words; the old ones are kept nowhere."""
    await work.connection.execute(
        update(DeliveryRow).where(DeliveryRow.id == delivery_id).values(body=text)
    )


async def reword_wholly(work: UnitOfWork, ticket_id: int, delivery_id: int, text: str) -> None:
    """Let a delivery, and all that changed its message since, hold other words."""
    await work.connection.execute(
        update(DeliveryRow).where(_made_or_changed(ticket_id, [delivery_id])).values(body=text)
    )


async def told_since(work: UnitOfWork, ticket_id: int, at: datetime) -> frozenset[int]:
    """Return the deliveries by which operators were told of a ticket since then, but of drafts."""
    rows = await work.connection.execute(
        select(DeliveryRow.id).where(
            DeliveryRow.ticket_id == ticket_id,
            DeliveryRow.audience == Audience.OPERATORS,
            DeliveryRow.draft_id.is_(None),
            DeliveryRow.replaces_id.is_(None),
            DeliveryRow.created_at >= at,
        )
    )
    return frozenset(rows.scalars())


async def forget_notices(work: UnitOfWork, ticket: Ticket, occasions: Sequence[str]) -> None:
    """Forget what operators were told on some occasions; what was not sent yet never is."""
    for occasion in occasions:
        told = update(DeliveryRow).where(
            DeliveryRow.ticket_id == ticket.id,
            DeliveryRow.audience == Audience.OPERATORS,
            DeliveryRow.key.startswith(f"{ticket.public_id}-{occasion}-operators-"),
        )
        await work.connection.execute(
            told.where(DeliveryRow.state == DeliveryState.PENDING).values(
                state=DeliveryState.CANCELLED, error="taken back", next_attempt_at=None
            )
        )
        await work.connection.execute(told.values(body=None))


def _made_or_changed(ticket_id: int, delivery_ids: Sequence[int]) -> ColumnElement[bool]:
    return and_(
        DeliveryRow.ticket_id == ticket_id,  # for its index
        or_(DeliveryRow.id.in_(delivery_ids), DeliveryRow.replaces_id.in_(delivery_ids)),
    )


async def edits(work: UnitOfWork, message: Message) -> list[Message]:
    """Return the messages that repeat this one with other words, the newest last."""
    found = [await threads.message(work, one) for one in await _edit_ids(work, message)]
    return [one for one in found if one is not None]


async def _edit_ids(work: UnitOfWork, message: Message) -> list[int]:
    rows = await work.connection.execute(
        select(MessageRow.id, MessageRow.data)
        .where(
            MessageRow.ticket_id == message.ticket_id,
            MessageRow.role == Role.USER,
            MessageRow.seq > message.seq,
        )
        .order_by(MessageRow.seq)
    )
    return [row.id for row in rows if row.data.get(EDIT_OF) == message.seq]
