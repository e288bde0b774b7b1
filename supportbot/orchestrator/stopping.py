"""The stop button: a customer wants no more of the answer that is being made."""

from __future__ import annotations

from datetime import datetime, timedelta

from supportbot.model.ticket import Actor, EventKind, Handler, Status, Ticket
from supportbot.orchestrator.turn import from_customer
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import live, threads, tickets
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

STOPPED = "stopped"
#: So far the clock of a channel may be from ours.
_SKEW = timedelta(seconds=5)


async def stop(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, actor: Actor, at: datetime | None = None
) -> bool:
    """Settle what the bot is answering without an answer; the ticket waits for its customer.

    The caller holds the ticket's row. What was seen of a reply stays: whoever writes it finds the
    fence moved, and ends it as it is. `at` is when it was pressed: what was asked later is
    answered. False: there was nothing to stop.
    """
    growing = await live.open_of(work, ticket.id)
    if growing is not None and growing.handler_epoch != ticket.handler_epoch:
        growing = None  # it is being ended already
    if ticket.handler is not Handler.BOT or not (ticket.bot_owes or growing):
        return False
    if at is not None and await _asked_after(work, ticket, at):
        return False
    head: dict[str, object] = {"status": Status.PENDING, "waiting_since": None, "attempts": 0}
    if growing is not None:
        head["handler_epoch"] = ticket.handler_epoch + 1
    await tickets.change(work, ticket.id, answered_seq=ticket.asked_seq, **head)
    event = NewEvent(EventKind.SUPPRESSED, actor, STOPPED, {"upto": ticket.asked_seq})
    await threads.append_events(work, ticket, [event], wiring.clock())
    await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
    return True


async def was_stopped(work: UnitOfWork, ticket: Ticket, upto_seq: int) -> bool:
    """Tell whether the answer to a message was stopped by its customer."""
    for event in await threads.events(work, ticket.id):
        stopped = event.kind is EventKind.SUPPRESSED and event.reason == STOPPED
        upto = event.data.get("upto")
        if stopped and isinstance(upto, int) and upto >= upto_seq:
            return True
    return False


async def _asked_after(work: UnitOfWork, ticket: Ticket, at: datetime) -> bool:
    thread = await threads.messages(work, ticket.id, episode_n=ticket.episode_n)
    heard = [message.created_at for message in thread if from_customer(message)]
    return bool(heard) and heard[-1] > at + _SKEW
