"""What a customer has asked, for them to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from supportbot.model.inbound import Sender
from supportbot.model.ticket import Handler, Status
from supportbot.store import customers
from supportbot.store.tables.catalog import ProductRow
from supportbot.store.tables.tickets import TicketRow
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class OwnTicket:
    """A ticket as its customer sees it."""

    subject: str | None
    #: Name of the product.
    product: str
    status: Status
    handler: Handler
    opened_at: datetime
    #: Where it is talked about; understood by its channel.
    target: Mapping[str, str]


async def open_of(work: UnitOfWork, customer_id: int) -> list[int]:
    """Return the tickets of a customer that are not resolved, in the order they are locked in."""
    rows = await work.connection.execute(
        select(TicketRow.id)
        .where(TicketRow.customer_id == customer_id, TicketRow.status != Status.RESOLVED)
        .order_by(TicketRow.id)
    )
    return list(rows.scalars())


async def newest_of(
    work: UnitOfWork, channel_kind: str, external_id: str, limit: int
) -> list[OwnTicket]:
    """Return the tickets of whoever is known by a name in a kind of channel, the newest first."""
    customer_id = await customers.known(work, channel_kind, Sender(external_id))
    rows = await work.connection.execute(
        select(
            TicketRow.subject,
            TicketRow.status,
            TicketRow.handler,
            TicketRow.opened_at,
            TicketRow.target,
            ProductRow.name.label("product"),
        )
        .join(ProductRow, ProductRow.id == TicketRow.product_id)
        .where(TicketRow.customer_id == customer_id)
        .order_by(TicketRow.opened_at.desc(), TicketRow.id.desc())
        .limit(limit)
    )
    return [
        OwnTicket(
            subject=row.subject,
            product=row.product,
            status=Status(row.status),
            handler=Handler(row.handler),
            opened_at=row.opened_at,
            target=row.target,
        )
        for row in rows
    ]
