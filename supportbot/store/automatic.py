"""What left by itself lately, and what comes again: counted from what is stored.

So a restart forgets nothing, and where the store cannot be read nothing is known, and nothing sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from supportbot.model.caps import Cap, CapScope
from supportbot.model.delivery import Audience, Delivery, DeliveryKind, DeliveryState
from supportbot.model.ticket import ActorKind
from supportbot.store.tables.answers import DeliveryRow
from supportbot.store.tables.tickets import MessageRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork

#: What never left counts nothing: else what was held back would hold back what comes after it.
_COUNTS = or_(
    DeliveryRow.sent_at.is_not(None),
    DeliveryRow.state.not_in((DeliveryState.FAILED, DeliveryState.CANCELLED)),
)


async def reached(
    work: UnitOfWork,
    caps: Collection[Cap],
    ticket_id: int,
    channel_ids: Collection[int],
    now: datetime,
    *,
    before: Delivery | None = None,
) -> Cap | None:
    """Return the first cap that is reached; `before`: only what was written before it counts.

    `channel_ids` are the channels over which customers are counted.
    """
    for cap in caps:
        left = (
            select(DeliveryRow.id)
            .join(MessageRow, MessageRow.id == DeliveryRow.message_id)
            .where(
                *_within(cap, ticket_id, channel_ids),
                DeliveryRow.created_at > now - cap.window,
                DeliveryRow.audience == Audience.CUSTOMER,
                DeliveryRow.kind != DeliveryKind.ECHO,
                DeliveryRow.replaces_id.is_(None),
                MessageRow.author_kind == ActorKind.BOT,
                _COUNTS,
            )
        )
        if before is not None:
            left = left.where(DeliveryRow.id < before.id)
        counted = select(func.count()).select_from(left.limit(cap.most).subquery())
        if (await work.connection.scalar(counted) or 0) >= cap.most:
            return cap
    return None


def _within(
    cap: Cap, ticket_id: int, channel_ids: Collection[int]
) -> tuple[ColumnElement[bool], ...]:
    if cap.scope is CapScope.TICKET:
        return (DeliveryRow.ticket_id == ticket_id,)
    everyone = DeliveryRow.channel_id.in_(channel_ids)
    if cap.scope is CapScope.EVERYONE:
        return (everyone,)
    customer = select(TicketRow.customer_id).where(TicketRow.id == ticket_id).scalar_subquery()
    theirs = select(TicketRow.id).where(TicketRow.customer_id == customer)
    return (everyone, DeliveryRow.ticket_id.in_(theirs))


async def wrote_by_itself(work: UnitOfWork, delivery: Delivery) -> bool:
    """Tell whether the bot wrote what a delivery says."""
    query = select(MessageRow.author_kind).where(MessageRow.id == delivery.message_id)
    return await work.connection.scalar(query) == ActorKind.BOT


async def said_before(work: UnitOfWork, customer_id: int, text: str, since: datetime) -> int:
    """Count how often a customer wrote these very words since then."""
    query = (
        select(func.count())
        .select_from(MessageRow)
        .join(TicketRow, TicketRow.id == MessageRow.ticket_id)
        .where(
            TicketRow.customer_id == customer_id,
            MessageRow.created_at > since,
            MessageRow.author_kind == ActorKind.CUSTOMER,
            MessageRow.body_sha256 == hashlib.sha256(text.encode()).hexdigest(),
        )
    )
    return await work.connection.scalar(query) or 0


async def opened_before(work: UnitOfWork, customer_id: int, subject: str, since: datetime) -> int:
    """Count the tickets of this subject that a customer opened since then."""
    query = (
        select(func.count())
        .select_from(TicketRow)
        .where(
            TicketRow.customer_id == customer_id,
            TicketRow.opened_at > since,
            TicketRow.subject == subject,
        )
    )
    return await work.connection.scalar(query) or 0
