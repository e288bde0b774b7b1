"""What is kept only for a while: finding and emptying it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from supportbot.store.tables.intake import InboundRow
from supportbot.store.tables.people import LoginAttemptRow, LoginLinkRow, OperatorSessionRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Arrived:
    """Old inbound rows: all of them, and those whose raw bytes may be emptied."""

    ids: tuple[int, ...]
    full: tuple[int, ...]


async def arrived_before(
    work: UnitOfWork, before: datetime, *, after_id: int, limit: int
) -> Arrived:
    """Return the next inbound rows in the order they came, up to the first that is too young."""
    rows = await work.connection.execute(
        select(
            InboundRow.id,
            InboundRow.received_at,
            InboundRow.settled_at,
            InboundRow.raw.is_not(None).label("has_raw"),
        )
        .where(InboundRow.id > after_id)
        .order_by(InboundRow.id)
        .limit(limit)
    )
    ids: list[int] = []
    full: list[int] = []
    for row in rows:
        if row.received_at >= before:
            break
        ids.append(row.id)
        if row.has_raw and row.settled_at is not None and row.settled_at < before:
            full.append(row.id)
    return Arrived(tuple(ids), tuple(full))


async def empty_raw(work: UnitOfWork, inbound_ids: Sequence[int]) -> int:
    """Drop the raw bytes of these arrivals; their hash stays. Return how many there were."""
    done = await work.connection.execute(
        update(InboundRow).where(InboundRow.id.in_(inbound_ids)).values(raw=None)
    )
    return done.rowcount


async def drop_sign_ins(work: UnitOfWork, before: datetime) -> None:
    """Delete logins begun, links expired and sign-ins failed before that moment."""
    for row, moment in (
        (OperatorSessionRow, OperatorSessionRow.created_at),
        (LoginLinkRow, LoginLinkRow.expires_at),
        (LoginAttemptRow, LoginAttemptRow.at),
    ):
        await work.connection.execute(delete(row).where(moment < before))
