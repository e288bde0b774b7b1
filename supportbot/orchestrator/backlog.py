"""What is on disk and not understood yet: the oldest first, an outcome for every row.

Small arrivals of different customers and threads are understood side by side, or the backlog of a
rush would last longer than the rush; within a thread, and of one customer, in their order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from supportbot.errors import InboundRefused, Unparsable
from supportbot.model.inbound import CustomerMessage, Heard, Ignored, StoredInbound
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.understanding import Understanding, in_spite_of_twins
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import inbound as inbounds
from supportbot.store import waiting
from supportbot.store.inbound import Outcome

_BATCH = 64
_MAX_ATTEMPTS = 5
_SIDE_BY_SIDE = 8
#: What is larger is understood alone: a parser may need many times as much memory.
_SMALL_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class _Read:
    """A row and what its parser made of it; None: nothing yet."""

    stored: StoredInbound
    heard: Heard | InboundRefused | None = None

    @property
    def names(self) -> set[str]:
        """Whatever shares one of these must be understood in the order it arrived."""
        match self.heard:
            case CustomerMessage():
                return {*self.heard.thread_keys, f"from {self.heard.sender.external_id}"}
            case None | InboundRefused() | Ignored():
                return set()
        return {*self.heard.thread_keys}


@dataclass(slots=True)
class _Strand:
    """Rows in an order that must be kept."""

    names: set[str]
    rows: list[_Read] = field(default_factory=list)


class Backlog:
    """Understands what was not understood when it arrived."""

    def __init__(self, wiring: Wiring, understanding: Understanding) -> None:
        self._wiring = wiring
        self._understanding = understanding
        #: Set when there is more to do.
        self.more = asyncio.Event()

    async def run(self) -> None:
        """Understand rows as they come until cancelled."""
        while True:
            self.more.clear()
            handled = await survive("backlog", self.drain())
            if not handled or isinstance(handled, Exception):
                await _first(self.more, seconds=1.0)

    async def drain(self) -> int:
        """Understand the oldest rows without an outcome; return how many found one."""
        async with self._wiring.db.reading() as work:
            found = await inbounds.unsettled(work, _BATCH)
        settled = 0
        small: list[StoredInbound] = []
        for stored in found:
            # One that was begun before may have ended the process: it takes no other along.
            if stored.attempts == 0 and len(stored.inbound.raw) <= _SMALL_BYTES:
                small.append(stored)
                continue
            settled += await self._side_by_side(small)
            settled += await self._alone(stored)
            small = []
        return settled + await self._side_by_side(small)

    async def _alone(self, stored: StoredInbound) -> int:
        if stored.attempts >= _MAX_ATTEMPTS:  # each of them ended with the process
            await self._park(stored, Unparsable("not understood before the process died"))
            return 0
        await self._claim([stored])
        return await self._one(_Read(stored))

    async def _side_by_side(self, rows: Sequence[StoredInbound]) -> int:
        if not rows:
            return 0
        await self._claim(rows)
        gate = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def settle(strand: _Strand) -> int:
            async with gate:
                for done, read in enumerate(strand.rows):
                    if not await self._one(read):
                        return done  # what follows it waits with it
            return len(strand.rows)

        strands = _strands([await self._read(stored) for stored in rows])
        return sum(await asyncio.gather(*map(settle, strands)))

    async def _claim(self, rows: Sequence[StoredInbound]) -> None:
        """Count an attempt of each on disk: the process may not outlive what follows."""
        async with self._wiring.db.writing() as work:
            await inbounds.claim(work, [stored.id for stored in rows])

    async def _read(self, stored: StoredInbound) -> _Read:
        """Parse a row ahead of its turn; one whose parser fails is left as it is."""
        read = await survive("parse", self._parsed(_Read(stored)), inbound_id=stored.id)
        return _Read(stored) if isinstance(read, Exception) else read

    async def _parsed(self, read: _Read) -> _Read:
        if read.heard is not None:
            return read
        stored = read.stored
        channel = self._wiring.channels.get(stored.inbound.channel)
        if channel is None:
            raise Unparsable(f"channel {stored.inbound.channel} is not configured any more")
        return _Read(stored, await self._understanding.parse(channel, stored.inbound))

    async def _one(self, read: _Read) -> bool:
        """Give a row its outcome; False where that failed."""
        stored = read.stored
        result = await survive("intake", self._understand(read), inbound_id=stored.id)
        if isinstance(result, Exception) and stored.attempts + 1 >= _MAX_ATTEMPTS:
            await self._park(stored, result)
        return not isinstance(result, Exception)

    async def _understand(self, read: _Read) -> None:
        heard = (await self._parsed(read)).heard
        if heard is not None:
            await in_spite_of_twins(lambda: self._settle(read.stored, heard))

    async def _settle(self, stored: StoredInbound, heard: Heard | InboundRefused) -> None:
        async with self._wiring.db.writing() as work:
            if not await inbounds.still_waits(work, stored.id):
                return
            outcome = await self._understanding.decide(work, stored.inbound, heard)
            await inbounds.settle(work, stored.id, outcome, self._wiring.clock())
            if outcome.waits_for is not None:
                channel = self._wiring.channels[stored.inbound.channel]
                await waiting.add(work, channel.id, stored.id, stored.inbound, outcome.waits_for)

    async def _park(self, stored: StoredInbound, error: Exception) -> None:
        outcome = Outcome("refused", reason=f"parked: {type(error).__name__}")
        async with self._wiring.db.writing() as work:
            await inbounds.settle(work, stored.id, outcome, self._wiring.clock())


def _strands(rows: Iterable[_Read]) -> list[_Strand]:
    """Divide rows, in their order, into strands that share no name. Pure."""
    strands: list[_Strand] = []
    for read in rows:
        names = read.names
        joined = [strand for strand in strands if strand.names & names]
        whole = joined[0] if joined else _Strand(set())
        if not joined:
            strands.append(whole)
        for other in joined[1:]:
            strands.remove(other)
            whole.names |= other.names
            whole.rows = sorted(whole.rows + other.rows, key=lambda one: one.stored.id)
        whole.names |= names
        whole.rows.append(read)
    return strands


async def _first(event: asyncio.Event, *, seconds: float) -> None:
    """Wait for the event, but not longer than so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
