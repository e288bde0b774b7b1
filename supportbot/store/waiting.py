"""Arrivals that wait for the message that they overtook: the first of their thread, or their own.

Providers send again what was not acknowledged, so a reply can overtake the message that it follows,
and an edit the message that it changes. The key of what is waited for is called its thread's.

What may stand below a message of ours whose place nobody knows yet waits as well: see `copies`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ARRAY, Integer, bindparam, delete, func, insert, select, update

from supportbot.model.inbound import Inbound, StoredInbound
from supportbot.store import inbound as inbounds
from supportbot.store.columns import bounded
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.intake import InboundRow, WaitingReplyRow
from supportbot.store.unit_of_work import UnitOfWork

#: How the keys of what waits for a copy begin; no thread's and no message's does.
COPIES = "copy for "
#: Class of the advisory locks on threads.
_THREADS = 0x7_4EAD
#: In the order of their numbers, so that two cannot wait in a circle.
_LOCK = select(
    func.pg_advisory_xact_lock(
        _THREADS, func.unnest(bindparam("threads", type_=ARRAY(Integer))).column_valued()
    )
)
_ADD = insert(WaitingReplyRow)
_WAITING = (
    select(
        InboundRow.id,
        InboundRow.raw,
        InboundRow.meta,
        InboundRow.received_at,
        ChannelRow.key.label("channel"),
    )
    .join(WaitingReplyRow, WaitingReplyRow.inbound_id == InboundRow.id)
    .join(ChannelRow, ChannelRow.id == InboundRow.channel_id)
    .where(
        WaitingReplyRow.channel_id == bindparam("channel_id"),
        WaitingReplyRow.thread_key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(InboundRow.id)
)


async def alone_with(work: UnitOfWork, channel_id: int, *keys: str) -> bool:
    """Let nobody else open, or wait for, these threads or messages until the transaction ends.

    True: somebody may have opened one before we were alone; look again.
    """
    if work.store != "postgresql":  # SQLite's writer is alone from its beginning
        return False
    numbers = {zlib.crc32(f"{channel_id}:{bounded(key)}".encode()) - 2**31 for key in keys}
    await work.execute(_LOCK, {"threads": sorted(numbers)})
    return True


async def add(
    work: UnitOfWork, channel_id: int, inbound_id: int, inbound: Inbound, key: str
) -> None:
    """Let an arrival wait for its thread."""
    await work.execute(
        _ADD,
        {
            "inbound_id": inbound_id,
            "channel_id": channel_id,
            "thread_key": bounded(key),
            "received_at": inbound.received_at,
        },
    )


async def of_thread(work: UnitOfWork, channel_id: int, keys: Sequence[str]) -> list[StoredInbound]:
    """Return what waits for a thread, in the order it came."""
    given = {"channel_id": channel_id, "keys": [bounded(key) for key in keys]}
    rows = list(await work.execute(_WAITING, given))
    names = await inbounds.keys_of(work, [row.id for row in rows]) if rows else {}
    return [
        StoredInbound(
            id=row.id,
            attempts=0,
            inbound=Inbound(
                channel=row.channel,
                keys=names.get(row.id, ()),
                raw=row.raw or b"",
                meta=row.meta,
                received_at=row.received_at,
            ),
        )
        for row in rows
    ]


async def drop(work: UnitOfWork, inbound_ids: Sequence[int]) -> None:
    """Let these wait no longer."""
    await work.connection.execute(
        delete(WaitingReplyRow).where(WaitingReplyRow.inbound_id.in_(inbound_ids))
    )


async def awaited_by(work: UnitOfWork, inbound_id: int) -> str | None:
    """Return the key that this one waits for; None: it does not wait."""
    query = select(WaitingReplyRow.thread_key).where(WaitingReplyRow.inbound_id == inbound_id)
    key: str | None = await work.connection.scalar(query)
    return key


async def release(work: UnitOfWork, channel_id: int, key: str) -> None:
    """Let what waits for a key be understood as if it had come just now, in its order.

    Whoever takes one of them back in this moment holds its row: it is waited for, and stays gone.
    """
    query = (
        select(InboundRow.id)
        .join(WaitingReplyRow, WaitingReplyRow.inbound_id == InboundRow.id)
        .where(
            WaitingReplyRow.channel_id == channel_id,
            WaitingReplyRow.thread_key == key,
            InboundRow.raw.is_not(None),
        )
        .order_by(InboundRow.id)
        .with_for_update(of=InboundRow)
    )
    ids = list(await work.connection.scalars(query))
    if ids:
        await drop(work, ids)
        await work.connection.execute(
            update(InboundRow)
            .where(InboundRow.id.in_(ids))
            .values(settled_at=None, outcome=None, reason=None, attempts=0)
        )


async def forget(work: UnitOfWork, inbound_ids: Sequence[int]) -> None:
    """Let these wait no longer, and forget what they said."""
    await drop(work, inbound_ids)
    await work.connection.execute(
        update(InboundRow).where(InboundRow.id.in_(inbound_ids)).values(raw=None, meta={})
    )


async def expire(work: UnitOfWork, before: datetime) -> int:
    """Give up what came before that moment, and forget what it said; return how many."""
    rows = await work.connection.execute(
        select(WaitingReplyRow.inbound_id).where(
            WaitingReplyRow.received_at < before,
            WaitingReplyRow.thread_key.not_like(f"{COPIES}%"),
        )
    )
    ids = list(rows.scalars())
    if ids:
        await forget(work, ids)
    return len(ids)
