"""A word to the customer: a message of the thread and its delivery, in one step."""

from __future__ import annotations

from supportbot.model.delivery import Audience, DeliveryKind, NewDelivery
from supportbot.model.message import NewMessage
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import deliveries, threads
from supportbot.store.threads import Appended
from supportbot.store.unit_of_work import UnitOfWork


async def say(
    wiring: Wiring,
    work: UnitOfWork,
    ticket: Ticket,
    new: NewMessage,
    kind: DeliveryKind = DeliveryKind.REPLY,
    *,
    by_bot: bool = False,
) -> Appended:
    """Append a message and write its delivery as pending, in the caller's transaction.

    `by_bot`: it leaves only while the ticket's fence is unchanged, and offers a way to a person.
    """
    at = wiring.clock()
    message = await threads.append_message(work, ticket.id, new, at)
    await deliveries.add(
        work,
        ticket.id,
        NewDelivery(
            key=f"{ticket.public_id}-{message.seq}",
            channel=ticket.channel,
            audience=Audience.CUSTOMER,
            kind=kind,
            target=ticket.target,
            subject=ticket.subject,
            handler_epoch=ticket.handler_epoch if by_bot else None,
            escalate=by_bot,
            message_id=message.id,
        ),
        at,
    )
    return message
