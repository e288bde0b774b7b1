"""What model calls cost: sums of completions, for budgets.

A call whose model has a price counts in money, any other in tokens. Failed and superseded calls
count like the rest: they were paid for. Calls of kb-extractive count nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, case, func, select

from supportbot.model.completion import Completion
from supportbot.store.tables.answers import CompletionRow
from supportbot.store.tables.catalog import ProductRow
from supportbot.store.tables.tickets import TicketRow
from supportbot.store.unit_of_work import UnitOfWork

#: The endpoint of kb-extractive: it runs in this process and is paid by nobody. Its oldest rows
#: have no price, so that a price alone does not tell them.
_EMBEDDED = "embedded"

#: A ticket that was quiet for so long before a day began makes no calls in it: a turn is answered
#: or handed off within minutes of the message that asked.
_QUIET = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls cost: billionths of a US dollar where the price is known, else tokens."""

    nusd: int = 0
    tokens: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.nusd + other.nusd, self.tokens + other.tokens)


@dataclass(frozen=True, slots=True)
class Products:
    """What calls cost by product, divided at a moment."""

    before: Mapping[str, Spent]
    after: Mapping[str, Spent]


def cost(completion: Completion) -> Spent:
    """Return what one call cost. Pure."""
    if completion.endpoint == _EMBEDDED:
        return Spent()
    if completion.cost_nusd is None:
        return Spent(tokens=completion.usage.prompt + completion.usage.output)
    return Spent(nusd=completion.cost_nusd)


_UNPRICED = case(
    (CompletionRow.cost_nusd.is_(None), CompletionRow.tokens_in + CompletionRow.tokens_out),
    else_=0,
)
_NUSD = func.coalesce(func.sum(CompletionRow.cost_nusd), 0).label("nusd")
_TOKENS = func.coalesce(func.sum(_UNPRICED), 0).label("tokens")
_COUNTS = and_(CompletionRow.started_at >= bindparam("since"), CompletionRow.endpoint != _EMBEDDED)
_IS_BEFORE = case((CompletionRow.started_at < bindparam("edge"), 1), else_=0)
#: Grouped by the key: grouped by product_id, SQLite walks a whole index of all days in its order.
_BY_PRODUCT = (
    select(ProductRow.key, _IS_BEFORE.label("is_before"), _NUSD, _TOKENS)
    .join(CompletionRow, CompletionRow.product_id == ProductRow.id)
    .where(_COUNTS)
    .group_by(ProductRow.key, _IS_BEFORE)
)
_RECORDED = (
    select(CompletionRow.id)
    .where(
        CompletionRow.ticket_id == bindparam("ticket_id"),
        CompletionRow.started_at == bindparam("began_at"),
        CompletionRow.latency_ms == bindparam("took_ms"),
        CompletionRow.tokens_in == bindparam("tokens_in"),
        CompletionRow.tokens_out == bindparam("tokens_out"),
    )
    .limit(1)
)
_OF_CUSTOMER = (
    select(_NUSD, _TOKENS)
    .join(TicketRow, TicketRow.id == CompletionRow.ticket_id)
    .where(
        TicketRow.customer_id == bindparam("customer_id"),
        TicketRow.last_message_at >= bindparam("active_since"),
        _COUNTS,
    )
)


async def recorded(work: UnitOfWork, ticket_id: int, completion: Completion) -> bool:
    """Tell whether a call for a ticket is on record: its commit may have failed in name only."""
    given = {
        "ticket_id": ticket_id,
        "began_at": completion.started_at,
        "took_ms": completion.latency_ms,
        "tokens_in": completion.usage.prompt,
        "tokens_out": completion.usage.output,
    }
    return (await work.connection.execute(_RECORDED, given)).first() is not None


async def by_product(work: UnitOfWork, since: datetime, edge: datetime) -> Products:
    """Sum up the calls that began at `since` or later, those before `edge` apart."""
    rows = await work.connection.execute(_BY_PRODUCT, {"since": since, "edge": edge})
    sums: tuple[dict[str, Spent], dict[str, Spent]] = ({}, {})
    for row in rows:
        sums[row.is_before][row.key] = Spent(int(row.nusd), int(row.tokens))
    after, before = sums
    return Products(before, after)


async def of_customer(work: UnitOfWork, customer_id: int, since: datetime) -> Spent:
    """Sum up the calls for one customer's tickets that began at `since` or later."""
    row = (
        await work.connection.execute(
            _OF_CUSTOMER,
            {"customer_id": customer_id, "since": since, "active_since": since - _QUIET},
        )
    ).one()
    return Spent(int(row.nusd), int(row.tokens))
