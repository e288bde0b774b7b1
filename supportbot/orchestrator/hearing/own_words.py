"""What operators and bystanders change, or take back, of what they wrote in a customer's thread."""

from __future__ import annotations

from supportbot.model.message import Message, Visibility
from supportbot.model.ticket import ActorKind, EventKind, Handler, Status, Ticket
from supportbot.orchestrator.hearing.withdrawing import DELETED, TAKEN_BACK, take_back
from supportbot.orchestrator.owed import owed_now
from supportbot.orchestrator.telling.notices import change_words, discarded
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import erasure, pressable, summaries, threads
from supportbot.store.inbound import Outcome
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork


def is_own(message: Message) -> bool:
    """Tell a message that is nobody's question: nothing is owed because of it."""
    return message.author.kind is not ActorKind.CUSTOMER


async def reworded(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message, text: str
) -> Outcome:
    """Let a message have other words, also where it was sent on to the customer."""
    at = wiring.clock()
    await threads.rewrite_body(work, message.id, text, "edited by its author", at)
    await summaries.erase_covering(work, ticket.id, message.seq, at)
    await _show(wiring, work, ticket, message, None)
    data: dict[str, object] = {"seq": message.seq, "answered": True}
    await threads.append_events(
        work, ticket, [NewEvent(EventKind.EDITED, message.author, data=data)], at
    )
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
    return Outcome("edited", ticket_id=ticket.id, message_id=message.id)


async def taken_back(wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message) -> Outcome:
    """Erase a message, and take it from where it was sent on to; what it covered stays covered."""
    at = wiring.clock()
    await pressable.withdraw(work, message, "taken back by its author")
    await _show(wiring, work, ticket, message, TAKEN_BACK)
    events = [NewEvent(EventKind.DELETED, message.author, data={"seq": message.seq})]
    if message.author.kind is ActorKind.GUEST:
        gone = await take_back(wiring, work, ticket, message, at)
        events += discarded(gone.drafts, "deleted")
        in_charge = ticket.handler is Handler.BOT and ticket.status is not Status.RESOLVED
        if gone.is_owed_anew and in_charge:
            events += await owed_now(work, ticket, gone.drafts, at)
    else:
        await erasure.erase(work, message, DELETED, at)
        await erasure.erase_drafts(work, ticket.id, message.seq)
        await summaries.erase_covering(work, ticket.id, message.seq, at)
    await threads.append_events(work, ticket, events, at)
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
    return Outcome("deleted", ticket_id=ticket.id, message_id=message.id, keep_raw=False)


async def _show(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, message: Message, text: str | None
) -> None:
    if message.visibility is Visibility.PUBLIC:
        standing = await pressable.of_message(work, ticket.id, message.id)
        if standing is not None:
            await change_words(wiring, work, standing, text, standing.offers)
