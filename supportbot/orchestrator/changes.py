"""What else comes from a customer's side: edits, deletes, buttons, machine mail."""

from __future__ import annotations

from supportbot.model.delivery import DeliveryKind
from supportbot.model.inbound import (
    Action,
    ActionKind,
    CustomerMessage,
    Deleted,
    DispositionKind,
    Edited,
)
from supportbot.model.message import Message, NewMessage, Role, Visibility
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, Actor, ActorKind, EventKind, Handler, Status, Ticket
from supportbot.orchestrator.closing import reopen, resolve
from supportbot.orchestrator.handoff import hand_off
from supportbot.orchestrator.owed import unanswered
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import (
    customers,
    deliveries,
    feedback,
    summaries,
    threads,
    tickets,
    tool_calls,
)
from supportbot.store import inbound as inbounds
from supportbot.store.feedback import NewThumb
from supportbot.store.inbound import Outcome
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

_DELETED = "deleted by its author"


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


async def edited(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, channel_id: int, heard: Edited
) -> Outcome:
    """Change the question before it is answered; after it, only record what was changed."""
    message = await _message_of(work, channel_id, heard.message_key)
    if message is None or message.text == heard.text:
        return Outcome("suppressed", reason="nothing_changed", ticket_id=ticket.id)
    at = wiring.clock()
    answered = message.seq <= ticket.answered_seq
    if answered:
        await threads.append_message(
            work,
            ticket.id,
            NewMessage(
                role=Role.USER,
                author=message.author,
                text=heard.text,
                visibility=Visibility.INTERNAL,
                data={"edit_of": message.seq},
            ),
            at,
        )
    else:
        await threads.rewrite_body(work, message.id, heard.text, "edited by its author", at)
    await summaries.erase_covering(work, ticket.id, message.seq, at)
    event = NewEvent(
        EventKind.EDITED, message.author, data={"seq": message.seq, "answered": answered}
    )
    await threads.append_events(work, ticket, [event], at)
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
    return Outcome("edited", ticket_id=ticket.id, message_id=message.id)


async def deleted(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, channel_id: int, heard: Deleted
) -> Outcome:
    """Redact a message that its author took back; a question that is gone needs no answer."""
    message = await _message_of(work, channel_id, heard.message_key)
    if message is None:
        return Outcome("suppressed", reason="unknown_message", ticket_id=ticket.id)
    at = wiring.clock()
    await threads.rewrite_body(work, message.id, None, _DELETED, at)
    await summaries.erase_covering(work, ticket.id, message.seq, at)
    await tool_calls.erase_from(work, ticket.id, message.seq, _DELETED, at)
    events = [NewEvent(EventKind.DELETED, message.author, data={"seq": message.seq})]
    if ticket.handler is Handler.BOT and message.seq > ticket.answered_seq:
        answered, asked = await unanswered(work, ticket)
        if any(seq != message.seq for seq in asked):
            # An earlier question may have lost its draft to this one: it is owed again.
            await tickets.change(work, ticket.id, answered_seq=answered)
        else:
            events.append(NewEvent(EventKind.SUPPRESSED, SYSTEM, reason="deleted"))
            await tickets.change(
                work,
                ticket.id,
                answered_seq=ticket.asked_seq,
                status=Status.PENDING,
                waiting_since=None,
            )
    await threads.append_events(work, ticket, events, at)
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
    return Outcome("deleted", ticket_id=ticket.id, message_id=message.id)


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


async def _message_of(work: UnitOfWork, channel_id: int, key: str) -> Message | None:
    """Return the message that came in under a provider's key."""
    earlier = await inbounds.find_by_keys(work, channel_id, (key,))
    if earlier is None or earlier.message_id is None:
        return None
    return await threads.message(work, earlier.message_id)
