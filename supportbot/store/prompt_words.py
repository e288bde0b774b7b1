"""Words that were taken back, erased from the stored prompts too; their hashes stay.

What went cannot be asked for any more, so the question is turned round: a part of a prompt stays
only while all its words still stand in the ticket. So nothing made of the words stays either.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Text, cast, or_, select, update

from supportbot.model.kept_words import KeptWords
from supportbot.model.message import Message, Role
from supportbot.store.tables.answers import (
    CompletionRow,
    PromptPartRow,
    ThreadSummaryRow,
    ToolCallRow,
)
from supportbot.store.tables.tickets import AttachmentRow, MessageBodyRow, MessageRow
from supportbot.store.unit_of_work import UnitOfWork


async def erase_since(work: UnitOfWork, message: Message, upto_seq: int, at: datetime) -> None:
    """Empty what was asked with a message in sight and does not stand any more.

    It was in sight of the turns up to `upto_seq` and after it, and of what was asked since it came.
    """
    rows = await work.connection.execute(
        select(CompletionRow.request).where(
            CompletionRow.ticket_id == message.ticket_id,
            or_(
                CompletionRow.upto_seq >= upto_seq,
                CompletionRow.started_at >= message.created_at,
            ),
        )
    )
    await _erase(work, message.ticket_id, _parts(rows.scalars()), at)


async def erase_late(
    work: UnitOfWork, ticket_id: int, completion_ids: Collection[int], at: datetime
) -> None:
    """Do the same with calls that were stored after words they had in sight had gone."""
    if not await _has_lost_words(work, ticket_id):
        return
    rows = await work.connection.execute(
        select(CompletionRow.request).where(CompletionRow.id.in_(completion_ids))
    )
    await _erase(work, ticket_id, _parts(rows.scalars()), at)


async def erase_all(work: UnitOfWork, ticket_id: int, at: datetime) -> None:
    """Empty all that was asked in a ticket and does not stand in it any more."""
    rows = await work.connection.execute(
        select(CompletionRow.request).where(CompletionRow.ticket_id == ticket_id)
    )
    await _erase(work, ticket_id, _parts(rows.scalars()), at)


def _parts(requests: Iterable[dict[str, object]]) -> set[str]:
    found: set[str] = set()
    for request in requests:
        parts = request["parts"]
        found.update(parts if isinstance(parts, list) else [])
    return found


async def _erase(work: UnitOfWork, ticket_id: int, parts: Collection[str], at: datetime) -> None:
    kept = KeptWords(await _left(work, ticket_id))
    rows = await work.connection.execute(
        select(PromptPartRow.sha256, PromptPartRow.body).where(
            PromptPartRow.sha256.in_(parts), PromptPartRow.body.is_not(None)
        )
    )
    gone = []
    for row in rows.all():
        part = json.loads(row.body)
        if kept.holds(part):
            continue
        # A customer's words stand in fences of their ticket; the rest may be said in another too.
        if part["role"] == Role.USER or not await _is_elsewhere(work, ticket_id, row.sha256):
            gone.append(row.sha256)
    await work.connection.execute(
        update(PromptPartRow).where(PromptPartRow.sha256.in_(gone)).values(body=None, erased_at=at)
    )


async def _has_lost_words(work: UnitOfWork, ticket_id: int) -> bool:
    for lost in (
        select(MessageRow.id)
        .join(MessageBodyRow, MessageBodyRow.message_id == MessageRow.id)
        .where(MessageRow.ticket_id == ticket_id, MessageBodyRow.body.is_(None)),
        select(MessageRow.id)
        .join(AttachmentRow, AttachmentRow.message_id == MessageRow.id)
        .where(MessageRow.ticket_id == ticket_id, AttachmentRow.erased_at.is_not(None)),
    ):
        if await work.connection.scalar(lost.limit(1)) is not None:
            return True
    return False


async def _is_elsewhere(work: UnitOfWork, ticket_id: int, sha256: str) -> bool:
    found = await work.connection.scalar(
        select(CompletionRow.id)
        .where(
            CompletionRow.ticket_id != ticket_id,
            cast(CompletionRow.request, Text).contains(sha256),
        )
        .limit(1)
    )
    return found is not None


async def _left(work: UnitOfWork, ticket_id: int) -> list[str]:
    """Return all words that a ticket still has."""
    of_message = MessageRow.ticket_id == ticket_id
    left = []
    for columns in (
        select(MessageBodyRow.body)
        .join(MessageRow, MessageRow.id == MessageBodyRow.message_id)
        .where(of_message),
        select(AttachmentRow.filename, AttachmentRow.text)
        .join(MessageRow, MessageRow.id == AttachmentRow.message_id)
        .where(of_message),
        select(ThreadSummaryRow.body).where(ThreadSummaryRow.ticket_id == ticket_id),
        select(ToolCallRow.arguments, ToolCallRow.result).where(ToolCallRow.ticket_id == ticket_id),
    ):
        rows = await work.connection.execute(columns)
        left += [text for row in rows for text in row if text is not None]
    return left
