"""What else comes from a customer's side: buttons and machine mail."""

from __future__ import annotations

from supportbot.model.delivery import DeliveryKind
from supportbot.model.inbound import (
    Action,
    ActionKind,
    CustomerMessage,
    DispositionKind,
    Introduced,
)
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, Actor, ActorKind, EventKind, Status, Ticket
from supportbot.orchestrator.closing import reopen, resolve
from supportbot.orchestrator.handoff import hand_off
from supportbot.orchestrator.stopping import stop
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import customers, deliveries, feedback, threads
from supportbot.store.feedback import NewThumb
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
    """Call a customer by the name that the channel learned; who never asked anything stays away."""
    if not await customers.rename(work, kind, heard.sender):
        return Outcome("suppressed", reason="unknown_customer", keep_raw=False)
    return Outcome("introduced", keep_raw=False)


async def acted(wiring: Wiring, work: UnitOfWork, ticket: Ticket, heard: Action) -> Outcome:
    """Do what a button asks for."""
    at = wiring.clock()
    customer_id = await customers.ensure_customer(work, ticket.channel_kind, heard.sender, at)
    actor = Actor(ActorKind.CUSTOMER, customer_id)
    match heard.kind:
        case ActionKind.ESCALATE:
            if ticket.status is Status.RESOLVED:
                ticket = await reopen(wiring, work, ticket, actor)
            handoff = Handoff(HandoffReason.ASKED, summary="The customer asked for a person.")
            await hand_off(wiring, work, ticket, handoff, actor)
        case ActionKind.FEEDBACK:
            await _rate(wiring, work, ticket, heard, actor)
        case ActionKind.RESOLVE:
            await resolve(wiring, work, ticket, actor)
        case ActionKind.STOP:
            if not await stop(wiring, work, ticket, actor, heard.pressed_at):
                return Outcome("suppressed", reason="nothing_to_stop", ticket_id=ticket.id)
    return Outcome("action", reason=heard.kind, ticket_id=ticket.id)


async def _rate(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, heard: Action, actor: Actor
) -> None:
    rated = await deliveries.by_key(work, heard.delivery_key or "")
    own = rated and rated.ticket_id == ticket.id and rated.kind is DeliveryKind.REPLY
    message_id = rated.message_id if rated and own else None
    rating = 1 if (heard.value or 0) > 0 else -1
    thumb = NewThumb(rating=rating, customer_id=actor.id, message_id=message_id)
    await feedback.add_thumb(work, ticket, thumb, wiring.clock())
    event = NewEvent(EventKind.FEEDBACK, actor, data={"rating": rating})
    await threads.append_events(work, ticket, [event], wiring.clock())
