"""How a ticket stands is shown where its customer writes, and is true there in the end.

Before anything is shown that will not stay so, and with everything that changes how a ticket
stands, its place becomes a row; the row goes once the channel was told. Whoever settles the ticket
next tells what a killed process left, and the sweep wakes what could not be told.
"""

from __future__ import annotations

from collections.abc import Mapping

from supportbot.channels.base import StatusChannel
from supportbot.errors import ChannelError, SendError
from supportbot.model.ticket import Standing, Ticket
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import tickets, untold
from supportbot.store.unit_of_work import UnitOfWork
from supportbot.store.untold import Untold


async def changed(wiring: Wiring, work: UnitOfWork, ticket: Ticket) -> None:
    """Note, in the caller's transaction, that a ticket stands otherwise from now on.

    Whoever calls wakes the ticket.
    """
    if wiring.status_of(ticket) is not None:
        await untold.add(work, ticket.id, ticket.target)


async def moved(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, target: Mapping[str, str]
) -> None:
    """Note, in the caller's transaction, that a ticket which shows something goes on elsewhere."""
    channel = wiring.status_of(ticket)
    if channel is None or ticket.standing is Standing.RESTING:
        return
    if channel.place_of(target) != channel.place_of(ticket.target):
        await untold.add(work, ticket.id, ticket.target)
        await untold.add(work, ticket.id, target)


def tell_soon(wiring: Wiring, ticket_id: int) -> None:
    """Let it be told how a ticket stands, whose answer is there or will not come."""
    if any(channel.status for channel in wiring.channels.values()):
        wiring.working.end(ticket_id, lambda: _tell(wiring, ticket_id))


async def _tell(wiring: Wiring, ticket_id: int) -> None:
    async with wiring.db.reading() as work:
        places = await untold.of_ticket(work, ticket_id)
        if not places:
            return
        ticket = await tickets.get(work, ticket_id)
    channel = wiring.status_of(ticket)
    told = await _told(wiring, channel, ticket, places) if channel else places
    async with wiring.db.writing() as work:
        await untold.told(work, told)


async def _told(
    wiring: Wiring, channel: StatusChannel, ticket: Ticket, places: list[Untold]
) -> list[Untold]:
    """Tell each place once; where the ticket does not go on any more, it rests."""
    targets = {channel.place_of(one.target): one.target for one in places}
    here = channel.place_of(ticket.target)
    failed = {
        place: await wiring.working.say(
            channel, target, ticket.standing if place == here else Standing.RESTING
        )
        for place, target in targets.items()
    }
    return [one for one in places if not _passes(failed[channel.place_of(one.target)])]


def _passes(failure: ChannelError | None) -> bool:
    """Tell whether telling it again may help."""
    return failure is not None and not (isinstance(failure, SendError) and failure.permanent)
