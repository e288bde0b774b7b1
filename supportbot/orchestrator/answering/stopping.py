"""The stop button: a customer wants no more of the answer that is being made."""

from __future__ import annotations

from datetime import datetime, timedelta

from supportbot.model.delivery import Delivery
from supportbot.model.ticket import Actor, EventKind, Handler, Status, Ticket
from supportbot.orchestrator.answering.turn import from_customer
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import live, threads, tickets
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

#: Why the transcript says that nothing is answered, and what the call that was given up ended by.
STOPPED = "stopped"
#: Marks a stop of which the growing reply itself told, before a press was heard of.
_SEEN = "as_it_grew"
#: So far the clock of a channel may be from ours.
_SKEW = timedelta(seconds=5)


async def stop(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, actor: Actor, at: datetime | None = None
) -> bool:
    """Settle what the bot is answering without an answer.

    The caller holds the ticket's row. What was seen of a reply stays: whoever writes it finds the
    fence moved, and ends it as it is. Only what was being answered is settled; what was asked
    besides is answered next. `at` is when it was pressed, by the channel's clock; None: a growing
    reply told of it. False: there was nothing to stop.
    """
    growing = await live.open_of(work, ticket.id)
    if growing is not None and growing.handler_epoch != ticket.handler_epoch:
        growing = None  # it is being ended already
    if ticket.handler is not Handler.BOT or not (ticket.bot_owes or growing):
        return False
    upto = await _reach(work, ticket, growing, at)
    if upto is None:
        return False
    head: dict[str, object] = {"attempts": 0}
    if ticket.asked_seq <= upto:
        head |= {"status": Status.PENDING, "waiting_since": None}
    if growing is not None:
        head["handler_epoch"] = ticket.handler_epoch + 1
    await tickets.change(work, ticket.id, answered_seq=max(ticket.answered_seq, upto), **head)
    event = NewEvent(EventKind.SUPPRESSED, actor, STOPPED, {"upto": upto, _SEEN: at is None})
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


async def _reach(
    work: UnitOfWork, ticket: Ticket, growing: Delivery | None, at: datetime | None
) -> int | None:
    """Return the newest question whose answer was stopped; None: it was none that is open."""
    answering = growing.upto_seq if growing is not None else None
    if at is None:
        return answering
    if await _known(work, ticket, at):
        return None
    asked = await _asked_before(work, ticket, at)
    if answering is not None:
        return answering if answering <= asked else None
    return asked if asked > ticket.answered_seq else None


async def _known(work: UnitOfWork, ticket: Ticket, at: datetime) -> bool:
    """Tell whether a growing reply has told of this press: it must not stop the next one too."""
    stops = [one for one in await threads.events(work, ticket.id) if one.reason == STOPPED]
    return any(one.data.get(_SEEN) and one.at + _SKEW >= at for one in stops)


async def _asked_before(work: UnitOfWork, ticket: Ticket, at: datetime) -> int:
    """Return the newest question of those that were all asked before a moment; 0: none was."""
    newest = 0
    for message in await threads.messages(work, ticket.id, episode_n=ticket.episode_n):
        if from_customer(message):
            if (message.sent_at or message.created_at) > at:
                break
            newest = message.seq
    return newest
