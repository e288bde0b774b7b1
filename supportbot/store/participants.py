"""Who takes part in a ticket beside its customer: people they wrote to, who may answer there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, func, select, text

from supportbot.store.columns import bounded
from supportbot.store.tables.people import ParticipantRow
from supportbot.store.unit_of_work import UnitOfWork

_MOST_ID_BYTES = 320
#: Both stores understand it; SQLAlchemy has it in two dialects only.
_ADD = text(
    "INSERT INTO participant (ticket_id, external_id)"
    " VALUES (:ticket_id, :external_id) ON CONFLICT DO NOTHING"
)
_TAKES_PART = select(ParticipantRow.ticket_id).where(
    ParticipantRow.ticket_id == bindparam("of_ticket"),
    ParticipantRow.external_id == bindparam("named"),
)


async def add(work: UnitOfWork, ticket_id: int, external_ids: Sequence[str]) -> None:
    """Let these people take part in a ticket, as `Sender.external_id` knows them. Idempotent."""
    names = sorted({bounded(one, _MOST_ID_BYTES) for one in external_ids})
    rows = [{"ticket_id": ticket_id, "external_id": name} for name in names]
    if rows:
        await work.execute_many(_ADD, rows)


async def forget(work: UnitOfWork, external_id: str) -> None:
    """Forget that somebody takes part in any ticket; letter case does not matter."""
    name = bounded(external_id, _MOST_ID_BYTES).lower()
    await work.connection.execute(
        delete(ParticipantRow).where(func.lower(ParticipantRow.external_id) == name)
    )


async def takes_part(work: UnitOfWork, ticket_id: int, external_id: str) -> bool:
    """Tell whether somebody was named in a ticket."""
    asked = {"of_ticket": ticket_id, "named": bounded(external_id, _MOST_ID_BYTES)}
    return (await work.execute(_TAKES_PART, asked)).first() is not None
