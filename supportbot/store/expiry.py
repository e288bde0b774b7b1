"""What is kept only for a while: finding and emptying it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import Select, delete, select, update

from supportbot.store.tables.intake import InboundRow
from supportbot.store.tables.people import LoginAttemptRow, LoginLinkRow, OperatorSessionRow
from supportbot.store.tables.tickets import AttachmentRow, MessageRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Arrived:
    """Old inbound rows: all of them, and those that still have their raw bytes."""

    ids: tuple[int, ...]
    #: They may be emptied now.
    full: tuple[int, ...]
    #: They may not yet: they are not settled, or were a short while ago.
    held: tuple[int, ...]


_ROWS = select(
    InboundRow.id,
    InboundRow.received_at,
    InboundRow.settled_at,
    (InboundRow.outcome == "refused").label("refused"),
    InboundRow.raw.is_not(None).label("has_raw"),
).order_by(InboundRow.id)


@dataclass(frozen=True, slots=True)
class Ages:
    """Before when what was settled may be emptied."""

    understood: datetime
    #: Nothing but the raw bytes tells what was in it.
    refused: datetime


async def arrived_before(work: UnitOfWork, ages: Ages, *, after_id: int, limit: int) -> Arrived:
    """Return the next inbound rows in the order they came, up to the first that is too young."""
    return await _arrived(work, _ROWS.where(InboundRow.id > after_id).limit(limit), ages)


async def arrived_again(work: UnitOfWork, ages: Ages, inbound_ids: Sequence[int]) -> Arrived:
    """Return these inbound rows, up to the first that is too young, as they are now."""
    return await _arrived(work, _ROWS.where(InboundRow.id.in_(inbound_ids)), ages)


async def _arrived(work: UnitOfWork, query: Select[*tuple[Any, ...]], ages: Ages) -> Arrived:
    youngest = max(ages.understood, ages.refused)
    ids: list[int] = []
    full: list[int] = []
    held: list[int] = []
    for row in await work.connection.execute(query):
        if row.received_at >= youngest:
            break
        ids.append(row.id)
        if row.has_raw:
            before = ages.refused if row.refused else ages.understood
            ripe = row.settled_at is not None and row.settled_at < before
            (full if ripe else held).append(row.id)
    return Arrived(tuple(ids), tuple(full), tuple(held))


async def empty_raw(work: UnitOfWork, inbound_ids: Sequence[int]) -> int:
    """Drop the raw bytes of these arrivals and what was known of them; their hash stays.

    Return how many there were.
    """
    done = await work.connection.execute(
        update(InboundRow).where(InboundRow.id.in_(inbound_ids)).values(raw=None, meta={})
    )
    return done.rowcount


async def files_before(
    work: UnitOfWork, before: datetime, *, after_id: int, limit: int
) -> list[int]:
    """Return the next files in the order they came, up to the first that is too young."""
    rows = await work.connection.execute(
        select(AttachmentRow.id, MessageRow.created_at)
        .join(MessageRow, MessageRow.id == AttachmentRow.message_id)
        .where(AttachmentRow.id > after_id)
        .order_by(AttachmentRow.id)
        .limit(limit)
    )
    return [row.id for row in takewhile(lambda row: row.created_at < before, rows)]


async def empty_files(work: UnitOfWork, file_ids: Sequence[int]) -> int:
    """Drop the bytes of these files; their hash and what was read stay. Return how many."""
    done = await work.connection.execute(
        update(AttachmentRow)
        .where(AttachmentRow.id.in_(file_ids), AttachmentRow.content.is_not(None))
        .values(content=None)
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
