"""Files that came with messages: stored with them, fetched and read before they are answered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, insert, select, update

from supportbot.model.file import FileState, StoredFile
from supportbot.model.inbound import Attached, Referred
from supportbot.store.statements import Named
from supportbot.store.tables.tickets import AttachmentRow, MessageRow
from supportbot.store.unit_of_work import UnitOfWork

_OF_TICKET = (
    select(
        AttachmentRow.id,
        AttachmentRow.filename,
        AttachmentRow.content_type,
        AttachmentRow.size,
        AttachmentRow.state,
        AttachmentRow.reason,
        AttachmentRow.text,
        AttachmentRow.ref,
        AttachmentRow.attempts,
        MessageRow.seq,
    )
    .join(MessageRow, MessageRow.id == AttachmentRow.message_id)
    .where(MessageRow.ticket_id == bindparam("of_ticket"), AttachmentRow.erased_at.is_(None))
    .order_by(AttachmentRow.id)
)

#: What is left of a file that was taken back.
ERASED: Mapping[str, object] = {"content": None, "filename": None, "text": None, "ref": {}}


async def attach(work: UnitOfWork, message_id: int, files: Sequence[Attached | Referred]) -> None:
    """Store the files that came with a message, or where they are."""
    rows = [
        {
            "message_id": message_id,
            **_described(file),
            **_held(file),
        }
        for file in files
    ]
    if rows:
        await work.connection.execute(insert(AttachmentRow), rows)


async def of_ticket(work: UnitOfWork, ticket_id: int) -> list[StoredFile]:
    """Return the files of a ticket in the order they came, without those that were erased."""
    rows = await work.execute(_OF_TICKET, {"of_ticket": ticket_id})
    return [_file(row) for row in rows]


async def contents(work: UnitOfWork, file_ids: Sequence[int]) -> dict[int, bytes]:
    """Return the bytes of these files, by their numbers; of those that have any."""
    rows = await work.connection.execute(
        select(AttachmentRow.id, AttachmentRow.content).where(
            AttachmentRow.id.in_(file_ids), AttachmentRow.content.is_not(None)
        )
    )
    return {row.id: row.content for row in rows}


async def claim(work: UnitOfWork, file_ids: Sequence[int]) -> None:
    """Count one more attempt at each: the process may not outlive it."""
    await work.connection.execute(
        update(AttachmentRow)
        .where(AttachmentRow.id.in_(file_ids))
        .values(attempts=AttachmentRow.attempts + 1)
    )


async def fetched(work: UnitOfWork, file: StoredFile, found: Attached) -> None:
    """Keep a file, unless it was erased meanwhile; of where it was only its number there."""
    ref = {"id": file.ref["id"]} if "id" in file.ref else {}
    await _change(work, file.id, **_described(found), **_bytes(found.content), ref=ref)


async def done(
    work: UnitOfWork,
    file_id: int,
    state: FileState,
    *,
    text: str | None = None,
    reason: str | None = None,
) -> None:
    """Write what came of a file, unless it was erased meanwhile."""
    await _change(work, file_id, state=state, text=text, reason=reason)


async def _change(work: UnitOfWork, file_id: int, **values: object) -> None:
    await work.connection.execute(
        update(AttachmentRow)
        .where(AttachmentRow.id == file_id, AttachmentRow.erased_at.is_(None))
        .values(**values)
    )


def _described(file: Attached | Referred) -> dict[str, object]:
    return {"filename": file.filename[:255] or None, "content_type": file.content_type[:127]}


def _held(file: Attached | Referred) -> dict[str, object]:
    return {**_bytes(file.content), "ref": {}} if isinstance(file, Attached) else _reference(file)


def _bytes(content: bytes) -> dict[str, object]:
    return {
        "content": content,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "state": FileState.STORED,
        "reason": None,
    }


def _reference(file: Referred) -> dict[str, object]:
    waits = file.reason is None
    return {
        "content": None,
        "size": file.size_bytes,
        "sha256": "",
        "state": FileState.PENDING if waits else FileState.NAMED,
        "reason": file.reason,
        "ref": dict(file.ref) if waits else {},
    }


def _file(row: Named) -> StoredFile:
    return StoredFile(
        id=row.id,
        seq=row.seq,
        filename=row.filename or "unnamed",
        content_type=row.content_type,
        size_bytes=row.size,
        state=FileState(row.state),
        reason=row.reason,
        text=row.text,
        ref=row.ref,
        attempts=row.attempts,
    )
