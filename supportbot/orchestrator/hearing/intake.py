"""What arrives is on disk, under the provider's keys, before anybody is told that it arrived.

Slack and web are understood in the transaction that stores them. Mail is understood afterwards, by
the backlog, so that an acknowledgement never waits for a parser; and so is what may wait, where
more arrives than can be understood at once.
"""

from __future__ import annotations

from supportbot.model.inbound import Accepted, Inbound
from supportbot.orchestrator.hearing.backlog import Backlog
from supportbot.orchestrator.hearing.understanding import (
    Understanding,
    alone_with,
    in_spite_of_twins,
)
from supportbot.orchestrator.room import Room
from supportbot.orchestrator.storable import storable
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import inbound as inbounds
from supportbot.store import tickets, waiting
from supportbot.store.inbound import Earlier, Outcome, Settled
from supportbot.store.unit_of_work import UnitOfWork

#: Where so many are being stored at a time, a sender would wait too long for all of it.
_CROWD = 16


class Intake:
    """Takes what channels hear. `accept` is the callable they are given."""

    def __init__(
        self,
        wiring: Wiring,
        understanding: Understanding,
        backlog: Backlog,
        room: Room | None = None,
    ) -> None:
        self._wiring = wiring
        self._room = room
        self._understanding = understanding
        self._backlog = backlog
        self._under_way = 0

    async def accept(self, inbound: Inbound) -> Accepted:
        """Commit what arrived; a repeated delivery is found by its keys and changes nothing.

        Raises:
            StoreUnavailable: it is not on disk; the sender must be asked to try again.
            StoreFull: there is no room for it.
        """
        if inbound.deferred and self._room is not None:
            await self._room.take(len(inbound.raw))
        clean = storable(inbound)
        self._under_way += 1
        try:
            return await in_spite_of_twins(lambda: self._accept(clean))
        finally:
            self._under_way -= 1

    async def _accept(self, inbound: Inbound) -> Accepted:
        channel = self._wiring.channels[inbound.channel]
        later = inbound.deferred or (inbound.may_wait and self._under_way > _CROWD)
        heard = None if later else await self._understanding.parse(channel, inbound)
        async with self._wiring.db.writing(urgent=True) as work:
            await alone_with(work, channel.id, inbound, heard)
            place = await inbounds.look(work, channel.id, inbound.keys)
            if place.earlier is not None:
                return _repeated(place.earlier)
            # Nothing that may wait overtakes what waits already.
            if heard is None or (inbound.may_wait and place.behind):
                work.after_commit(self._backlog.more.set)
                return Accepted(await inbounds.add(work, channel.id, inbound))
            outcome = await self._understanding.decide(work, inbound, heard, awaited=place.awaited)
            settled = Settled(outcome, self._wiring.clock())
            inbound_id = await inbounds.add(work, channel.id, inbound, settled)
            if outcome.waits_for is not None:
                await waiting.add(work, channel.id, inbound_id, inbound, outcome.waits_for)
            return Accepted(
                inbound_id,
                ticket=await _public_id(work, outcome),
                suppressed=outcome.reason if outcome.ticket_id is None else None,
                note=outcome.note,
                form=outcome.form,
            )


def _repeated(earlier: Earlier) -> Accepted:
    suppressed = earlier.reason if earlier.ticket is None else None
    return Accepted(earlier.id, duplicate=True, ticket=earlier.ticket, suppressed=suppressed)


async def _public_id(work: UnitOfWork, outcome: Outcome) -> str | None:
    if outcome.ticket is not None or outcome.ticket_id is None:
        return outcome.ticket
    return (await tickets.get(work, outcome.ticket_id)).public_id
