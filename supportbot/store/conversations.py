"""When people last talked, by their own words."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, func, select

from supportbot.model.message import Visibility
from supportbot.store.tables.tickets import MessageRow
from supportbot.store.unit_of_work import UnitOfWork

_LAST = select(
    # Of a customer's words their own moment counts, however late they were understood.
    func.max(func.coalesce(MessageRow.sent_at, MessageRow.created_at)).label("at")
).where(
    MessageRow.ticket_id == bindparam("of_ticket"),
    MessageRow.visibility == Visibility.PUBLIC,
)


async def last_words_at(work: UnitOfWork, ticket_id: int) -> datetime | None:
    """Return the moment of the last words that the customer can see; None: there are none."""
    at: datetime | None = (await work.execute(_LAST, {"of_ticket": ticket_id})).scalar()
    return at
