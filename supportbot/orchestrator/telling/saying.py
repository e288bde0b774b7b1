"""A word to the customer: a message of the thread and its delivery, in one step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from supportbot.model.delivery import (
    ANSWER_OFFERS,
    Audience,
    Delivery,
    DeliveryKind,
    NewDelivery,
)
from supportbot.model.inbound import ActionKind
from supportbot.model.message import NewMessage
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import deliveries, threads
from supportbot.store.threads import Appended
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Said:
    """A message and, where the caller is to send it at once, its claimed delivery."""

    message: Appended
    claimed: Delivery | None


@dataclass(frozen=True, slots=True)
class Manner:
    """How something is said: as what, by whom (None: the bot), and with what to press below it."""

    kind: DeliveryKind = DeliveryKind.REPLY
    signed: str | None = None
    offers: tuple[ActionKind, ...] = ()


#: A word about the ticket.
NOTICE = Manner(DeliveryKind.NOTICE)


async def say(
    wiring: Wiring,
    work: UnitOfWork,
    ticket: Ticket,
    new: NewMessage,
    manner: Manner = Manner(),
) -> Appended:
    """Append a message and write its delivery as pending, in the caller's transaction."""
    at = wiring.clock()
    message = await threads.append_message(work, ticket.id, new, at)
    await deliveries.add(work, ticket.id, _delivery(ticket, message, manner), at)
    return message


async def answer(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, new: NewMessage, until: datetime
) -> Said:
    """Append the bot's answer with a delivery that the caller sends after the commit.

    It leaves only while the ticket's fence is unchanged, and offers a way to a person. Where older
    words are on their way it is only pending. The caller must hold the ticket's row.
    """
    at = wiring.clock()
    message = await threads.append_message(work, ticket.id, new, at)
    delivery = replace(
        _delivery(ticket, message, Manner(offers=ANSWER_OFFERS)),
        handler_epoch=ticket.handler_epoch,
    )
    claimed = await deliveries.begin(work, ticket, delivery, at, until)
    return Said(message, replace(claimed, text=new.text) if claimed else None)


def _delivery(ticket: Ticket, message: Appended, manner: Manner) -> NewDelivery:
    return NewDelivery(
        key=f"{ticket.public_id}-{message.seq}",
        channel=ticket.channel,
        audience=Audience.CUSTOMER,
        kind=manner.kind,
        target=ticket.target,
        subject=ticket.subject,
        offers=manner.offers,
        message_id=message.id,
        signed=manner.signed,
    )
