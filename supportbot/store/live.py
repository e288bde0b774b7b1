"""Live replies: deliveries that claim their turn and grow until the whole answer is committed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Update, func, select, update

from supportbot.model.delivery import (
    ANSWER_OFFERS,
    Audience,
    Delivery,
    DeliveryKind,
    DeliveryState,
    NewDelivery,
)
from supportbot.model.ticket import Ticket
from supportbot.store import deliveries
from supportbot.store.tables.answers import DeliveryRow
from supportbot.store.tables.tickets import TicketRow
from supportbot.store.unit_of_work import UnitOfWork


def key_of(ticket: Ticket, upto_seq: int) -> str:
    """Name the live delivery of a turn; each hand-over of the ticket begins a new one."""
    return f"{ticket.public_id}-live-{upto_seq}-{ticket.handler_epoch}"


async def claim(
    work: UnitOfWork, ticket: Ticket, upto_seq: int, at: datetime, until: datetime
) -> Delivery | None:
    """Write a live delivery for the turn up to a message; it is looked at again after `until`.

    None: the turn has one already (an answer to it was cancelled once).
    """
    key = key_of(ticket, upto_seq)
    if await deliveries.by_key(work, key) is not None:
        return None
    new = NewDelivery(
        key=key,
        channel=ticket.channel,
        audience=Audience.CUSTOMER,
        kind=DeliveryKind.REPLY,
        target=ticket.target,
        text="",
        subject=ticket.subject,
        handler_epoch=ticket.handler_epoch,
        offers=ANSWER_OFFERS,
    )
    number = await deliveries.add(work, ticket.id, new, at)
    await work.connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == number)
        .values(state=DeliveryState.LIVE, upto_seq=upto_seq, next_attempt_at=until)
    )
    return await deliveries.by_key(work, key)


async def name(work: UnitOfWork, delivery: Delivery, provider_id: str) -> Delivery:
    """Keep the provider's id of the open message; called before any text is shown."""
    await work.connection.execute(_live(delivery).values(provider_id=provider_id[:998]))
    return replace(delivery, provider_id=provider_id[:998])


async def grow(work: UnitOfWork, delivery: Delivery, text: str, until: datetime) -> bool:
    """Note what is about to be seen and renew the claim; False once the fence has moved."""
    fence = (
        select(TicketRow.handler_epoch).where(TicketRow.id == delivery.ticket_id).scalar_subquery()
    )
    done = await work.connection.execute(
        _live(delivery)
        .where(DeliveryRow.handler_epoch == fence)
        .values(body=text, next_attempt_at=until)
    )
    return done.rowcount == 1


async def word(
    work: UnitOfWork, delivery: Delivery, message_id: int, kind: DeliveryKind, until: datetime
) -> bool:
    """Let a message of the thread be its last words, to be sent by the caller before `until`.

    Only an answer offers what answers offer, and is bound to the handler: a note that a person
    has the ticket now leaves all the same.

    False when somebody else gave it its words already.
    """
    unbound = {} if kind is DeliveryKind.REPLY else {"handler_epoch": None}
    done = await work.connection.execute(
        _live(delivery).values(
            state=DeliveryState.SENDING,
            message_id=message_id,
            body=None,
            kind=kind,
            offers=[*(ANSWER_OFFERS if kind is DeliveryKind.REPLY else ())],
            attempts=DeliveryRow.attempts + 1,
            next_attempt_at=until,
            **unbound,
        )
    )
    return done.rowcount == 1


async def cancel(work: UnitOfWork, delivery: Delivery, reason: str) -> bool:
    """End a live delivery without words; False when it has them already."""
    done = await work.connection.execute(
        _live(delivery).values(state=DeliveryState.CANCELLED, error=reason)
    )
    return done.rowcount == 1


async def open_of(work: UnitOfWork, ticket_id: int) -> Delivery | None:
    """Return the live delivery of a ticket; its writer must have renewed it by `claimed_until`."""
    key = await work.connection.scalar(
        select(func.min(DeliveryRow.key)).where(
            DeliveryRow.ticket_id == ticket_id, DeliveryRow.state == DeliveryState.LIVE
        )
    )
    return await deliveries.by_key(work, key) if key is not None else None


def _live(delivery: Delivery) -> Update:
    return update(DeliveryRow).where(
        DeliveryRow.id == delivery.id, DeliveryRow.state == DeliveryState.LIVE
    )
