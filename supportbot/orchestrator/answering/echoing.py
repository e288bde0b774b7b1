"""A question that nobody can see in its channel is shown there first: what follows goes below it.

The copy is a delivery like any other; where it was put becomes the place of the ticket, and only
then the question is answered. It follows what becomes of the words: it leaves for its place all the
same where they were taken back, and says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from supportbot.model.delivery import Audience, Delivery, DeliveryKind, DeliveryState, NewDelivery
from supportbot.model.message import Message
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.answering.turn import from_customer
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import copies, deliveries, erasure, pressable, tickets
from supportbot.store.threads import Appended
from supportbot.store.unit_of_work import UnitOfWork

#: Marks a customer's message of which the channel has no copy of its own.
ECHO = "echo"
_ON_ITS_WAY = frozenset({DeliveryState.PENDING, DeliveryState.SENDING})


async def show(
    wiring: Wiring,
    work: UnitOfWork,
    ticket: Ticket,
    message: Appended,
    target: Mapping[str, str],
) -> None:
    """Write the delivery of a copy of the customer's message, in the caller's transaction."""
    copy = NewDelivery(
        key=_key(ticket, message.seq),
        channel=ticket.channel,
        audience=Audience.CUSTOMER,
        kind=DeliveryKind.ECHO,
        target=target,
        subject=ticket.subject,
        message_id=message.id,
    )
    await deliveries.add(work, ticket.id, copy, wiring.clock())


async def is_awaited(work: UnitOfWork, ticket: Ticket, thread: Sequence[Message]) -> bool:
    """Tell whether the newest question has no place yet: an answer would not know where to go."""
    newest = next((one for one in reversed(thread) if from_customer(one)), None)
    if newest is None or not newest.data.get(ECHO):
        return False
    copy = await deliveries.by_key(work, _key(ticket, newest.seq))
    return copy is not None and copy.state in _ON_ITS_WAY


@asynccontextmanager
async def settling(work: UnitOfWork, delivery: Delivery) -> AsyncIterator[None]:
    """Settle a delivery; what waits to see where a copy stands is understood after that.

    Begins before any lock on the ticket.
    """
    if delivery.kind is not DeliveryKind.ECHO or delivery.replaces is not None:
        yield
        return
    own = await copies.with_delivery(work, delivery.id)
    await copies.alone_with(work, own)
    yield
    await copies.release(work, own)


async def settle_down(
    wiring: Wiring, work: UnitOfWork, delivery: Delivery, place: Mapping[str, str]
) -> None:
    """Let everything that follows go to where a delivery was put, and wake the ticket.

    Words that were written meanwhile for the old place leave for the new one. A ticket that has
    moved on already stays where it is.
    """
    ticket = await tickets.get(work, delivery.ticket_id, lock=True)
    target = {**delivery.target, **place}
    if ticket.target == delivery.target:
        await tickets.change(work, ticket.id, target=target)
    await deliveries.retarget(work, delivery, target)
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)


async def reword(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message, text: str
) -> None:
    """Let the copy of a question, if there is one, read otherwise; nothing keeps what it said."""
    if not message.data.get(ECHO):
        return
    copy = await deliveries.by_key(work, _key(ticket, message.seq))
    if copy is None:
        return
    await erasure.reword_wholly(work, copy.ticket_id, copy.id, text)
    for one in await pressable.standing(work, ticket.id, Audience.CUSTOMER):
        if one.original.id == copy.id and one.may_be_seen:
            await pressable.change(work, one, text, (), wiring.clock())


def _key(ticket: Ticket, seq: int) -> str:
    return f"{ticket.public_id}-{seq}-echo"
