"""Words that may stand below a copy whose place nobody knows yet: they wait until it is settled.

A copy of a question is posted before anybody can write down where. What its customer says in a
thread meanwhile may belong to it, and is understood as soon as that can be told.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from supportbot.model.delivery import DeliveryKind, DeliveryState
from supportbot.store import waiting
from supportbot.store.tables.answers import DeliveryRow
from supportbot.store.tables.intake import WaitingReplyRow
from supportbot.store.tables.tickets import TicketRow
from supportbot.store.unit_of_work import UnitOfWork

_ON_THEIR_WAY = (
    select(DeliveryRow.id)
    .join(TicketRow, TicketRow.id == DeliveryRow.ticket_id)
    .where(
        TicketRow.customer_id == bindparam("customer_id"),
        DeliveryRow.channel_id == bindparam("channel_id"),
        DeliveryRow.kind == DeliveryKind.ECHO,
        DeliveryRow.state.in_((DeliveryState.PENDING, DeliveryState.SENDING)),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies of what one customer asked in a channel."""

    channel_id: int
    customer_id: int

    @property
    def key(self) -> str:
        """What words wait for that may stand below one of them."""
        return f"{waiting.COPIES}{self.customer_id}"


async def with_delivery(work: UnitOfWork, delivery_id: int) -> Copies:
    """Return those that a delivery belongs to."""
    row = (
        await work.connection.execute(
            select(DeliveryRow.channel_id, TicketRow.customer_id)
            .join(TicketRow, TicketRow.id == DeliveryRow.ticket_id)
            .where(DeliveryRow.id == delivery_id)
        )
    ).one()
    return Copies(row.channel_id, row.customer_id)


async def alone_with(work: UnitOfWork, copies: Copies) -> bool:
    """Let nobody settle one, or wait for one, until the transaction ends; as `waiting.alone_with`.

    Comes before any lock on a ticket.
    """
    return await waiting.alone_with(work, copies.channel_id, copies.key)


async def must_be_awaited(work: UnitOfWork, copies: Copies) -> bool:
    """Tell whether one may stand where nobody knows yet; then none is settled meanwhile.

    False: the places of all are stored, and can be read from now on.
    """
    if not await _on_their_way(work, copies):
        return False
    again = await alone_with(work, copies)
    return not again or await _on_their_way(work, copies)


async def _on_their_way(work: UnitOfWork, copies: Copies) -> bool:
    given = {"customer_id": copies.customer_id, "channel_id": copies.channel_id}
    return (await work.execute(_ON_THEIR_WAY, given)).first() is not None


async def release(work: UnitOfWork, copies: Copies) -> None:
    """Let what waits for them be understood, by the backlog, in the order it came."""
    await waiting.release(work, copies.channel_id, copies.key)


async def left_behind(work: UnitOfWork) -> list[Copies]:
    """Return those that words wait for though none is on its way any more."""
    rows = await work.connection.execute(
        select(WaitingReplyRow.channel_id, WaitingReplyRow.thread_key)
        .where(WaitingReplyRow.thread_key.startswith(waiting.COPIES))
        .distinct()
    )
    awaited = [
        Copies(row.channel_id, int(row.thread_key.removeprefix(waiting.COPIES))) for row in rows
    ]
    return [copies for copies in awaited if not await _on_their_way(work, copies)]
