"""Which tickets have something due: work that was lost or put off, and what waits too long."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, bindparam, exists, or_, select
from sqlalchemy.orm import aliased

from supportbot.model.catalog import ChannelKind
from supportbot.model.delivery import Audience
from supportbot.model.ticket import Handler, Status
from supportbot.store.tables.answers import UNSENT, DeliveryRow
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.tickets import ACTIVE, OWED, MessageRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork

_EARLIER = aliased(DeliveryRow)
#: Whoever is told something stays behind what was written for them before.
_HELD_BACK = exists().where(
    _EARLIER.ticket_id == DeliveryRow.ticket_id,
    _EARLIER.id < DeliveryRow.id,
    _EARLIER.audience == Audience.CUSTOMER,
    _EARLIER.replaces_id.is_(None),
    _EARLIER.state.in_(("pending", "sending", "live")),
    _EARLIER.next_attempt_at > bindparam("now"),
)
_ORIGINAL = aliased(DeliveryRow)
#: What refers to a message waits for that message.
_BEHIND = exists().where(
    or_(_ORIGINAL.id == DeliveryRow.replaces_id, _ORIGINAL.id == DeliveryRow.below_id),
    _ORIGINAL.state.in_(("pending", "sending", "live")),
)
#: What `supportbot ask` asks is answered by that process: nobody else has its console.
_CONSOLES = select(ChannelRow.id).where(ChannelRow.kind == ChannelKind.CONSOLE)
_OWING = (
    select(TicketRow.id)
    .where(
        OWED,
        TicketRow.channel_id.not_in(_CONSOLES),
        TicketRow.handler == Handler.BOT,
        or_(TicketRow.retry_at.is_(None), TicketRow.retry_at <= bindparam("now")),
    )
    .union(
        select(DeliveryRow.ticket_id).where(
            UNSENT,
            DeliveryRow.channel_id.not_in(_CONSOLES),
            or_(
                DeliveryRow.next_attempt_at.is_(None),
                DeliveryRow.next_attempt_at <= bindparam("now"),
            ),
            or_(
                DeliveryRow.audience != Audience.CUSTOMER,
                DeliveryRow.replaces_id.is_not(None),
                ~_HELD_BACK,
            ),
            ~_BEHIND,
        )
    )
    .limit(bindparam("most", type_=Integer))
)


async def owing(work: UnitOfWork, now: datetime, limit: int = 1000) -> list[int]:
    """Return the tickets that have work due now.

    That is an answer owed by the bot, a delivery to be sent, or a live one that was interrupted.
    """
    found = await work.connection.execute(_OWING, {"now": now, "most": limit})
    return sorted(found.scalars())


_OVERDUE = select(TicketRow.id).where(
    OWED,
    TicketRow.handler == Handler.BOT,
    exists().where(
        MessageRow.ticket_id == TicketRow.id,
        MessageRow.seq > TicketRow.answered_seq,
        MessageRow.author_kind == "customer",
        MessageRow.created_at < bindparam("before"),
    ),
)


async def overdue(work: UnitOfWork, before: datetime, limit: int = 100) -> list[int]:
    """Return the tickets that owe the bot's answer to a message older than that moment."""
    query = _OVERDUE.order_by(TicketRow.id).limit(limit)
    return list((await work.connection.execute(query, {"before": before})).scalars())


async def is_overdue(work: UnitOfWork, ticket_id: int, before: datetime) -> bool:
    """Tell whether the ticket still owes the bot's answer to a message older than that moment."""
    query = _OVERDUE.where(TicketRow.id == ticket_id)
    return (await work.connection.execute(query, {"before": before})).first() is not None


_SILENT = (
    select(TicketRow.id)
    .where(
        ACTIVE,
        TicketRow.status == Status.PENDING,
        TicketRow.handler == Handler.BOT,
        TicketRow.last_message_at < bindparam("before"),
        ~exists().where(DeliveryRow.ticket_id == TicketRow.id, UNSENT),
    )
    # The order of the index on active tickets: where most tickets are resolved, it is short.
    .order_by(TicketRow.waiting_since, TicketRow.id)
)


async def silent(work: UnitOfWork, before: datetime, limit: int = 100) -> list[int]:
    """Return the tickets that wait for a customer, nothing unsent, silent since that moment."""
    found = await work.connection.execute(_SILENT.limit(limit), {"before": before})
    return list(found.scalars())


async def is_silent(work: UnitOfWork, ticket_id: int, before: datetime) -> bool:
    """Tell whether the ticket still waits for its customer so."""
    query = _SILENT.where(TicketRow.id == ticket_id)
    return (await work.connection.execute(query, {"before": before})).first() is not None
