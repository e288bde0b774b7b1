"""Replies and notices on their way out: written, found, and put in order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Row,
    ScalarSelect,
    Select,
    bindparam,
    case,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, aliased

from supportbot.model.delivery import (
    Audience,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Earlier,
    NewDelivery,
)
from supportbot.model.inbound import ActionKind
from supportbot.model.ticket import Handler, Status, Ticket, standing_of
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
#: Words to the customer that must leave before a new one.
_BEFORE_IT = (
    select(DeliveryRow.id)
    .where(
        DeliveryRow.ticket_id == bindparam("of_ticket"),
        DeliveryRow.audience == Audience.CUSTOMER,
        DeliveryRow.replaces_id.is_(None),
        UNSENT,
    )
    .exists()
)
_BEGIN = (
    _ADD.values(
        state=case((_BEFORE_IT, DeliveryState.PENDING), else_=DeliveryState.SENDING),
        attempts=case((_BEFORE_IT, 0), else_=1),
        next_attempt_at=case(
            (_BEFORE_IT, null()),
            else_=bindparam("claimed_until", type_=DeliveryRow.next_attempt_at.type),
        ),
    )
).returning(DeliveryRow.state)

_EARLIER = aliased(DeliveryRow)


async def add(work: UnitOfWork, ticket_id: int, new: NewDelivery, at: datetime) -> int:
    """Write a delivery as pending; return its id."""
    made = await work.execute(
        _ADD, {**_columns(ticket_id, new, at), "state": DeliveryState.PENDING}
    )
    number: int = made.scalar_one()
    return number


async def add_once(work: UnitOfWork, ticket_id: int, new: NewDelivery, at: datetime) -> bool:
    """Write a delivery as pending unless its key is taken; tell whether it was written.

    Safe in two transactions at once: the later one waits for the end of the other, and goes on.
    """
    if await by_key(work, new.key) is not None:
        return False
    try:
        async with work.connection.begin_nested():
            await add(work, ticket_id, new, at)
    except IntegrityError:
        if await by_key(work, new.key) is None:
            raise
        return False
    return True


async def begin(
    work: UnitOfWork, ticket: Ticket, new: NewDelivery, at: datetime, until: datetime
) -> Delivery | None:
    """Write a delivery to the customer as being sent, claimed until then, and return it.

    None: older words to the customer have not left, so it is pending, and leaves after them. The
    caller must hold the ticket's row, send after the commit, and give the text where it is a
    message's own.
    """
    given = {"of_ticket": ticket.id, "claimed_until": until}
    made = await work.execute(_BEGIN, {**_columns(ticket.id, new, at), **given})
    row = made.one()
    if row.state != DeliveryState.SENDING:
        return None
    return Delivery(
        id=row.id,
        key=new.key,
        ticket_id=ticket.id,
        ticket=ticket.public_id,
        channel=new.channel,
        audience=new.audience,
        kind=new.kind,
        state=DeliveryState.SENDING,
        target=new.target,
        text=new.text or "",
        subject=new.subject,
        handler_epoch=new.handler_epoch,
        attempts=1,
        offers=new.offers,
        message_id=new.message_id,
        draft_id=new.draft_id,
        signed=new.signed,
        claimed_until=until,
    )


def _columns(ticket_id: int, new: NewDelivery, at: datetime) -> dict[str, object]:
    return {
        "channel_key": new.channel,
        "key": new.key,
        "ticket_id": ticket_id,
        "message_id": new.message_id,
        "audience": new.audience,
        "kind": new.kind,
        "target": dict(new.target),
        "body": new.text,
        "subject": new.subject[:998] if new.subject else None,
        "offers": [*new.offers],
        "draft_id": new.draft_id,
        "replaces_id": new.replaces_id,
        "below_id": new.below_id,
        "signed": new.signed[:200] if new.signed else None,
        "handler_epoch": new.handler_epoch,
        "created_at": at,
    }


def _of_earlier(
    column: InstrumentedAttribute[Any], number: InstrumentedAttribute[Any]
) -> ScalarSelect[Any]:
    """Read a column of the delivery that another one refers to.

    No join: beside a second row, the predicate of the partial index would name nobody's state.
    """
    return select(column).where(_EARLIER.id == number).scalar_subquery()


def whole() -> Select[*tuple[Any, ...]]:
    """Select deliveries with all that `read` needs."""
    return (
        select(
            DeliveryRow,
            func.coalesce(DeliveryRow.body, MessageBodyRow.body, "").label("text"),
            ChannelRow.key.label("channel"),
            TicketRow.public_id.label("ticket"),
            TicketRow.status.label("ticket_status"),
            TicketRow.handler.label("ticket_handler"),
            _of_earlier(_EARLIER.key, DeliveryRow.replaces_id).label("replaced_key"),
            _of_earlier(_EARLIER.provider_id, DeliveryRow.replaces_id).label("replaced_name"),
            _of_earlier(_EARLIER.key, DeliveryRow.below_id).label("above_key"),
            _of_earlier(_EARLIER.provider_id, DeliveryRow.below_id).label("above_name"),
        )
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .join(TicketRow, TicketRow.id == DeliveryRow.ticket_id)
        .outerjoin(MessageBodyRow, MessageBodyRow.message_id == DeliveryRow.message_id)
    )


_DUE = (
    whole().where(DeliveryRow.ticket_id == bindparam("ticket_id"), UNSENT).order_by(DeliveryRow.id)
)


def read(row: Row[*tuple[Any, ...]]) -> Delivery:
    """Make a delivery of a row of `whole`."""
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
        offers=tuple(ActionKind(offer) for offer in row.offers),
        provider_id=row.provider_id,
        message_id=row.message_id,
        upto_seq=row.upto_seq,
        draft_id=row.draft_id,
        signed=row.signed,
        replaces=_earlier(row.replaces_id, row.replaced_key, row.replaced_name),
        rewords=row.message_id is not None and row.body is not None,
        below=_earlier(row.below_id, row.above_key, row.above_name),
        standing=standing_of(Status(row.ticket_status), Handler(row.ticket_handler)),
        claimed_until=row.next_attempt_at,
    )


def _earlier(number: int | None, key: str, provider_id: str | None) -> Earlier | None:
    return None if number is None else Earlier(number, key, provider_id)


async def due(work: UnitOfWork, ticket_id: int, now: datetime) -> list[Delivery]:
    """Return a ticket's deliveries that may be sent now, in the order they were written.

    What goes to the customer stays in order: behind one that has to wait, or that still grows,
    none may be sent. What refers to a message waits for it, and for earlier changes of it.
    """
    rows = await work.execute(_DUE, {"ticket_id": ticket_id})
    found: list[Delivery] = []
    held_back = False
    earlier: set[int] = set()
    for row in rows:
        waits_for, changes = row.replaces_id or row.below_id, row.replaces_id is not None
        behind = waits_for in earlier
        earlier.add(row.replaces_id or row.id)
        if behind:
            continue
        to_customer = row.audience == Audience.CUSTOMER and not changes
        waits = row.next_attempt_at is not None and row.next_attempt_at > now
        if waits or row.state == DeliveryState.LIVE:
            held_back = held_back or to_customer
        elif not (to_customer and held_back):
            found.append(read(row))
    return found


async def of_ticket(work: UnitOfWork, ticket_id: int) -> list[tuple[Delivery, datetime | None]]:
    """Return all deliveries of a ticket in order, each with the moment it was sent."""
    rows = await work.connection.execute(
        whole().where(DeliveryRow.ticket_id == ticket_id).order_by(DeliveryRow.id)
    )
    return [(read(row), row.sent_at) for row in rows]


async def retarget(work: UnitOfWork, moved: Delivery, target: Mapping[str, str]) -> None:
    """Send what waits behind a delivery, and was to go to the same place, to another one."""
    rows = await work.connection.execute(
        select(DeliveryRow.id, DeliveryRow.target).where(
            DeliveryRow.ticket_id == moved.ticket_id,
            DeliveryRow.audience == Audience.CUSTOMER,
            DeliveryRow.state == DeliveryState.PENDING,
        )
    )
    ids = [row.id for row in rows if row.target == dict(moved.target)]
    await work.connection.execute(
        update(DeliveryRow).where(DeliveryRow.id.in_(ids)).values(target=dict(target))
    )


async def by_key(work: UnitOfWork, key: str) -> Delivery | None:
    """Return the delivery of this key."""
    row = (await work.connection.execute(whole().where(DeliveryRow.key == key))).first()
    return read(row) if row else None
