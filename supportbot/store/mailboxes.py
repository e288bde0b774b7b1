"""Cursors of mailbox folders: how far each was read, and its cut-over."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from supportbot.errors import NotFoundError
from supportbot.model.mailbox import MailboxCursor
from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.intake import MailboxCursorRow
from supportbot.store.unit_of_work import UnitOfWork


async def get_cursor(work: UnitOfWork, channel: str, folder: str) -> MailboxCursor | None:
    """Return the cursor of a folder of the channel with this key; None before the first read."""
    row = (
        await work.connection.execute(
            select(
                MailboxCursorRow.uidvalidity,
                MailboxCursorRow.last_uid,
                MailboxCursorRow.cut_over_at,
            )
            .join(ChannelRow, ChannelRow.id == MailboxCursorRow.channel_id)
            .where(ChannelRow.key == channel, MailboxCursorRow.folder == folder)
        )
    ).one_or_none()
    if row is None:
        return None
    return MailboxCursor(folder, row.uidvalidity, row.last_uid, row.cut_over_at)


async def open_cursor(work: UnitOfWork, channel: str, cursor: MailboxCursor) -> None:
    """Write the cursor of a folder that is connected for the first time.

    Raises:
        NotFoundError: the store knows no channel with this key.
    """
    await work.connection.execute(
        insert(MailboxCursorRow).values(
            channel_id=await _channel_id(work, channel),
            folder=cursor.folder,
            uidvalidity=cursor.uidvalidity,
            last_uid=cursor.last_uid,
            cut_over_at=cursor.cut_over_at,
        )
    )


async def advance_cursor(
    work: UnitOfWork, channel: str, folder: str, uidvalidity: int, uid: int
) -> None:
    """Move on to this UID; never back, and not if the folder was numbered anew meanwhile."""
    await work.connection.execute(
        update(MailboxCursorRow)
        .where(
            MailboxCursorRow.channel_id == await _channel_id(work, channel),
            MailboxCursorRow.folder == folder,
            MailboxCursorRow.uidvalidity == uidvalidity,
            MailboxCursorRow.last_uid < uid,
        )
        .values(last_uid=uid)
    )


async def restart_cursor(work: UnitOfWork, channel: str, folder: str, uidvalidity: int) -> None:
    """Begin again at zero because the server numbered the folder anew; the cut-over stays."""
    await work.connection.execute(
        update(MailboxCursorRow)
        .where(
            MailboxCursorRow.channel_id == await _channel_id(work, channel),
            MailboxCursorRow.folder == folder,
        )
        .values(uidvalidity=uidvalidity, last_uid=0)
    )


async def _channel_id(work: UnitOfWork, channel: str) -> int:
    found = await work.connection.scalar(select(ChannelRow.id).where(ChannelRow.key == channel))
    if found is None:
        raise NotFoundError(f"channel {channel!r} is not in the store")
    return int(found)
