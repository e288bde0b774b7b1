"""A customer, erased: what they said and what was made of it, ticket by ticket; the rows stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import LargeBinary, delete, func, or_, select, type_coerce, update

from supportbot.model.delivery import DeliveryState
from supportbot.model.draft import DraftState
from supportbot.model.mail_head import MOST_HEAD_BYTES, head_of
from supportbot.model.ticket import ActorKind
from supportbot.store import files, guards, inbound, mail_failures, prompt_words
from supportbot.store.statements import Named
from supportbot.store.tables.answers import (
    CsatResponseRow,
    DeliveryRow,
    DraftRow,
    FeedbackRow,
    ThreadSummaryRow,
    ToolCallRow,
)
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.intake import (
    KEPT,
    InboundKeyRow,
    InboundRow,
    WaitingReplyRow,
)
from supportbot.store.tables.people import (
    AccountRow,
    CustomerIdentityRow,
    CustomerRow,
    ParticipantRow,
)
from supportbot.store.tables.tickets import (
    AttachmentRow,
    MessageBodyRow,
    MessageRow,
    ThreadKeyRow,
    TicketEventRow,
    TicketRow,
    UntoldRow,
)
from supportbot.store.unit_of_work import UnitOfWork

ERASED: Final = "erased"
#: What events hold of a customer's words, and of the ids of their mails.
_TELLING: Final = ("summary", "thread_key")
_UNSENT: Final = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.LIVE)
#: Headers that name who wrote a mail.
_AUTHORS: Final = re.compile(
    r"^(?:from|sender|reply-to|return-path)[ \t]*:.*(?:\n[ \t].*)*", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a name leads to."""

    customer_ids: frozenset[int]
    #: Tickets that are theirs.
    ticket_ids: Sequence[int]
    #: Messages of theirs in the tickets of others.
    guest_message_ids: Sequence[int]


async def known(work: UnitOfWork, name: str) -> Known:
    """Find a customer by mail address, or by how another channel knows them."""
    identity = CustomerIdentityRow.external_id
    exact = func.lower(identity) == name.lower()
    # Slack's names are a workspace and a person, and people know the person's.
    found = exact if "@" in name else or_(exact, func.lower(identity).endswith(f":{name.lower()}"))
    rows = await work.connection.scalars(select(CustomerIdentityRow.customer_id).where(found))
    customer_ids = frozenset(rows)
    own = select(TicketRow.id).where(TicketRow.customer_id.in_(customer_ids))
    guest = (
        select(MessageRow.id)
        .join(MessageBodyRow, MessageBodyRow.message_id == MessageRow.id)
        .where(
            MessageRow.author_id.in_(customer_ids),
            MessageRow.author_kind.in_([ActorKind.CUSTOMER, ActorKind.GUEST]),
            MessageRow.ticket_id.not_in(own),
            MessageBodyRow.body.is_not(None),
        )
    )
    tickets = list(await work.connection.scalars(own.order_by(TicketRow.id)))
    guests = list(await work.connection.scalars(guest.order_by(MessageRow.id)))
    return Known(customer_ids, tickets, guests)


async def erase_words(work: UnitOfWork, ticket_id: int, at: datetime) -> None:
    """Erase all words of a ticket; its row must be held."""
    messages = select(MessageRow.id).where(MessageRow.ticket_id == ticket_id)
    for change in (
        update(MessageBodyRow)
        .where(MessageBodyRow.message_id.in_(messages), MessageBodyRow.body.is_not(None))
        .values(body=None, erased_at=at, erased_reason=ERASED),
        update(AttachmentRow)
        .where(AttachmentRow.message_id.in_(messages))
        .values(**files.ERASED, erased_at=at),
        update(ToolCallRow)
        .where(ToolCallRow.ticket_id == ticket_id)
        .values(arguments=None, result=None),
        update(ThreadSummaryRow)
        .where(ThreadSummaryRow.ticket_id == ticket_id)
        .values(body=None, erased_at=at),
        update(DraftRow)
        .where(DraftRow.ticket_id == ticket_id, DraftRow.state == DraftState.OPEN)
        .values(state=DraftState.DISCARDED, decided_at=at),
        update(DraftRow).where(DraftRow.ticket_id == ticket_id).values(body=None),
        update(DeliveryRow)
        .where(DeliveryRow.ticket_id == ticket_id, DeliveryRow.state.in_(_UNSENT))
        .values(state=DeliveryState.CANCELLED, next_attempt_at=None),
        update(DeliveryRow)
        .where(DeliveryRow.ticket_id == ticket_id)
        .values(body=None, subject=None, target={}, error=None),
        delete(UntoldRow).where(UntoldRow.ticket_id == ticket_id),
        delete(ThreadKeyRow).where(ThreadKeyRow.ticket_id == ticket_id),
        delete(ParticipantRow).where(ParticipantRow.ticket_id == ticket_id),
    ):
        await work.connection.execute(change)
    await prompt_words.erase_all(work, ticket_id, at)
    await mail_failures.forget_ticket(work, ticket_id)
    arrived = await work.connection.scalars(
        select(InboundRow.id).where(InboundRow.ticket_id == ticket_id)
    )
    await _empty(work, list(arrived))


async def erase_guarded(work: UnitOfWork, ticket_ids: Sequence[int]) -> None:
    """Erase what tickets say in rows that nothing else may change.

    In a transaction of its own: on PostgreSQL whoever writes such rows waits for its end.
    """
    rows = await work.connection.execute(
        select(TicketEventRow.id, TicketEventRow.data).where(
            TicketEventRow.ticket_id.in_(ticket_ids)
        )
    )
    telling = [row for row in rows if any(row.data.get(name) for name in _TELLING)]
    tables = [row.__tablename__ for row in (FeedbackRow, CsatResponseRow, TicketEventRow)]
    await work.connection.run_sync(guards.drop_guards, tables)
    for opinion in (FeedbackRow, CsatResponseRow):
        await work.connection.execute(
            update(opinion)
            .where(opinion.ticket_id.in_(ticket_ids), opinion.comment.is_not(None))
            .values(comment=None)
        )
    for row in telling:
        wordless = {name: "" for name in _TELLING if name in row.data}
        await work.connection.execute(
            update(TicketEventRow)
            .where(TicketEventRow.id == row.id)
            .values(data={**row.data, **wordless})
        )
    await work.connection.run_sync(guards.create_guards, tables)


async def sent(work: UnitOfWork, ticket_ids: Sequence[int]) -> Sequence[str]:
    """Return the ids that what left for these tickets has where it went."""
    rows = await work.connection.scalars(
        select(DeliveryRow.provider_id).where(
            DeliveryRow.ticket_id.in_(ticket_ids), DeliveryRow.provider_id.is_not(None)
        )
    )
    return [one for one in rows if one]


async def forget(work: UnitOfWork, customer_ids: Iterable[int], at: datetime) -> None:
    """Forget who they are, and their company where nobody else is of it."""
    ids = list(customer_ids)
    of_them = CustomerRow.id.in_(ids)
    identity = CustomerIdentityRow
    names = select(identity.external_id).where(identity.customer_id.in_(ids))
    await mail_failures.forget(work, (await work.connection.scalars(names)).all())
    accounts = set(await work.connection.scalars(select(CustomerRow.account_id).where(of_them)))
    await work.connection.execute(
        update(CustomerRow).where(of_them).values(display_name=None, account_id=None, erased_at=at)
    )
    await work.connection.execute(
        delete(CustomerIdentityRow).where(CustomerIdentityRow.customer_id.in_(ids))
    )
    peopled = select(CustomerRow.account_id).where(CustomerRow.account_id.is_not(None))
    await work.connection.execute(
        delete(AccountRow).where(
            AccountRow.id.in_(accounts - {None}), AccountRow.id.not_in(peopled)
        )
    )


async def nowhere(work: UnitOfWork, after_id: int, limit: int) -> Sequence[Named]:
    """Return the next arrivals that belong to no ticket and still have their raw bytes."""
    return (
        await work.connection.execute(
            select(
                InboundRow.id,
                InboundRow.meta,
                InboundRow.settled_at,
                InboundRow.outcome,
                func.length(InboundRow.raw).label("size"),
                ChannelRow.kind,
            )
            .join(ChannelRow, ChannelRow.id == InboundRow.channel_id)
            .where(KEPT, InboundRow.ticket_id.is_(None), InboundRow.id > after_id)
            .order_by(InboundRow.id)
            .limit(limit)
        )
    ).all()


async def is_theirs(work: UnitOfWork, arrived: Named, name: str) -> bool:
    """Tell whether an arrival without a ticket comes from somebody.

    What was understood, such as a report that a mail did not reach them, need only name them; what
    was not is lost with its bytes, so it must say that they wrote it.
    """
    wanted = name.lower()
    if arrived.meta.get("mail_from", "").lower() == wanted:
        return True
    whole = arrived.kind != "email" or arrived.outcome not in {None, "refused"}
    part = InboundRow.raw if whole else func.substr(InboundRow.raw, 1, MOST_HEAD_BYTES)
    raw = await work.connection.scalar(
        select(type_coerce(part, LargeBinary)).where(InboundRow.id == arrived.id)
    )
    text = bytes(raw or b"").decode("latin-1") if whole else _authors(bytes(raw or b""))
    return _names(text, wanted)


def _authors(raw: bytes) -> str:
    return "\n".join(_AUTHORS.findall(head_of(raw)))


def _names(text: str, wanted: str) -> bool:
    """Tell whether a text holds a name, not only a longer one that it is a part of. Pure."""
    whole = rf"(?<![\w.+-]){re.escape(wanted)}(?![\w-])(?!\.\w)"
    return re.search(whole, text.lower()) is not None


async def empty(work: UnitOfWork, inbound_ids: Sequence[int], at: datetime) -> None:
    """Empty arrivals; what was not understood yet never will be."""
    await work.connection.execute(
        update(InboundRow)
        .where(InboundRow.id.in_(inbound_ids), InboundRow.settled_at.is_(None))
        .values(settled_at=at, outcome="refused", reason=ERASED)
    )
    await _empty(work, inbound_ids)


async def _empty(work: UnitOfWork, inbound_ids: Sequence[int]) -> None:
    await work.connection.execute(
        delete(WaitingReplyRow).where(WaitingReplyRow.inbound_id.in_(inbound_ids))
    )
    await work.connection.execute(
        update(InboundRow).where(InboundRow.id.in_(inbound_ids)).values(raw=None, meta={})
    )
    keys = await work.connection.execute(
        select(InboundKeyRow.channel_id, InboundKeyRow.key).where(
            InboundKeyRow.inbound_id.in_(inbound_ids)
        )
    )
    for row in keys.all():
        if inbound.may_tell(row.key):
            await work.connection.execute(
                update(InboundKeyRow)
                .where(InboundKeyRow.channel_id == row.channel_id, InboundKeyRow.key == row.key)
                .values(key=inbound.erased_key(row.key))
            )
