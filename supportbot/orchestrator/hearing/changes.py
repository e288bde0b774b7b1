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
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import customers, operators, threads
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


async def introduced(work: UnitOfWork, kind: str, heard: Introduced) -> Outcome:
    """Call somebody by the name that the channel learned; who never did anything stays away."""
    is_operator = await operators.introduce(work, kind, heard.sender)
    if not await customers.rename(work, kind, heard.sender) and not is_operator:
        return Outcome("suppressed", reason="unknown_customer", keep_raw=False)
    return Outcome("introduced", keep_raw=False)
