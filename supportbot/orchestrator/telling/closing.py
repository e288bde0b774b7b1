"""A ticket ends: who resolved it, and how, is stored, never guessed when it is read."""

from __future__ import annotations

from supportbot.model.catalog import Mode
from supportbot.model.ticket import Actor, ActorKind, EventKind, Resolution, Status, Ticket
from supportbot.orchestrator import standing
from supportbot.orchestrator.telling.notices import drop_drafts
from supportbot.orchestrator.telling.opinions import ask_score
from supportbot.orchestrator.telling.packet import update_packets
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import threads, tickets
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork


async def resolve(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, actor: Actor, *, by: str | None = None
) -> None:
    """Resolve a ticket in the caller's transaction; one that is resolved already stays so.

    `by` names an operator where notices tell who it was.
    """
    if ticket.status is Status.RESOLVED:
        return
    at = wiring.clock()
    reason = await _resolution(work, ticket, actor)
    events = await drop_drafts(wiring, work, ticket, "resolved")
    events.append(NewEvent(EventKind.RESOLVED, actor, reason=reason))
    await threads.append_events(work, ticket, events, at)
    await tickets.change(
        work,
        ticket.id,
        status=Status.RESOLVED,
        answered_seq=ticket.asked_seq,
        handler_epoch=ticket.handler_epoch + 1,
        waiting_since=None,
        attempts=0,
        retry_at=None,
    )
    await standing.changed(wiring, work, ticket)
    await update_packets(wiring, work, ticket.id, _said(actor, by))
    await ask_score(wiring, work, ticket, actor)
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)


def _said(actor: Actor, by: str | None) -> str:
    """Say below the packets who resolved the ticket."""
    if actor.kind is ActorKind.SYSTEM:
        return "Resolved: the customer did not write again."
    return f"Resolved by {by or 'the customer'}."


async def reopen(wiring: Wiring, work: UnitOfWork, ticket: Ticket, actor: Actor) -> Ticket:
    """Begin a resolved ticket's next episode, the bot in charge; return it as it is then."""
    at = wiring.clock()
    await threads.next_episode(work, ticket, at)
    opened = await tickets.get(work, ticket.id)
    await standing.changed(wiring, work, opened)
    eligible = wiring.mode(ticket.product) is not Mode.OFF
    event = NewEvent(EventKind.REOPENED, actor, data={"eligible": eligible})
    await threads.append_events(work, opened, [event], at)
    return opened


async def _resolution(work: UnitOfWork, ticket: Ticket, actor: Actor) -> Resolution:
    """Say how the current episode ends: exactly one of the resolutions."""
    if actor.kind is ActorKind.OPERATOR:
        return Resolution.HUMAN
    episodes = await threads.episodes(work, ticket.id)
    current = episodes[-1] if episodes else None
    by_bot = bool(current and current.bot_messages and not current.human_messages)
    if by_bot and current and current.handoff_at is None:
        confirmed = actor.kind is ActorKind.CUSTOMER
        return Resolution.BOT_CONFIRMED if confirmed else Resolution.BOT_ASSUMED
    if current and current.human_messages:
        return Resolution.HUMAN
    return Resolution.CUSTOMER if actor.kind is ActorKind.CUSTOMER else Resolution.ABANDONED
