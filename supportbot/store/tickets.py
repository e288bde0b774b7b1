"""Tickets and their heads: finding, opening, moving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, insert, or_, select, text, update

from supportbot.errors import NotFoundError
from supportbot.model.ticket import Handler, Status, Ticket
from supportbot.store.columns import bounded
from supportbot.store.standing import STANDING_RETRY
from supportbot.store.statements import Named
from supportbot.store.tables.catalog import ChannelRow, ProductRow
from supportbot.store.tables.people import CustomerRow
from supportbot.store.tables.tickets import ThreadKeyRow, TicketRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket about to be opened."""

    public_id: str
    product_id: int
    channel_id: int
    customer_id: int
    thread_key: str
    subject: str | None
    target: Mapping[str, str]
    opened_at: datetime
    linked_ticket_id: int | None = None


#: What a `Ticket` holds, and nothing more: each column costs something.
_COLUMNS = (
    TicketRow.id,
    TicketRow.public_id,
    TicketRow.customer_id,
    TicketRow.thread_key,
    TicketRow.subject,
    TicketRow.status,
    TicketRow.handler,
    TicketRow.handler_epoch,
    TicketRow.revision,
    TicketRow.asked_seq,
    TicketRow.answered_seq,
    TicketRow.last_seq,
    TicketRow.episode_n,
    TicketRow.opened_at,
    TicketRow.waiting_since,
    TicketRow.retry_at,
    TicketRow.assignee_id,
    TicketRow.target,
    TicketRow.attempts,
)


def _tickets(*more: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *_COLUMNS,
            ProductRow.key.label("product"),
            ChannelRow.key.label("channel"),
            ChannelRow.kind.label("channel_kind"),
            *more,
        )
        .join(ProductRow, ProductRow.id == TicketRow.product_id)
        .join(ChannelRow, ChannelRow.id == TicketRow.channel_id)
    )


#: At the top of the module, so that each is prepared once: see `supportbot.store.statements`.
_BY_ID = _tickets().where(TicketRow.id == bindparam("ticket_id"))
_BY_PUBLIC_ID = _tickets().where(TicketRow.public_id == bindparam("of_public_id"))
# `key_share`: rows may be written that refer to a ticket whose row is held. Whoever writes one may
# hold what the ticket's holder waits for. SQLite ignores it all: its writer is alone.
_BY_PUBLIC_ID_LOCKED = _BY_PUBLIC_ID.with_for_update(of=TicketRow, key_share=True)
_BY_ID_LOCKED = _BY_ID.with_for_update(of=TicketRow, key_share=True)
_OWNERS = (
    _tickets(ThreadKeyRow.key.label("name"))
    .join(ThreadKeyRow, ThreadKeyRow.ticket_id == TicketRow.id)
    .where(
        ThreadKeyRow.channel_id == bindparam("channel_id"),
        ThreadKeyRow.key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(TicketRow.id)  # rows are locked in this order, so that two cannot wait in a circle
    .with_for_update(of=TicketRow, key_share=True)
)
_BESIDE = (
    _tickets(ThreadKeyRow.key.label("name"))
    .join(ThreadKeyRow, ThreadKeyRow.ticket_id == TicketRow.id)
    .where(
        ThreadKeyRow.channel_id.in_(
            select(ChannelRow.id).where(ChannelRow.kind == bindparam("of_kind"))
        ),
        ThreadKeyRow.key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(TicketRow.id)
)
_LED = select(ThreadKeyRow.key, ThreadKeyRow.ticket_id).where(
    ThreadKeyRow.channel_id == bindparam("of_channel"),
    ThreadKeyRow.key.in_(bindparam("keys", expanding=True)),
)
_OPEN = insert(TicketRow).returning(
    *_COLUMNS,
    select(ProductRow.key)
    .where(ProductRow.id == bindparam("of_product"))
    .scalar_subquery()
    .label("product"),
    select(ChannelRow.key)
    .where(ChannelRow.id == bindparam("of_channel"))
    .scalar_subquery()
    .label("channel"),
    select(ChannelRow.kind)
    .where(ChannelRow.id == bindparam("of_channel"))
    .scalar_subquery()
    .label("channel_kind"),
)
_ADD_NAME = insert(ThreadKeyRow)
#: Both stores understand it; SQLAlchemy has it in two dialects only.
_NAME = text(
    "INSERT INTO thread_key (channel_id, key, ticket_id)"
    " VALUES (:channel_id, :key, :ticket_id) ON CONFLICT DO NOTHING"
)
_CHANGE = update(TicketRow).where(TicketRow.id == bindparam("ticket_id"))
_REVISE = _CHANGE.values(revision=TicketRow.revision + 1)
_COVER = _CHANGE.where(
    TicketRow.answered_seq == bindparam("seen_seq"),
    TicketRow.handler_epoch == bindparam("seen_epoch"),
    TicketRow.revision == bindparam("seen_revision"),
).values(retry_at=STANDING_RETRY)


def _ticket(row: Named) -> Ticket:
    return Ticket(
        id=row.id,
        public_id=row.public_id,
        product=row.product,
        channel=row.channel,
        channel_kind=row.channel_kind,
        customer_id=row.customer_id,
        thread_key=row.thread_key,
        subject=row.subject,
        status=Status(row.status),
        handler=Handler(row.handler),
        handler_epoch=row.handler_epoch,
        revision=row.revision,
        asked_seq=row.asked_seq,
        answered_seq=row.answered_seq,
        last_seq=row.last_seq,
        episode_n=row.episode_n,
        opened_at=row.opened_at,
        waiting_since=row.waiting_since,
        retry_at=row.retry_at,
        assignee_id=row.assignee_id,
        target=row.target,
        attempts=row.attempts,
    )


async def get(work: UnitOfWork, ticket_id: int, *, lock: bool = False) -> Ticket:
    """Return a ticket by its number; `lock` holds its row until the transaction ends.

    Raises:
        NotFoundError: there is none.
    """
    query = _BY_ID_LOCKED if lock else _BY_ID
    row = (await work.execute(query, {"ticket_id": ticket_id})).first()
    if row is None:
        raise NotFoundError(f"there is no ticket number {ticket_id}")
    return _ticket(row)


async def by_public_id(work: UnitOfWork, public_id: str, *, lock: bool = False) -> Ticket:
    """Return a ticket by its public id (case does not matter).

    Raises:
        NotFoundError: there is none; lists how to find one.
    """
    query = _BY_PUBLIC_ID_LOCKED if lock else _BY_PUBLIC_ID
    row = (await work.execute(query, {"of_public_id": public_id.upper()})).first()
    if row is None:
        raise NotFoundError(f"there is no ticket {public_id}; see: supportbot tickets list")
    return _ticket(row)


async def by_ending(work: UnitOfWork, ending: str) -> Ticket:
    """Return the ticket whose public id ends so (case does not matter), with or without an `…`.

    Raises:
        NotFoundError: there is none, or more than one.
    """
    bare = ending.lstrip("….").upper()
    query = _tickets().where(TicketRow.public_id.endswith(bare, autoescape=True))
    rows = (await work.connection.execute(query)).all()
    if len(rows) > 1:
        raise NotFoundError(f"{len(rows)} tickets end with {bare!r}; type more of the id")
    return _ticket(rows[0]) if rows else await by_public_id(work, ending)


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets to list; None asks for any. `channel` is a channel's kind or key."""

    status: Status | None = None
    handler: Handler | None = None
    product: str | None = None
    channel: str | None = None


async def listed(work: UnitOfWork, which: TicketFilter, limit: int | None = None) -> list[Ticket]:
    """Return the tickets of a filter, the newest first."""
    return [ticket for ticket, _name in await listed_with_names(work, which, limit)]


async def listed_with_names(
    work: UnitOfWork, which: TicketFilter, limit: int | None = None
) -> list[tuple[Ticket, str | None]]:
    """Return the tickets of a filter, the newest first, with the names of their customers."""
    named = _tickets(CustomerRow.display_name.label("customer_name"))
    query = named.join(CustomerRow, CustomerRow.id == TicketRow.customer_id)
    query = query.order_by(TicketRow.id.desc()).limit(limit)
    for column, wanted in (
        (TicketRow.status, which.status),
        (TicketRow.handler, which.handler),
        (ProductRow.key, which.product),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if which.channel is not None:
        query = query.where(or_(ChannelRow.kind == which.channel, ChannelRow.key == which.channel))
    return [(_ticket(row), row.customer_name) for row in await work.connection.execute(query)]


async def find_by_thread_keys(
    work: UnitOfWork, channel_id: int, keys: Sequence[str]
) -> Ticket | None:
    """Return the ticket that owns the first known key, in the order of trust; locks its row."""
    if not keys:
        return None
    names = [bounded(key) for key in keys]
    rows = await work.execute(_OWNERS, {"channel_id": channel_id, "keys": names})
    owners = {row.name: row for row in rows}
    owner = next((owners[name] for name in names if name in owners), None)
    return _ticket(owner) if owner else None


async def find_in_kind(work: UnitOfWork, kind: str, keys: Sequence[str]) -> Ticket | None:
    """Return the same of all channels of a kind, the newest such ticket; its row is not locked."""
    if not keys:
        return None
    names = [bounded(key) for key in keys]
    rows = await work.execute(_BESIDE, {"of_kind": kind, "keys": names})
    owners = {row.name: row for row in rows}
    owner = next((owners[name] for name in names if name in owners), None)
    return _ticket(owner) if owner else None


async def open_ticket(work: UnitOfWork, new: NewTicket) -> Ticket:
    """Write a new ticket and return it."""
    made = await work.execute(
        _OPEN,
        {
            "of_product": new.product_id,
            "of_channel": new.channel_id,
            "public_id": new.public_id,
            "product_id": new.product_id,
            "channel_id": new.channel_id,
            "customer_id": new.customer_id,
            "thread_key": bounded(new.thread_key),
            "subject": new.subject[:998] if new.subject else None,
            "target": dict(new.target),
            "status": Status.OPEN,
            "handler": Handler.BOT,
            "opened_at": new.opened_at,
            "linked_ticket_id": new.linked_ticket_id,
        },
    )
    return _ticket(made.one())


async def remember_keys(
    work: UnitOfWork,
    ticket: Ticket,
    channel_id: int,
    keys: Sequence[str],
    *,
    move: bool = False,
    fresh: bool = False,
) -> None:
    """Let these names lead to the ticket; a name that leads elsewhere is left, or moved.

    `fresh`: none of them led anywhere when this transaction looked.

    Raises:
        sqlalchemy.exc.IntegrityError: another transaction took one of them meanwhile.
    """
    wanted = dict.fromkeys(bounded(key) for key in keys)
    known: dict[str, int] = {}
    if not fresh:
        rows = await work.execute(_LED, {"of_channel": channel_id, "keys": [*wanted]})
        known = {row.key: row.ticket_id for row in rows}
    new = [
        {"channel_id": channel_id, "key": key, "ticket_id": ticket.id}
        for key in wanted
        if key not in known
    ]
    await work.execute_many(_ADD_NAME, new)
    elsewhere = [key for key, owner in known.items() if owner != ticket.id]
    if move and elsewhere:
        await work.connection.execute(
            update(ThreadKeyRow)
            .where(ThreadKeyRow.channel_id == channel_id, ThreadKeyRow.key.in_(elsewhere))
            .values(ticket_id=ticket.id)
        )


async def name_thread(
    work: UnitOfWork, ticket_id: int, channel_id: int, keys: Sequence[str]
) -> None:
    """Let new names lead to the ticket, in one statement; a name that leads elsewhere is left."""
    names = dict.fromkeys(bounded(key) for key in keys)
    await work.execute_many(
        _NAME, [{"channel_id": channel_id, "key": key, "ticket_id": ticket_id} for key in names]
    )


async def revise(work: UnitOfWork, ticket_id: int) -> None:
    """Note that the customer's words were changed or taken back: what was made of them is stale."""
    await work.execute(_REVISE, {"ticket_id": ticket_id})


async def change(work: UnitOfWork, ticket_id: int, **values: object) -> None:
    """Set columns of a ticket's head."""
    await work.execute(_CHANGE, {"ticket_id": ticket_id, **values})


async def cover(work: UnitOfWork, ticket: Ticket, upto_seq: int, **values: object) -> bool:
    """Mark the customer's messages up to `upto_seq` as covered, if nothing moved meanwhile.

    This is the fence: it succeeds only while `answered_seq`, `handler_epoch` and `revision` still
    are what the caller saw. False means that somebody else was faster. A `retry_at` that was set
    meanwhile, for what was asked after `upto_seq`, stays.
    """
    seen = {
        "ticket_id": ticket.id,
        "seen_seq": ticket.answered_seq,
        "seen_epoch": ticket.handler_epoch,
        "seen_revision": ticket.revision,
        "seen_retry_at": ticket.retry_at,
        "upto_seq": upto_seq,
    }
    covered = {"answered_seq": upto_seq, "attempts": 0}
    done = await work.execute(_COVER, {**seen, **covered, **values})
    return done.rowcount == 1
