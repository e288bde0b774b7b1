"""What servers said that prompts cost, beside what we had estimated."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from supportbot.store.tables.answers import CompletionRow
from supportbot.store.unit_of_work import UnitOfWork

#: Only so many of the newest calls are looked at: enough to know every model in use.
_NEWEST = 500


@dataclass(frozen=True, slots=True)
class Reported:
    """The tokens of one prompt."""

    model: str
    estimated: int
    reported: int


async def reported(work: UnitOfWork) -> list[Reported]:
    """Return recent calls of which the server counted the tokens, the oldest first."""
    newest = select(func.max(CompletionRow.id)).scalar_subquery()
    rows = await work.connection.execute(
        select(CompletionRow.model, CompletionRow.tokens_estimated, CompletionRow.tokens_in)
        .where(
            CompletionRow.id > newest - _NEWEST,
            CompletionRow.tokens_estimated.is_not(None),
            CompletionRow.usage_estimated.is_(False),
            CompletionRow.error_kind.is_(None),
        )
        .order_by(CompletionRow.id)
    )
    return [Reported(row.model, row.tokens_estimated, row.tokens_in) for row in rows]
