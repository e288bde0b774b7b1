"""Who has a ticket where whoever steps in takes over: a bystander, or people who were asked for."""

from __future__ import annotations

from supportbot.model.ticket import ActorKind, EventKind, Handler, Ticket
from supportbot.store import threads
from supportbot.store.unit_of_work import UnitOfWork

_MOVES = frozenset({EventKind.TAKEOVER, EventKind.HANDOFF, EventKind.RETURNED})


async def bystander_has(work: UnitOfWork, ticket: Ticket) -> bool:
    """Tell whether the ticket is with somebody who stepped in, and operators were told nothing."""
    if ticket.handler is Handler.BOT:
        return False
    moves = [one for one in await threads.events(work, ticket.id) if one.kind in _MOVES]
    return bool(moves) and moves[-1].actor.kind is ActorKind.GUEST
