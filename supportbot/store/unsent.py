"""Words to customers that have not left, or never will."""

from __future__ import annotations

from sqlalchemy import and_, exists, or_, select

from supportbot.model.delivery import Audience, DeliveryKind, DeliveryState
from supportbot.model.ticket import ActorKind, Ticket
from supportbot.store.tables.answers import UNSENT, DeliveryRow
from supportbot.store.tables.tickets import MessageRow
from supportbot.store.unit_of_work import UnitOfWork

_ENDED = (DeliveryState.CANCELLED, DeliveryState.FAILED)
_UNSEEN = (DeliveryState.PENDING, DeliveryState.SENDING, *_ENDED)


async def are_under_way(work: UnitOfWork, ticket_id: int) -> bool:
    """Tell whether words to the customer are still on their way."""
    query = exists().where(
        DeliveryRow.ticket_id == ticket_id,
        DeliveryRow.audience == Audience.CUSTOMER,
        DeliveryRow.replaces_id.is_(None),
        UNSENT,
    )
    return bool(await work.connection.scalar(select(query)))


async def never_left(work: UnitOfWork, ticket: Ticket) -> frozenset[int]:
    """Return the messages of a ticket that its customer was not sent, and will not be.

    Their deliveries ended without it, or wait behind a fence that has moved.
    """
    ended = DeliveryRow.state.in_(_ENDED)
    fenced_off = and_(
        DeliveryRow.state == DeliveryState.PENDING,
        DeliveryRow.handler_epoch != ticket.handler_epoch,
    )
    rows = await work.connection.scalars(
        select(DeliveryRow.message_id).where(
            DeliveryRow.ticket_id == ticket.id,
            DeliveryRow.audience == Audience.CUSTOMER,
            DeliveryRow.replaces_id.is_(None),
            or_(ended, fenced_off),
        )
    )
    return frozenset(number for number in rows if number is not None)


async def answers(work: UnitOfWork, ticket_id: int, seq: int) -> frozenset[int]:
    """Return the bot's answers to a message that nobody saw, though one may be on its way.

    They are messages. One that was seen growing, or may have arrived, is none of them.
    """
    rows = await work.connection.execute(
        select(MessageRow.id, MessageRow.seq, MessageRow.data)
        .join(DeliveryRow, DeliveryRow.message_id == MessageRow.id)
        .where(
            DeliveryRow.ticket_id == ticket_id,
            DeliveryRow.audience == Audience.CUSTOMER,
            DeliveryRow.kind == DeliveryKind.REPLY,
            DeliveryRow.replaces_id.is_(None),
            DeliveryRow.provider_id.is_(None),
            DeliveryRow.state.in_(_UNSEEN),
            MessageRow.author_kind == ActorKind.BOT,
            MessageRow.seq > seq,
        )
    )
    return frozenset(row.id for row in rows if row.data.get("upto", row.seq) >= seq)
