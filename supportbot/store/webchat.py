"""A visitor's conversation as the web chat shows it: own words, and what was sent to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import aliased

from supportbot.model.delivery import Audience, DeliveryKind, DeliveryState
from supportbot.model.message import Visibility
from supportbot.model.ticket import ActorKind, Ticket
from supportbot.store import tickets
from supportbot.store.tables.answers import DeliveryRow, FeedbackRow
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.tickets import MessageBodyRow, MessageRow, ThreadKeyRow
from supportbot.store.unit_of_work import UnitOfWork

#: A page asks again from where this many messages ended.
PART = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """One message a visitor sees."""

    seq: int
    #: customer, bot or operator
    author: str
    text: str
    created_at: datetime
    #: A word about the conversation (somebody takes over), not an answer.
    notice: bool
    #: Key of the delivery of an answer that can be rated, and the visitor's newest rating of it.
    reply: str | None
    rating: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """The messages after a number. Ask for those after `next_after` the next time.

    `next_after` never passes a message that is still on its way, so none is missed when a later
    one can be seen first; one may be given twice.
    """

    messages: tuple[Shown, ...]
    next_after: int
    #: Something is still on its way.
    unsent: bool
    #: What can be seen of an answer that is still being written; None where none is.
    growing: str | None = None


async def find(work: UnitOfWork, channel: str, thread_key: str) -> Ticket | None:
    """Return the ticket a thread key of a channel leads to, without locking it."""
    found = await work.connection.scalar(
        select(ThreadKeyRow.ticket_id)
        .join(ChannelRow, ChannelRow.id == ThreadKeyRow.channel_id)
        .where(ChannelRow.key == channel, ThreadKeyRow.key == thread_key)
    )
    return None if found is None else await tickets.get(work, found)


async def part(work: UnitOfWork, ticket: Ticket, after_seq: int, limit: int = PART) -> Part:
    """Return what a visitor may see of a ticket after a number, at most `limit` messages."""
    rows = (await work.connection.execute(_query(ticket.id, after_seq).limit(limit))).all()
    waiting = [row.seq for row in rows if row.state in _ON_THEIR_WAY]
    newest = max((row.seq for row in rows), default=after_seq)
    ratings = await _ratings(work, ticket.id)
    return Part(
        messages=tuple(_shown(row, ratings) for row in rows if _visible(row)),
        next_after=min([newest, *(seq - 1 for seq in waiting)]),
        unsent=bool(waiting),
        growing=await _growing(work, ticket.id),
    )


async def _growing(work: UnitOfWork, ticket_id: int) -> str | None:
    text: str | None = await work.connection.scalar(
        select(DeliveryRow.body).where(
            DeliveryRow.ticket_id == ticket_id, DeliveryRow.state == DeliveryState.LIVE
        )
    )
    return text


_ON_THEIR_WAY = (DeliveryState.PENDING, DeliveryState.SENDING)


def _query(ticket_id: int, after_seq: int) -> Any:
    delivery = aliased(DeliveryRow)
    return (
        select(
            MessageRow.id,
            MessageRow.seq,
            MessageRow.author_kind,
            MessageRow.created_at,
            MessageBodyRow.body,
            delivery.state,
            delivery.kind,
            delivery.key,
        )
        .join(MessageBodyRow, MessageBodyRow.message_id == MessageRow.id)
        .outerjoin(
            delivery,
            and_(
                delivery.message_id == MessageRow.id,
                delivery.audience == Audience.CUSTOMER,
                delivery.replaces_id.is_(None),
            ),
        )
        .where(
            MessageRow.ticket_id == ticket_id,
            MessageRow.seq > after_seq,
            MessageRow.visibility == Visibility.PUBLIC,
        )
        .order_by(MessageRow.seq)
    )


def _visible(row: Row[*tuple[Any, ...]]) -> bool:
    return bool(row.author_kind == ActorKind.CUSTOMER or row.state == DeliveryState.SENT)


def _shown(row: Row[*tuple[Any, ...]], ratings: dict[int, int]) -> Shown:
    reply = row.key if row.kind == DeliveryKind.REPLY else None
    return Shown(
        seq=row.seq,
        author=row.author_kind,
        text=row.body if row.body is not None else "[removed]",
        created_at=row.created_at,
        notice=row.kind == DeliveryKind.NOTICE,
        reply=reply,
        rating=ratings.get(row.id) if reply else None,
    )


async def _ratings(work: UnitOfWork, ticket_id: int) -> dict[int, int]:
    """Return the newest rating of each message."""
    rows = await work.connection.execute(
        select(FeedbackRow.message_id, FeedbackRow.rating)
        .where(FeedbackRow.ticket_id == ticket_id, FeedbackRow.message_id.is_not(None))
        .order_by(FeedbackRow.id)
    )
    return {row.message_id: row.rating for row in rows}
