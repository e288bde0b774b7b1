"""What was heard before of a mail: another copy of it, or the same words sent once more."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select

from supportbot.model.inbound import Attached, Referred
from supportbot.model.ticket import ActorKind
from supportbot.store.columns import bounded
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.intake import InboundKeyRow, InboundRow
from supportbot.store.tables.people import CustomerIdentityRow, ParticipantRow
from supportbot.store.tables.tickets import AttachmentRow, MessageRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork

_MOST_KEY_BYTES = 512
_MOST_ID_BYTES = 320

_COPY = (
    select(InboundRow.ticket_id)
    .join(InboundKeyRow, InboundKeyRow.inbound_id == InboundRow.id)
    .where(
        InboundKeyRow.channel_id.in_(
            select(ChannelRow.id).where(ChannelRow.kind == bindparam("of_kind"))
        ),
        InboundKeyRow.key == bindparam("of_key"),
        InboundRow.outcome != "refused",  # nor is it NULL: it was not understood yet
    )
    .order_by(InboundRow.id)
    .limit(1)
)
_SAID = (
    select(MessageRow.id, MessageRow.ticket_id)
    .join(TicketRow, TicketRow.id == MessageRow.ticket_id)
    .where(
        MessageRow.created_at >= bindparam("since"),
        MessageRow.author_kind == ActorKind.CUSTOMER,
        MessageRow.author_id == bindparam("of_customer"),
        MessageRow.body_sha256 == bindparam("of_text"),
        TicketRow.channel_id == bindparam("of_channel"),
        TicketRow.subject.is_not_distinct_from(bindparam("of_subject")),
    )
    .order_by(MessageRow.id)
)
_OWN = (
    select(CustomerIdentityRow.customer_id)
    .where(
        CustomerIdentityRow.channel_kind == bindparam("of_kind"),
        CustomerIdentityRow.external_id == bindparam("of_person"),
    )
    .scalar_subquery()
)
_NAMED = select(ParticipantRow.ticket_id).where(
    ParticipantRow.external_id == bindparam("of_person")
)
_TAGGED = (
    select(TicketRow.id)
    .join(ChannelRow, ChannelRow.id == TicketRow.channel_id)
    .where(
        or_(TicketRow.customer_id == _OWN, TicketRow.id.in_(_NAMED)),
        TicketRow.public_id.like(bindparam("like")),
        ChannelRow.kind == bindparam("of_kind"),
    )
    .order_by(TicketRow.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Copy:
    """A mail that was understood before, by whichever way it came."""

    ticket_id: int | None


async def earlier_copy(work: UnitOfWork, kind: str, key: str) -> Copy | None:
    """Return what was understood under a key in any channel of a kind."""
    asked = {"of_kind": kind, "of_key": bounded(key, _MOST_KEY_BYTES)}
    row = (await work.execute(_COPY, asked)).first()
    return Copy(row.ticket_id) if row else None


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody said under a subject, and with which files."""

    channel_id: int
    customer_id: int
    subject: str | None
    text: str
    files: Sequence[Attached | Referred] = ()


async def said_since(work: UnitOfWork, words: Words, since: datetime) -> int | None:
    """Return the ticket in which exactly this was said since then, the first of several."""
    said = await work.execute(
        _SAID,
        {
            "since": since,
            "of_customer": words.customer_id,
            "of_channel": words.channel_id,
            "of_subject": words.subject,
            "of_text": hashlib.sha256(words.text.encode()).hexdigest(),
        },
    )
    sent = [_digest(file) for file in words.files]
    for row in list(said):
        if await _files(work, row.id) == sent:
            ticket_id: int = row.ticket_id
            return ticket_id
    return None


async def named_by(work: UnitOfWork, kind: str, external_id: str, ending: str) -> int | None:
    """Return the ticket whose public id ends so and in which this person takes part."""
    asked = {
        "of_kind": kind,
        "of_person": bounded(external_id, _MOST_ID_BYTES),
        "like": f"%{ending}",
    }
    row = (await work.execute(_TAGGED, asked)).first()
    return row.id if row else None


async def _files(work: UnitOfWork, message_id: int) -> list[str]:
    query = select(AttachmentRow.sha256).where(AttachmentRow.message_id == message_id)
    return list(await work.connection.scalars(query.order_by(AttachmentRow.id)))


def _digest(file: Attached | Referred) -> str:
    return hashlib.sha256(file.content).hexdigest() if isinstance(file, Attached) else ""
