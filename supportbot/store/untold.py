"""Places where a channel may show of a ticket what is not so: rows until it was told otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select

from supportbot.store.tables.tickets import UntoldRow
from supportbot.store.unit_of_work import UnitOfWork

_ADD = insert(UntoldRow).returning(UntoldRow.id)
_OF_TICKET = (
    select(UntoldRow.id, UntoldRow.target)
    .where(UntoldRow.ticket_id == bindparam("of_ticket"))
    .order_by(UntoldRow.id)
)


@dataclass(frozen=True, slots=True)
class Untold:
    """One place, named by a target."""

    id: int
    target: Mapping[str, str]


async def add(work: UnitOfWork, ticket_id: int, target: Mapping[str, str]) -> Untold:
    """Note a place, also where it was noted before."""
    made = await work.execute(_ADD, {"ticket_id": ticket_id, "target": dict(target)})
    return Untold(made.scalar_one(), target)


async def of_ticket(work: UnitOfWork, ticket_id: int) -> list[Untold]:
    """Return the places of a ticket, in the order they were noted."""
    rows = await work.execute(_OF_TICKET, {"of_ticket": ticket_id})
    return [Untold(row.id, row.target) for row in rows]


async def told(work: UnitOfWork, places: list[Untold]) -> None:
    """Forget places: what is shown there is so. Those that were noted meanwhile stay."""
    numbers = [one.id for one in places]
    await work.connection.execute(delete(UntoldRow).where(UntoldRow.id.in_(numbers)))


async def with_any(work: UnitOfWork, limit: int = 1000) -> list[int]:
    """Return the tickets that have such places, the longest known first."""
    oldest = select(UntoldRow.ticket_id).order_by(UntoldRow.id).limit(limit)
    return [*dict.fromkeys((await work.connection.execute(oldest)).scalars())]
