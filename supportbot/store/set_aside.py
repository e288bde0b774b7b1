"""Mail of machines: which rules hit, and whether it belongs to a ticket."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from supportbot.store.tables.catalog import ChannelRow
from supportbot.store.tables.intake import InboundRow
from supportbot.store.tables.tickets import TicketRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class MachineMail:
    """One mail that was not answered because a machine wrote it."""

    id: int
    at: datetime
    channel: str
    kind: str
    rules: str
    #: Public id; None: it belongs to none and was set aside.
    ticket: str | None


async def machine_mail(work: UnitOfWork, kinds: Collection[str], limit: int) -> list[MachineMail]:
    """Return the newest mails of these kinds, the newest first."""
    rows = await work.connection.execute(
        select(InboundRow, ChannelRow.key.label("channel"), TicketRow.public_id.label("ticket"))
        .join(ChannelRow, ChannelRow.id == InboundRow.channel_id)
        .outerjoin(TicketRow, TicketRow.id == InboundRow.ticket_id)
        .where(InboundRow.outcome == "suppressed", InboundRow.reason.in_(kinds))
        .order_by(InboundRow.id.desc())
        .limit(limit)
    )
    return [
        MachineMail(
            row.id, row.received_at, row.channel, row.reason, row.meta.get("rules", ""), row.ticket
        )
        for row in rows
    ]
