"""How much the raw bytes and the files take, and which of them may go first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from supportbot.model.file import FileState
from supportbot.store.tables.intake import KEPT, InboundRow, WaitingReplyRow
from supportbot.store.tables.tickets import AttachmentRow
from supportbot.store.unit_of_work import UnitOfWork

_RAW = func.length(InboundRow.raw)
_CONTENT = func.length(AttachmentRow.content)


@dataclass(frozen=True, slots=True)
class Kept:
    """A row and how many bytes it would give back."""

    id: int
    size_bytes: int


async def kept_bytes(work: UnitOfWork) -> int:
    """Return how much there is; reads the rows, not the bytes."""
    raw = await work.connection.scalar(select(func.sum(_RAW)).where(KEPT))
    files = await work.connection.scalar(select(func.sum(_CONTENT)))
    return int(raw or 0) + int(files or 0)


async def understood(work: UnitOfWork, limit: int) -> Sequence[Kept]:
    """Return the oldest arrivals that were understood and still have their raw bytes.

    What waits for another message is not among them, nor what was refused: nothing else tells
    what was in it.
    """
    waits = select(WaitingReplyRow.inbound_id)
    rows = await work.connection.execute(
        select(InboundRow.id, _RAW.label("size"))
        .where(
            KEPT,
            InboundRow.settled_at.is_not(None),
            InboundRow.outcome != "refused",
            InboundRow.id.not_in(waits),
        )
        .order_by(InboundRow.id)
        .limit(limit)
    )
    return [Kept(row.id, row.size) for row in rows]


async def files_done(work: UnitOfWork, limit: int) -> Sequence[Kept]:
    """Return the oldest files that were read, or cannot be, and still have their bytes."""
    rows = await work.connection.execute(
        select(AttachmentRow.id, _CONTENT.label("size"))
        .where(
            AttachmentRow.content.is_not(None),
            AttachmentRow.state.not_in([FileState.PENDING, FileState.STORED]),
        )
        .order_by(AttachmentRow.id)
        .limit(limit)
    )
    return [Kept(row.id, row.size) for row in rows]
