"""Words to customers that have not left, or never will."""

from __future__ import annotations

from sqlalchemy import and_, exists, or_, select

from supportbot.model.delivery import Audience, DeliveryState
from supportbot.model.ticket import Ticket
from supportbot.store.tables.answers import UNSENT, DeliveryRow
from supportbot.store.unit_of_work import UnitOfWork


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
    ended = DeliveryRow.state.in_((DeliveryState.CANCELLED, DeliveryState.FAILED))
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
