"""What else comes in: machine mail, and names that a channel learned."""

from __future__ import annotations

from supportbot.model.inbound import (
    CustomerMessage,
    DispositionKind,
    Introduced,
)
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, EventKind, Status, Ticket
from supportbot.orchestrator.telling.handoff import hand_off
from supportbot.orchestrator.telling.packet import tell_name
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import customers, operators, own_tickets, threads, tickets
from supportbot.store.inbound import Outcome
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork


async def machine_mail(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket | None, heard: CustomerMessage
) -> Outcome:
    """File machine mail to its ticket, or set it aside; never answer it."""
    kind = heard.disposition.kind
    if ticket is not None:
        data: dict[str, object] = {"kind": kind, "rules": list(heard.disposition.reasons)}
        event = NewEvent(EventKind.MACHINE_MAIL, SYSTEM, reason=kind, data=data)
        await threads.append_events(work, ticket, [event], wiring.clock())
        if kind is DispositionKind.BOUNCE and ticket.status is not Status.RESOLVED:
            handoff = Handoff(HandoffReason.DELIVERY, summary="A mail to the customer came back.")
            await hand_off(wiring, work, ticket, handoff, SYSTEM)
    return Outcome("suppressed", reason=kind, ticket_id=ticket.id if ticket else None)


async def introduced(wiring: Wiring, work: UnitOfWork, kind: str, heard: Introduced) -> Outcome:
    """Call somebody by the name that the channel learned; who never did anything stays away.

    What operators were told of their open tickets names them so too.
    """
    is_operator = await operators.introduce(work, kind, heard.sender)
    known = await customers.named(work, kind, heard.sender)
    if known is not None:
        await _rename(wiring, work, *known, heard.sender.name)
    elif not is_operator:
        return Outcome("suppressed", reason="unknown_customer", keep_raw=False)
    return Outcome("introduced", keep_raw=False)


async def _rename(
    wiring: Wiring, work: UnitOfWork, customer_id: int, before: str | None, name: str
) -> None:
    if name == before:
        return
    # Their rows are held first, as by whoever writes: customers are changed behind their tickets.
    numbers = await own_tickets.open_of(work, customer_id)
    held = [await tickets.get(work, one, lock=True) for one in numbers]
    now = await customers.rename(work, customer_id, name)
    for ticket in held:
        if now is not None and await tell_name(wiring, work, ticket, before, now):
            await wiring.dispatcher.wake(work, ticket.id, 0)
