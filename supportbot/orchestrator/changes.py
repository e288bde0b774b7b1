"""What else comes from a customer's side: edits, deletes, buttons, machine mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from supportbot.model.delivery import DeliveryKind
from supportbot.model.inbound import (
    Action,
    ActionKind,
    CustomerMessage,
    Deleted,
    DispositionKind,
    Edited,
    Introduced,
)
from supportbot.model.message import Message, NewMessage, Role, Visibility
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, Actor, ActorKind, EventKind, Handler, Status, Ticket
from supportbot.orchestrator.asking import headline
from supportbot.orchestrator.closing import reopen, resolve
from supportbot.orchestrator.handoff import about, hand_off
from supportbot.orchestrator.owed import unanswered
from supportbot.orchestrator.tool_rounds import CHANGED
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import (
    customers,
    deliveries,
    drafts,
    erasure,
    feedback,
    live,
    summaries,
    threads,
    tickets,
    tool_calls,
    waiting,
)
from supportbot.store import inbound as inbounds
from supportbot.store.feedback import NewThumb
from supportbot.store.inbound import Outcome
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork
from supportbot.tools.result import failed

_DELETED = "deleted by its author"
#: Why a question was settled without a word, and with all in order.
_SAID_NOTHING = frozenset({"mode_off", "mode_shadow"})


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


async def edited(wiring: Wiring, work: UnitOfWork, channel_id: int, heard: Edited) -> Outcome:
    """Change the question before it is answered; after it, only record what was changed."""
    place = await _place_of(work, channel_id, heard)
    if isinstance(place, Outcome):
        return place
    ticket, message, at = place.ticket, place.message, wiring.clock()
    unused = await _unused(work, place, heard)
    if unused is not None:
        return unused
    dropped = await drafts.discard_covering(work, ticket.id, message.seq, at)
    waits = message.seq > ticket.answered_seq or (bool(dropped) and ticket.handler is Handler.BOT)
    growing = await live.open_of(work, ticket.id)
    if waits:
        await threads.rewrite_body(work, message.id, heard.text, "edited by its author", at)
        if _named_after(ticket, message):
            await _rename(work, ticket, headline(heard.text))
    else:
        await threads.append_message(work, ticket.id, _edit_of(message, heard.text), at)
    if waits or growing is not None:
        await tickets.revise(work, ticket.id)
        refused = failed("not_run", f"It was not called: {CHANGED}.").text
        await tool_calls.withdraw(work, ticket.id, message.seq, refused, at)
    await summaries.erase_covering(work, ticket.id, message.seq, at)
    events = [
        NewEvent(EventKind.EDITED, message.author, data={"seq": message.seq, "answered": not waits})
    ]
    events += _discarded(dropped, "edited")
    if waits and dropped:
        events += await _owed_now(work, ticket, dropped)
    await threads.append_events(work, ticket, events, at)
    if waits:
        await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
    return Outcome("edited", ticket_id=ticket.id, message_id=message.id)


async def deleted(wiring: Wiring, work: UnitOfWork, channel_id: int, heard: Deleted) -> Outcome:
    """Erase a message that its author took back; a question that is gone needs no answer."""
    place = await _place_of(work, channel_id, heard)
    if isinstance(place, Outcome):
        return place
    ticket, message, at = place.ticket, place.message, wiring.clock()
    if _named_after(ticket, message):
        await _rename(work, ticket, None)
        ticket = replace(ticket, subject=None)
    dropped = await drafts.discard_covering(work, ticket.id, message.seq, at)
    await erasure.forget_notices(work, ticket, [f"draft-{draft}" for draft in dropped])
    await erasure.erase(work, message, _DELETED, at)
    await summaries.erase_covering(work, ticket.id, message.seq, at)
    await tickets.revise(work, ticket.id)
    await tool_calls.erase_from(work, ticket.id, message.seq, _DELETED, at)
    events = [NewEvent(EventKind.DELETED, message.author, data={"seq": message.seq})]
    events += _discarded(dropped, "deleted")
    open_still = ticket.status is not Status.RESOLVED
    affected = bool(dropped) or message.seq > ticket.answered_seq
    if open_still and affected and ticket.handler is Handler.BOT:
        events += await _owed_now(work, ticket, dropped)
    await threads.append_events(work, ticket, events, at)
    if open_still:
        await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
    return Outcome("deleted", ticket_id=ticket.id, message_id=message.id, keep_raw=False)


async def _rename(work: UnitOfWork, ticket: Ticket, subject: str | None) -> None:
    """Name a ticket otherwise, also where its name was told."""
    await erasure.change_subject(work, ticket, subject)
    await erasure.retell(work, ticket, about(ticket.subject), about(subject))


def _discarded(dropped: Sequence[int], reason: str) -> list[NewEvent]:
    return [
        NewEvent(EventKind.DRAFT_DISCARDED, SYSTEM, reason=reason, data={"draft": draft})
        for draft in dropped
    ]


def _edit_of(message: Message, text: str) -> NewMessage:
    return NewMessage(
        role=Role.USER,
        author=message.author,
        text=text,
        visibility=Visibility.INTERNAL,
        data={erasure.EDIT_OF: message.seq},
    )


async def _owed_now(work: UnitOfWork, ticket: Ticket, dropped: Sequence[int]) -> list[NewEvent]:
    """Move the head to what is still owed, now that a question, or a draft, is gone."""
    covered, asked = await unanswered(work, ticket)
    covered = max(covered, await _settled_before(work, ticket, dropped))
    growing = await live.open_of(work, ticket.id)
    if growing is not None and growing.handler_epoch == ticket.handler_epoch:
        covered = max(covered, growing.upto_seq or 0)
    if any(seq > covered for seq in asked):
        # An earlier question may have lost its draft to this one: it is owed again.
        await tickets.change(work, ticket.id, answered_seq=covered)
        return []
    await tickets.change(
        work,
        ticket.id,
        answered_seq=ticket.asked_seq,
        status=Status.PENDING,
        waiting_since=None,
    )
    return [NewEvent(EventKind.SUPPRESSED, SYSTEM, reason="deleted")]


async def _settled_before(work: UnitOfWork, ticket: Ticket, dropped: Sequence[int]) -> int:
    """Say up to which message nothing is owed, whatever became of these drafts.

    What was settled in a mode in which nothing is said is not made up for later.
    """
    gone = [d.upto_seq for d in await drafts.of_ticket(work, ticket.id) if d.id in dropped]
    bound = min(gone, default=ticket.asked_seq + 1)
    silent = [
        upto
        for event in await threads.events(work, ticket.id)
        if event.kind is EventKind.SUPPRESSED and event.reason in _SAID_NOTHING
        if isinstance(upto := event.data.get("upto"), int) and upto < bound
    ]
    return max(silent, default=0)


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


@dataclass(frozen=True, slots=True)
class _Place:
    """A message that came in before, and its ticket, whose row is held."""

    ticket: Ticket
    message: Message


async def _place_of(work: UnitOfWork, channel_id: int, heard: Edited | Deleted) -> _Place | Outcome:
    """Find the message by the provider's key, or say why nothing follows.

    Its ticket is the one that it is in: the thread may lead to a later one by now.
    """
    earlier = await inbounds.find_by_keys(work, channel_id, (heard.message_key,))
    if earlier is not None and earlier.ticket is not None and earlier.message_id is not None:
        ticket = await tickets.by_public_id(work, earlier.ticket, lock=True)
        message = await threads.message(work, earlier.message_id)
        if message is not None:
            return _Place(ticket, message)
    if earlier is not None and await waiting.holds(work, earlier.id):
        return await _of_waiting(work, earlier.id, heard)
    known = await tickets.find_by_thread_keys(work, channel_id, heard.thread_keys)
    reason = "unknown_thread" if known is None else "unknown_message"
    # The news of a change repeats the words.
    return Outcome(
        "suppressed", reason=reason, ticket_id=known.id if known else None, keep_raw=False
    )


async def _of_waiting(work: UnitOfWork, inbound_id: int, heard: Edited | Deleted) -> Outcome:
    """Change a reply that waits for its thread: an edit waits behind it, a deletion ends both."""
    if isinstance(heard, Edited):
        key = heard.thread_keys[0]
        return Outcome("suppressed", reason="not_addressed", keep_raw=True, waits_for=key)
    await waiting.forget(work, [inbound_id])
    return Outcome("suppressed", reason="deleted_before", keep_raw=False)


async def _unused(work: UnitOfWork, place: _Place, heard: Edited) -> Outcome | None:
    """Say why an edit changes nothing, where that is so."""
    ticket_id, message = place.ticket.id, place.message
    if message.seq in await erasure.erased(work, ticket_id):
        # It came after the deletion that followed it, and would bring the words again.
        return Outcome(
            "suppressed",
            reason="deleted_before",
            ticket_id=ticket_id,
            message_id=message.id,
            keep_raw=False,
        )
    if message.text == heard.text:
        return Outcome(
            "suppressed", reason="nothing_changed", ticket_id=ticket_id, message_id=message.id
        )
    return None


def _named_after(ticket: Ticket, message: Message) -> bool:
    """Tell whether the ticket's subject is made of this message's first words."""
    return ticket.subject == headline(message.text)
