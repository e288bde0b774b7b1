"""What is on disk and not understood yet: the oldest first, an outcome for every row.

Small arrivals of different customers and threads are understood side by side, or the backlog of a
rush would last longer than the rush; within a thread, and of one customer, in their order: what
follows a row that failed waits with it, and everything else goes on. Of a row whose parser broke
nobody knows what follows it, so all of its channel waits; but for one whose parser took too long
nothing waits, or a single mail could stop a mailbox for minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import IntegrityError

from supportbot.errors import InboundRefused, StoreUnavailable, Unparsable
from supportbot.model.inbound import (
    CustomerMessage,
    Edited,
    Heard,
    Ignored,
    Introduced,
    OperatorMessage,
    StoredInbound,
)
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.hearing.understanding import (
    Understanding,
    alone_with,
    in_spite_of_twins,
)
from supportbot.orchestrator.pause import pause
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import inbound as inbounds
from supportbot.store import waiting
from supportbot.store.inbound import Outcome

_BATCH = 64
_MAX_ATTEMPTS = 5
_SIDE_BY_SIDE = 8
#: What is larger is understood alone: a parser may need many times as much memory.
_SMALL_BYTES = 65_536
#: A row at which the store was away more often may be the cause: the others no longer wait for it.
_MOST_OUTAGES = 3
_MOST_REASON_CHARS = 255


@dataclass(frozen=True, slots=True)
class _Read:
    """A row and what its parser made of it; None: nothing yet."""

    stored: StoredInbound
    heard: Heard | InboundRefused | None = None
    #: How the parser failed.
    error: Exception | None = None

    @property
    def names(self) -> set[str]:
        """Whatever shares one of these must be understood in the order it arrived."""
        heard = self.heard
        if isinstance(heard, Edited) and heard.calls is not None:
            heard = heard.calls
        match heard:
            case CustomerMessage():
                mail = heard.correspondence
                beside = mail.beside if mail is not None else ()
                return {*heard.thread_keys, *beside, f"from {heard.sender.external_id}"}
            case OperatorMessage():
                below = {f"below {heard.below}"} if heard.below else set()
                return {*heard.thread_keys, *below}
            case Introduced():
                return {f"from {heard.sender.external_id}"}
            case None | InboundRefused() | Ignored():
                return set()
        return {*heard.thread_keys}

    @property
    def waits_for(self) -> set[str]:
        """Where one of these is held, it waits."""
        names = self.names
        return {*names, self._whole_channel} if names else names

    @property
    def holds(self) -> set[str]:
        """What is held while it fails; of a channel that is gone nothing will be understood."""
        nameless = not (self.error is None or isinstance(self.error, TimeoutError | Unparsable))
        return {self._whole_channel} if nameless else self.names

    @property
    def _whole_channel(self) -> str:
        return f"all of {self.stored.inbound.channel}"


@dataclass(slots=True)
class _Strand:
    """Rows in an order that must be kept."""

    names: set[str]
    rows: list[_Read] = field(default_factory=list)


@dataclass(slots=True)
class _Pass:
    """How far one look at the oldest rows has come."""

    #: So many rows found an outcome.
    settled: int = 0
    #: What shares one of these waits: something before it failed.
    held: set[str] = field(default_factory=set)
    #: True: the store cannot be written now; everything waits.
    away: bool = False


class Backlog:
    """Understands what was not understood when it arrived."""

    def __init__(self, wiring: Wiring, understanding: Understanding) -> None:
        self._wiring = wiring
        self._understanding = understanding
        #: Set when there is more to do.
        self.more = asyncio.Event()
        #: Rows that were claimed and are not to blame that nothing came of it: their claim still
        #: stands, and they are not claimed again. How often the store was away at each.
        self._standing: dict[int, int] = {}

    async def run(self) -> None:
        """Understand rows as they come until cancelled."""
        while True:
            self.more.clear()
            handled = await survive("backlog", self.drain())
            if not handled or isinstance(handled, Exception):
                await pause(1.0, unless=self.more)

    async def drain(self) -> int:
        """Understand the oldest rows without an outcome; return how many found one.

        Where some of them have to wait, those behind them are looked at as well.

        Raises:
            StoreUnavailable: the store cannot be read, or nothing can be claimed in it.
        """
        going, after_id, found_all = _Pass(), 0, False
        while not found_all and not going.away and going.settled < _BATCH:
            async with self._wiring.db.reading() as work:
                found = await inbounds.unsettled(work, _BATCH, after_id)
            if not found and not after_id:
                self._standing.clear()
            await self._batch(found, going)
            found_all = not found
            after_id = found[-1].id if found else after_id
        return going.settled

    async def _batch(self, found: Sequence[StoredInbound], going: _Pass) -> None:
        small: list[StoredInbound] = []
        for stored in found:
            # One that was begun before may have ended the process: it takes no other along.
            if not self._begun(stored) and len(stored.inbound.raw) <= _SMALL_BYTES:
                small.append(stored)
                continue
            await self._side_by_side(small, going)
            await self._alone(stored, going)
            small = []
        await self._side_by_side(small, going)

    async def _alone(self, stored: StoredInbound, going: _Pass) -> None:
        if self._begun(stored) < _MAX_ATTEMPTS:
            await self._side_by_side([stored], going)
        elif not going.away:  # each of them ended with the process
            await self._park(stored, Unparsable("not understood before the process died"))
            going.settled += 1

    async def _side_by_side(self, rows: Sequence[StoredInbound], going: _Pass) -> None:
        if not rows or going.away:
            return
        await self._claim([row for row in rows if row.id not in self._standing])
        read: list[_Read] = []
        for stored in rows:
            read.append(await self._read(stored))
            if read[-1].error is not None:  # what it holds must be known to those behind it
                await self._in_strands(read, going)
                read = []
        await self._in_strands(read, going)

    async def _in_strands(self, rows: Sequence[_Read], going: _Pass) -> None:
        gate = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def settle(strand: _Strand) -> None:
            async with gate:
                for read in strand.rows:
                    await self._one(read, going)

        await asyncio.gather(*map(settle, _strands(rows)))

    def _begun(self, stored: StoredInbound) -> int:
        """Count the attempts at a row, as it was read, that are over."""
        return stored.attempts - (stored.id in self._standing)

    async def _claim(self, rows: Sequence[StoredInbound]) -> None:
        """Count an attempt of each on disk: the process may not outlive what follows."""
        if not rows:
            return
        async with self._wiring.db.writing() as work:
            await inbounds.claim(work, [stored.id for stored in rows])

    async def _read(self, stored: StoredInbound) -> _Read:
        """Parse a row ahead of its turn; one whose parser fails is left as it is."""
        read = await survive("parse", self._parsed(stored), inbound_id=stored.id)
        return _Read(stored, error=read) if isinstance(read, Exception) else read

    async def _parsed(self, stored: StoredInbound) -> _Read:
        channel = self._wiring.channels.get(stored.inbound.channel)
        if channel is None:
            raise Unparsable(f"channel {stored.inbound.channel} is not configured any more")
        return _Read(stored, await self._understanding.parse(channel, stored.inbound))

    async def _one(self, read: _Read, going: _Pass) -> None:
        """Give a row its outcome, or hold back what must not overtake it."""
        stored, names = read.stored, read.names
        if going.away or read.waits_for & going.held:
            going.held |= names
            self._standing.setdefault(stored.id, 0)
            return
        done = read.error or await survive("intake", self._decide(read), inbound_id=stored.id)
        if done is not None and _is_away(done):
            outages = self._standing.get(stored.id, 0) + 1
            self._standing[stored.id] = outages
            going.away |= outages <= _MOST_OUTAGES
            going.held |= names
            return
        last = self._begun(stored) + 1 >= _MAX_ATTEMPTS
        self._standing.pop(stored.id, None)
        if done is not None and last:
            done = await survive("park", self._park(stored, done), inbound_id=stored.id)
        if done is None:
            going.settled += 1
        else:
            going.held |= read.holds

    async def _decide(self, read: _Read) -> None:
        heard = read.heard
        if heard is None:
            return
        stored = read.stored
        outcome = await in_spite_of_twins(lambda: self._settle(stored, heard))
        if outcome is None or outcome.ticket_id is not None or outcome.reason is None:
            return
        telling = self._wiring.channels[stored.inbound.channel].telling
        if telling is not None:
            telling.tell_late(stored.inbound, outcome.reason)

    async def _settle(self, stored: StoredInbound, heard: Heard | InboundRefused) -> Outcome | None:
        """Give a row its outcome and return it; None: it has one already."""
        async with self._wiring.db.writing() as work:
            if not await inbounds.still_waits(work, stored.id):
                return None
            channel = self._wiring.channels[stored.inbound.channel]
            await alone_with(work, channel.id, stored.inbound, heard)
            outcome = await self._understanding.decide(work, stored.inbound, heard)
            outcome = replace(outcome, parser=channel.parser_version)
            if isinstance(heard, InboundRefused):  # whoever looks at it wants to know more
                outcome = replace(outcome, reason=f"{heard.reason}: {heard}"[:_MOST_REASON_CHARS])
            await inbounds.settle(work, stored.id, outcome, self._wiring.clock())
            if outcome.waits_for is not None:
                await waiting.add(work, channel.id, stored.id, stored.inbound, outcome.waits_for)
            return outcome

    async def _park(self, stored: StoredInbound, error: Exception) -> None:
        outcome = Outcome("refused", reason=f"parked: {type(error).__name__}")
        async with self._wiring.db.writing() as work:
            await inbounds.settle(work, stored.id, outcome, self._wiring.clock())


def _is_away(error: Exception) -> bool:
    """Tell a store that cannot be written, which is never a row's fault, from what may be one."""
    twins = isinstance(error.__cause__, IntegrityError)
    return isinstance(error, StoreUnavailable) and not twins


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
