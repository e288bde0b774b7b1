"""What arrived: stored once under the provider's keys, settled with an outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from sqlalchemy import bindparam, exists, func, insert, literal, select, true, update
from sqlalchemy.orm import aliased

from supportbot.model.inbound import Form, Inbound, StoredInbound
from supportbot.store.columns import bounded
from supportbot.store.statements import Named
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.intake import UNSETTLED, InboundKeyRow, InboundRow, WaitingReplyRow
from supportbot.store.tables.tickets import TicketRow
from supportbot.store.unit_of_work import UnitOfWork

_MOST_KEY_BYTES = 512
#: What is loaded at once.
_MOST_AT_ONCE_BYTES = 32_000_000

_EARLIER = (
    select(
        InboundRow.id,
        InboundRow.message_id,
        InboundRow.reason,
        InboundRow.settled_at,
        TicketRow.public_id,
    )
    .join(InboundKeyRow, InboundKeyRow.inbound_id == InboundRow.id)
    .outerjoin(TicketRow, TicketRow.id == InboundRow.ticket_id)
    .where(
        InboundKeyRow.channel_id == bindparam("channel_id"),
        InboundKeyRow.key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(InboundRow.id)
    .limit(1)
)
_HELD = _EARLIER.with_for_update(of=InboundRow)
_BEHIND = aliased(InboundRow)
#: One row in any case: what is known of the keys, whether anything of the channel waits to be
#: understood, and whether anything waits for this.
_LOOKED = select(
    *(found := _EARLIER.subquery("earlier")).c,
    exists()
    .where(_BEHIND.channel_id == bindparam("channel_id"), _BEHIND.settled_at.is_(None))
    .label("behind"),
    exists()
    .where(
        WaitingReplyRow.channel_id == bindparam("channel_id"),
        WaitingReplyRow.thread_key.in_(bindparam("keys", expanding=True)),
    )
    .label("awaited"),
).select_from(select(literal(1)).subquery("one").outerjoin(found, true()))
_ADD = insert(InboundRow).returning(InboundRow.id)
_ADD_KEYS = insert(InboundKeyRow)
_CLAIM = (
    update(InboundRow)
    .where(InboundRow.id.in_(bindparam("ids", expanding=True)), UNSETTLED)
    .values(attempts=InboundRow.attempts + 1)
)
_STILL = (
    select(InboundRow.id).where(InboundRow.id == bindparam("waits"), UNSETTLED).with_for_update()
)
_SETTLE = update(InboundRow).where(InboundRow.id == bindparam("inbound_id"))


@dataclass(frozen=True, slots=True)
class Earlier:
    """The inbound that already holds one of the keys."""

    id: int
    ticket: str | None
    message_id: int | None
    reason: str | None
    #: False: it was not understood yet.
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Looked:
    """What a channel's rows tell about something that arrives."""

    earlier: Earlier | None
    #: Something of the channel is on disk and not understood yet.
    behind: bool
    #: Something that came before it, such as an edit of it, waits for it.
    awaited: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an inbound."""

    #: message, action, edited, deleted, introduced, greeted, suppressed or refused
    kind: str
    reason: str | None = None
    ticket_id: int | None = None
    message_id: int | None = None
    #: The thread that the arrival waits for: its first message may be on its way.
    waits_for: str | None = None
    #: False: the raw bytes are dropped (channel chatter that is none of our business).
    keep_raw: bool = True
    #: The public id of the ticket, where it is known.
    ticket: str | None = None
    #: Further names of the arrival: what comes under one of them is a repetition of it.
    keys: tuple[str, ...] = ()
    #: Stored instead of the facts it came with; None: those stay.
    meta: Mapping[str, str] | None = None
    #: A line for whoever pressed a button, where it did not do what it says; not stored.
    note: str | None = None
    #: What is to be filled in first; not stored.
    form: Form | None = None
    #: Version of the parser that understood it.
    parser: int | None = None


async def find_by_keys(
    work: UnitOfWork, channel_id: int, keys: tuple[str, ...], *, lock: bool = False
) -> Earlier | None:
    """Return the earlier inbound that shares a key with this one, if any.

    `lock`: nobody else gives it an outcome until the transaction ends.
    """
    row = (await work.execute(_HELD if lock else _EARLIER, _asked(channel_id, keys))).first()
    return _earlier(row) if row else None


async def look(work: UnitOfWork, channel_id: int, keys: tuple[str, ...]) -> Looked:
    """Return the same, and what waits: to be understood before it, and for it."""
    row = (await work.execute(_LOOKED, _asked(channel_id, keys))).one()
    earlier = None if row.id is None else _earlier(row)
    return Looked(earlier, behind=bool(row.behind), awaited=bool(row.awaited))


def _asked(channel_id: int, keys: tuple[str, ...]) -> dict[str, object]:
    names = [bounded(key, _MOST_KEY_BYTES) for key in keys]
    erased = [erased_key(name) for name in names if may_tell(name)]
    return {"channel_id": channel_id, "keys": names + erased}


def may_tell(key: str) -> bool:
    """Say whether a key may hold something of a person, as the id of a mail does."""
    return key.startswith("mid:")


def erased_key(key: str) -> str:
    """Return what is left of a key once its sender was erased: it is recognised, not read."""
    return f"erased:{hashlib.sha256(key.encode()).hexdigest()}"


def _earlier(row: Named) -> Earlier:
    return Earlier(
        id=row.id,
        ticket=row.public_id,
        message_id=row.message_id,
        reason=row.reason,
        settled=row.settled_at is not None,
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """An outcome and its moment, for an inbound that is stored together with them."""

    outcome: Outcome
    at: datetime


async def add(
    work: UnitOfWork, channel_id: int, inbound: Inbound, settled: Settled | None = None
) -> int:
    """Store an inbound and its keys, with what became of it if that is known; return its id.

    Raises:
        sqlalchemy.exc.IntegrityError: another transaction stored one of the keys meanwhile.
    """
    values: dict[str, object] = {
        "channel_id": channel_id,
        "raw": inbound.raw,
        "raw_sha256": hashlib.sha256(inbound.raw).hexdigest(),
        "meta": dict(inbound.meta),
        "received_at": inbound.received_at,
    }
    if settled is not None:
        values |= _outcome(settled.outcome, settled.at)
    inbound_id: int = (await work.execute(_ADD, values)).scalar_one()
    more = settled.outcome.keys if settled is not None else ()
    await _add_keys(work, channel_id, inbound_id, (*inbound.keys, *more))
    return inbound_id


async def _add_keys(
    work: UnitOfWork, channel_id: int, inbound_id: int, keys: Sequence[str]
) -> None:
    names = dict.fromkeys(bounded(key, _MOST_KEY_BYTES) for key in keys)
    await work.execute_many(
        _ADD_KEYS,
        [{"channel_id": channel_id, "key": key, "inbound_id": inbound_id} for key in names],
    )


async def unsettled(
    work: UnitOfWork, limit: int, after_id: int = 0, most_bytes: int = _MOST_AT_ONCE_BYTES
) -> list[StoredInbound]:
    """Return the oldest inbound rows without an outcome that came after this one.

    At least one, and no more than fit into so many bytes.
    """
    sizes = await work.connection.execute(
        select(InboundRow.id, func.length(InboundRow.raw).label("size"))
        .where(UNSETTLED, InboundRow.id > after_id)
        .order_by(InboundRow.id)
        .limit(limit)
    )
    ids = _fitting([(row.id, row.size or 0) for row in sizes], most_bytes)
    rows = await work.connection.execute(
        select(InboundRow, ChannelRow.key.label("channel"))
        .join(ChannelRow, ChannelRow.id == InboundRow.channel_id)
        .where(UNSETTLED, InboundRow.id.in_(ids))
        .order_by(InboundRow.id)
    )
    found = rows.all()
    keys = await keys_of(work, [row.id for row in found])
    return [
        StoredInbound(
            id=row.id,
            attempts=row.attempts,
            inbound=Inbound(
                channel=row.channel,
                keys=keys.get(row.id, ()),
                raw=row.raw or b"",
                meta=row.meta,
                received_at=row.received_at,
                deferred=True,
            ),
        )
        for row in found
    ]


def _fitting(sizes: Sequence[tuple[int, int]], most_bytes: int) -> list[int]:
    totals = accumulate(size for _, size in sizes)
    fitting = sum(1 for total in totals if total <= most_bytes)
    return [inbound_id for inbound_id, _ in sizes[: max(1, fitting)]]


async def keys_of(work: UnitOfWork, inbound_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the keys of these arrivals, by their ids."""
    rows = await work.connection.execute(
        select(InboundKeyRow.inbound_id, InboundKeyRow.key).where(
            InboundKeyRow.inbound_id.in_(inbound_ids)
        )
    )
    keys: dict[int, tuple[str, ...]] = {}
    for row in rows:
        keys[row.inbound_id] = (*keys.get(row.inbound_id, ()), row.key)
    return keys


async def held_keys(work: UnitOfWork, channel_id: int, keys: Sequence[str]) -> frozenset[str]:
    """Return those of these keys under which something arrived."""
    rows = await work.connection.execute(
        select(InboundKeyRow.key).where(
            InboundKeyRow.channel_id == channel_id, InboundKeyRow.key.in_(keys)
        )
    )
    return frozenset(rows.scalars())


async def claim(work: UnitOfWork, inbound_ids: Sequence[int]) -> None:
    """Count one more attempt of each that has no outcome yet."""
    await work.execute(_CLAIM, {"ids": inbound_ids})


async def still_waits(work: UnitOfWork, inbound_id: int) -> bool:
    """Tell whether it has no outcome yet, and let nobody else give it one meanwhile."""
    return (await work.execute(_STILL, {"waits": inbound_id})).first() is not None


async def settle(work: UnitOfWork, inbound_id: int, outcome: Outcome, at: datetime) -> None:
    """Write what became of an inbound; it is never looked at again.

    Raises:
        sqlalchemy.exc.IntegrityError: one of the outcome's keys is another arrival's meanwhile.
    """
    await work.execute(_SETTLE, {"inbound_id": inbound_id, **_outcome(outcome, at)})
    if outcome.keys:
        channel = select(InboundRow.channel_id).where(InboundRow.id == inbound_id)
        channel_id = (await work.connection.execute(channel)).scalar_one()
        await _add_keys(work, channel_id, inbound_id, outcome.keys)


def _outcome(outcome: Outcome, at: datetime) -> dict[str, object]:
    dropped: dict[str, object] = {} if outcome.keep_raw else {"raw": None, "meta": {}}
    if outcome.meta is not None and outcome.keep_raw:
        dropped = {"meta": dict(outcome.meta)}
    return {
        "settled_at": at,
        "outcome": outcome.kind,
        "reason": outcome.reason,
        "ticket_id": outcome.ticket_id,
        "message_id": outcome.message_id,
        "parser": outcome.parser,
        **dropped,
    }
