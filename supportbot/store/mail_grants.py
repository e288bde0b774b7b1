"""Tokens of mailboxes: sealed by the channel, changed by whoever saw the newest ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from supportbot.errors import NotFoundError
from supportbot.model.mailbox import MailGrant
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.intake import MailGrantRow
from supportbot.store.unit_of_work import UnitOfWork

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


async def find(work: UnitOfWork, channel: str) -> MailGrant | None:
    """Return what the mailbox with this key was granted; None: nothing yet."""
    row = (
        await work.connection.execute(
            select(
                MailGrantRow.origin,
                MailGrantRow.sealed,
                MailGrantRow.expires_at,
                MailGrantRow.revision,
            )
            .join(ChannelRow, ChannelRow.id == MailGrantRow.channel_id)
            .where(ChannelRow.key == channel)
        )
    ).one_or_none()
    return MailGrant(row.origin, row.sealed, row.expires_at, row.revision) if row else None


async def keep(
    work: UnitOfWork, channel: str, seen: MailGrant | None, new: MailGrant
) -> MailGrant | None:
    """Write what came instead of `seen`; None: somebody else was faster, and theirs stays.

    Raises:
        NotFoundError: the store knows no channel with this key.
    """
    channel_id = await work.connection.scalar(
        select(ChannelRow.id).where(ChannelRow.key == channel)
    )
    if channel_id is None:
        raise NotFoundError(f"channel {channel!r} is not in the store")
    kept = replace(new, revision=seen.revision + 1 if seen else 1)
    values = {
        "origin": kept.origin,
        "sealed": kept.sealed,
        "expires_at": kept.expires_at,
        "revision": kept.revision,
    }
    if seen is None:
        began = await work.connection.scalar(
            _INSERT[work.store](MailGrantRow)
            .values(channel_id=channel_id, **values)
            .on_conflict_do_nothing()
            .returning(MailGrantRow.channel_id)
        )
        return kept if began is not None else None
    done = await work.connection.execute(
        update(MailGrantRow)
        .where(MailGrantRow.channel_id == channel_id, MailGrantRow.revision == seen.revision)
        .values(values)
    )
    return kept if done.rowcount == 1 else None
