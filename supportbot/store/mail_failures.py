"""Mails that came back: the deliveries they were, and the addresses they came back from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from supportbot.model.delivery import Delivery, DeliveryState, digest
from supportbot.model.delivery_report import MailFailure, avoided_until
from supportbot.store import deliveries
from supportbot.store.columns import bounded
from supportbot.store.tables.answers import UNSENT, DeliveryRow
from supportbot.store.tables.mail import COUNTS, MailFailureRow
from supportbot.store.unit_of_work import UnitOfWork

_MOST_ADDRESS_BYTES = 320
#: What may have left.
_LEFT = (DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.SENDING)
_FAILURES = (
    select(MailFailureRow).where(COUNTS).order_by(MailFailureRow.address, MailFailureRow.at.desc())
)


@dataclass(frozen=True, slots=True)
class MailAddress:
    """How mail to an address fared lately."""

    address: str
    #: No mail goes there before; None: it does.
    avoided_until: datetime | None
    #: The newest first.
    failures: tuple[MailFailure, ...]


async def reported(work: UnitOfWork, about: str, ticket_id: int | None) -> Delivery | None:
    """Return the delivery of this provider id.

    One whose sending is not written down (yet) has none, and is found by its digest in the id:
    among what is on its way, and in the ticket.
    """
    query = deliveries.whole()
    row = (await work.connection.execute(query.where(DeliveryRow.provider_id == about))).first()
    if row is None:
        on_its_way = query.where(UNSENT, DeliveryRow.state == DeliveryState.SENDING)
        unclear = query.where(
            DeliveryRow.ticket_id == ticket_id, DeliveryRow.state == DeliveryState.UNCERTAIN
        )
        unnamed = [
            *await work.connection.execute(on_its_way),
            *await work.connection.execute(unclear),
        ]
        row = next((one for one in unnamed if digest(one.key) in about), None)
    return None if row is None else deliveries.read(row)


async def came_back(work: UnitOfWork, delivery: Delivery, error: str) -> bool:
    """Note that a delivery did not arrive; False: that is known already.

    Whoever is still sending it has lost their claim.
    """
    changed = await work.connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery.id, DeliveryRow.state.in_(_LEFT))
        .values(state=DeliveryState.FAILED, error=error, next_attempt_at=None)
    )
    return changed.rowcount == 1


async def add(work: UnitOfWork, delivery: Delivery, failure: MailFailure) -> bool:
    """Remember that a delivery came back from an address; False: that is known already.

    The caller must hold the row of the delivery's ticket.
    """
    address = _name(failure.address)
    known = await work.connection.scalar(
        select(MailFailureRow.delivery_id).where(
            MailFailureRow.delivery_id == delivery.id, MailFailureRow.address == address
        )
    )
    if known is not None:
        return False
    await work.connection.execute(
        insert(MailFailureRow).values(
            delivery_id=delivery.id,
            address=address,
            status=failure.status[:16],
            permanent=failure.permanent,
            diagnostic=failure.diagnostic,
            at=failure.at,
        )
    )
    return True


async def of_addresses(
    work: UnitOfWork, addresses: Collection[str], now: datetime
) -> dict[str, MailAddress]:
    """Return those of these addresses from which mail came back lately."""
    names = [*map(_name, addresses)]
    return await _told(work, now, MailFailureRow.address.in_(names))


async def of_address(work: UnitOfWork, address: str) -> tuple[MailFailure, ...]:
    """Return the mails that came back from an address, the newest first."""
    rows = await work.connection.execute(_FAILURES.where(MailFailureRow.address == _name(address)))
    return tuple(_failure(row) for row in rows)


async def listed(work: UnitOfWork, now: datetime) -> list[MailAddress]:
    """Return the addresses from which mail came back, the latest first."""
    found = await _told(work, now)
    return sorted(found.values(), key=lambda one: one.failures[0].at, reverse=True)


async def clear(work: UnitOfWork, address: str, at: datetime) -> int:
    """Let mail go to an address again, whatever came back from it; return how much that was."""
    name = _name(address)
    cleared = await work.connection.execute(
        update(MailFailureRow).where(MailFailureRow.address == name, COUNTS).values(cleared_at=at)
    )
    return cleared.rowcount


async def forget(work: UnitOfWork, addresses: Collection[str]) -> None:
    """Erase what came back from addresses: the rows name them."""
    names = [*map(_name, addresses)]
    await work.connection.execute(delete(MailFailureRow).where(MailFailureRow.address.in_(names)))


async def forget_ticket(work: UnitOfWork, ticket_id: int) -> None:
    """Erase what came back of a ticket's deliveries."""
    of_it = select(DeliveryRow.id).where(DeliveryRow.ticket_id == ticket_id)
    await work.connection.execute(
        delete(MailFailureRow).where(MailFailureRow.delivery_id.in_(of_it))
    )


async def _told(
    work: UnitOfWork, now: datetime, *which: ColumnElement[bool]
) -> dict[str, MailAddress]:
    rows = await work.connection.execute(_FAILURES.where(*which))
    found: dict[str, list[MailFailure]] = {}
    for row in rows:
        found.setdefault(row.address, []).append(_failure(row))
    return {
        address: MailAddress(address, avoided_until(failures, now), tuple(failures))
        for address, failures in found.items()
    }


def _name(address: str) -> str:
    return bounded(address.lower(), _MOST_ADDRESS_BYTES)


def _failure(row: Row[*tuple[Any, ...]]) -> MailFailure:
    return MailFailure(row.address, row.status, row.permanent, row.diagnostic, row.at)
