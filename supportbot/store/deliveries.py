"""Replies and notices on their way out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, insert, or_, select, update

from supportbot.model.delivery import (
    Audience,
    Delivery,
    DeliveryKind,
    DeliveryState,
    NewDelivery,
    Receipt,
)
from supportbot.store.tables.answers import UNSENT, DeliveryRow
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.tickets import MessageBodyRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork

_ADD = (
    insert(DeliveryRow)
    .values(
        channel_id=select(ChannelRow.id)
        .where(ChannelRow.key == bindparam("channel_key"))
        .scalar_subquery()
    )
    .returning(DeliveryRow.id)
)
_CHANGE = update(DeliveryRow).where(DeliveryRow.id == bindparam("delivery_id"))


async def add(work: UnitOfWork, ticket_id: int, new: NewDelivery, at: datetime) -> int:
    """Write a delivery as pending; return its id."""
    made = await work.connection.execute(
        _ADD,
        {
            "channel_key": new.channel,
            "key": new.key,
            "ticket_id": ticket_id,
            "message_id": new.message_id,
            "audience": new.audience,
            "kind": new.kind,
            "state": DeliveryState.PENDING,
            "target": dict(new.target),
            "body": new.text,
            "subject": new.subject[:998] if new.subject else None,
            "escalate": new.escalate,
            "handler_epoch": new.handler_epoch,
            "created_at": at,
        },
    )
    return made.scalar_one()


def _deliveries() -> Select[*tuple[Any, ...]]:
    return (
        select(
            DeliveryRow,
            func.coalesce(DeliveryRow.body, MessageBodyRow.body, "").label("text"),
            ChannelRow.key.label("channel"),
            TicketRow.public_id.label("ticket"),
        )
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .join(TicketRow, TicketRow.id == DeliveryRow.ticket_id)
        .outerjoin(MessageBodyRow, MessageBodyRow.message_id == DeliveryRow.message_id)
    )


_DUE = (
    _deliveries()
    .where(DeliveryRow.ticket_id == bindparam("ticket_id"), UNSENT)
    .order_by(DeliveryRow.id)
)


def _delivery(row: Row[*tuple[Any, ...]]) -> Delivery:
    return Delivery(
        id=row.id,
        key=row.key,
        ticket_id=row.ticket_id,
        ticket=row.ticket,
        channel=row.channel,
        audience=Audience(row.audience),
        kind=DeliveryKind(row.kind),
        state=DeliveryState(row.state),
        target=row.target,
        text=row.text,
        subject=row.subject,
        handler_epoch=row.handler_epoch,
        attempts=row.attempts,
        escalate=row.escalate,
        provider_id=row.provider_id,
        message_id=row.message_id,
    )


async def due(work: UnitOfWork, ticket_id: int, now: datetime) -> list[Delivery]:
    """Return a ticket's deliveries that may be sent now, in the order they were written.

    What goes to the customer stays in order: behind one that has to wait, none may be sent.
    """
    rows = await work.connection.execute(_DUE, {"ticket_id": ticket_id})
    found: list[Delivery] = []
    held_back = False
    for row in rows:
        to_customer = row.audience == Audience.CUSTOMER
        if row.next_attempt_at is not None and row.next_attempt_at > now:
            held_back = held_back or to_customer
        elif not (to_customer and held_back):
            found.append(_delivery(row))
    return found


async def of_ticket(work: UnitOfWork, ticket_id: int) -> list[tuple[Delivery, datetime | None]]:
    """Return all deliveries of a ticket in order, each with the moment it was sent."""
    rows = await work.connection.execute(
        _deliveries().where(DeliveryRow.ticket_id == ticket_id).order_by(DeliveryRow.id)
    )
    return [(_delivery(row), row.sent_at) for row in rows]


async def claim(work: UnitOfWork, delivery: Delivery, until: datetime) -> bool:
    """Note that a send begins; False when the delivery moved on meanwhile.

    Should the send be interrupted, nobody looks at the delivery again before `until`.

    A delivery bound to a handler (`handler_epoch`) is cancelled instead if the ticket's fence has
    moved: nobody may talk over the person who took the ticket.
    """
    fence = (
        select(TicketRow.handler_epoch).where(TicketRow.id == delivery.ticket_id).scalar_subquery()
    )
    done = await work.connection.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.id == delivery.id,
            DeliveryRow.state == delivery.state,
            DeliveryRow.attempts == delivery.attempts,
            or_(DeliveryRow.handler_epoch.is_(None), DeliveryRow.handler_epoch == fence),
        )
        .values(
            state=DeliveryState.SENDING, attempts=DeliveryRow.attempts + 1, next_attempt_at=until
        )
    )
    if done.rowcount == 1:
        return True
    await work.connection.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.id == delivery.id,
            DeliveryRow.state == delivery.state,
            DeliveryRow.handler_epoch.is_not(None),
            DeliveryRow.handler_epoch != fence,
        )
        .values(state=DeliveryState.CANCELLED, error="the ticket changed hands")
    )
    return False


async def sent(work: UnitOfWork, delivery_id: int, receipt: Receipt, at: datetime) -> None:
    """Note that a delivery left."""
    await work.connection.execute(
        _CHANGE,
        {
            "delivery_id": delivery_id,
            "state": DeliveryState.SENT,
            "provider_id": receipt.provider_id[:998],
            "sent_at": at,
            "error": None,
        },
    )


async def postpone(work: UnitOfWork, delivery: Delivery, error: str, until: datetime) -> None:
    """Try again later, in the state it is given with: `sending` must still be looked for first."""
    await work.connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery.id)
        .values(state=delivery.state, error=error, next_attempt_at=until)
    )


async def give_up(work: UnitOfWork, delivery_id: int, state: DeliveryState, error: str) -> None:
    """Note that a delivery is not tried again: refused for good, or of unknown fate."""
    await work.connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id)
        .values(state=state, error=error, next_attempt_at=None)
    )


async def by_key(work: UnitOfWork, key: str) -> Delivery | None:
    """Return the delivery of this key."""
    row = (await work.connection.execute(_deliveries().where(DeliveryRow.key == key))).first()
    return _delivery(row) if row else None
