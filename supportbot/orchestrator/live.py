"""A reply that grows in the customer's sight: claimed first, reviewed and fenced as it grows.

The delivery in state `live` claims the turn before any text is shown and keeps the provider's
message id; whatever happens then, that one message is finished, never a second one begun.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from supportbot.channels.base import LiveChannel, LiveReply
from supportbot.errors import ChannelError, StoreUnavailable
from supportbot.model.catalog import Mode
from supportbot.model.delivery import Delivery
from supportbot.model.policy import CompiledPolicy
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.turn import Moved, Turn
from supportbot.orchestrator.wiring import Wiring
from supportbot.policy.release import may_grow, releasable
from supportbot.store import live, tickets


@dataclass(frozen=True, slots=True)
class LiveRules:
    """How a live reply grows."""

    #: An answer that is whole by then is sent in one piece.
    start_seconds: float = 0.4
    #: At most one update so often; every provider counts them.
    flush_seconds: float = 0.6
    #: A live reply whose writer was silent for so long was interrupted.
    lease_seconds: float = 8.0


class Stopped(Exception):
    """What the model is saying must never be said."""


def live_channel(wiring: Wiring, ticket: Ticket) -> LiveChannel | None:
    """Return the channel of a ticket if replies can grow in it."""
    channel = wiring.channels.get(ticket.channel)
    return channel.live if channel else None


def voice_of(wiring: Wiring, turn: Turn, rules: LiveRules) -> Voice:
    """Choose how a turn's answer is heard: as it grows where that may be, else when it is whole."""
    channel = live_channel(wiring, turn.ticket)
    grows = turn.mode is Mode.AUTO and may_grow(turn.published.policy) and turn.live is None
    if channel is None or not grows:
        return Hidden(turn.live)
    return LiveAnswer(wiring, turn, channel, rules)


class Hidden:
    """Shows nothing before the answer is whole; a crash may have left a claim of the turn."""

    def __init__(self, delivery: Delivery | None) -> None:
        self.delivery = delivery
        self.shown = delivery.text if delivery else ""
        self.before = ""

    def begin(self) -> None:
        """Do nothing: a model is asked."""

    def grow(self, text: str) -> None:
        """Do nothing: the text is not whole."""

    async def rest(self) -> Delivery | None:
        """Return the claim of the turn, if there is one."""
        return self.delivery

    def go_on(self) -> None:
        """Do nothing."""

    async def end(self) -> None:
        """Do nothing."""


class LiveAnswer:
    """The answer of one turn on its way to be seen."""

    def __init__(self, wiring: Wiring, turn: Turn, channel: LiveChannel, rules: LiveRules) -> None:
        self._wiring = wiring
        self._turn = turn
        self._channel = channel
        self._rules = rules
        self._policy: CompiledPolicy = turn.published.policy
        self._wanted = ""
        self._resting = False
        #: Held while a step towards the customer is taken.
        self._step = asyncio.Lock()
        self._changed = asyncio.Event()
        self._ending = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._reply: LiveReply | None = None
        #: The claim, once the turn is claimed; the customer may see something from then on.
        self.delivery: Delivery | None = None
        #: What the customer can see.
        self.shown = ""
        #: What stands before the text of the present call: words of earlier ones that were seen.
        self.before = ""

    def begin(self) -> None:
        """Note that a model is asked: its words come behind what can be seen already."""
        self.before = f"{self.shown}\n\n" if self.shown else ""
        self._wanted = self.shown
        self.go_on()

    def grow(self, text: str) -> None:
        """Show as much of an unfinished answer as may be seen; returns at once.

        Raises:
            Stopped: the text holds what must never be said.
            Moved: somebody else has the ticket; nothing more is shown.
        """
        part = releasable(self.before + text, self._policy)
        if part is None:
            raise Stopped
        if len(part) > len(self._wanted):
            self._wanted = part
            self._changed.set()
        if self._writing is None and self._wanted:
            self._writing = asyncio.create_task(self._write())
        self._raise_failure()

    async def rest(self) -> Delivery | None:
        """Let the turn be claimed by nobody until `go_on` or `begin`; return the claim there is.

        Raises:
            Moved: somebody else has the ticket.
        """
        async with self._step:
            self._resting = True
        self._raise_failure()
        return self.delivery

    def go_on(self) -> None:
        """End the rest."""
        self._resting = False

    async def end(self) -> None:
        """Show nothing more, and wait until nothing is on its way.

        Raises:
            Moved: somebody else has the ticket.
        """
        self._ending.set()
        self._changed.set()
        if self._writing is not None:
            await asyncio.wait((self._writing,))
            self._raise_failure()

    def _raise_failure(self) -> None:
        writing = self._writing
        failure = writing.exception() if writing is not None and writing.done() else None
        if failure is not None:
            raise failure

    async def _write(self) -> None:
        await _first(self._ending, seconds=self._rules.start_seconds)
        may_go_on = True
        while may_go_on and not self._ending.is_set():
            async with self._step:
                may_go_on = await self._take_step()
            await _first(self._ending, seconds=self._rules.flush_seconds)
            # Nothing new for long: the claim is renewed all the same.
            await _first(self._changed, seconds=self._rules.lease_seconds / 3)

    async def _take_step(self) -> bool:
        """Open the message or show more of it; False: the rest is seen when it is whole.

        Where the store is away nothing more is shown; whether a claim was written then, the commit
        of the answer will tell.
        """
        if self.delivery is None and self._resting:
            return True
        try:
            if self._reply is None:
                self._reply = await self._open()
            if self._reply is not None:
                await self._flush(self._reply)
        except StoreUnavailable:
            return False
        return self._reply is not None

    async def _open(self) -> LiveReply | None:
        """Claim the turn, then open the message; None where it can't be opened now."""
        self.delivery = await self._claim()
        if self.delivery is None:
            return None
        try:
            reply = await self._channel.open_live(self.delivery)
        except ChannelError:
            return None  # the whole answer is sent at the end, as ever
        async with self._wiring.db.writing() as work:
            self.delivery = await live.name(work, self.delivery, reply.provider_id)
        return reply

    async def _claim(self) -> Delivery | None:
        """Cover the turn and write its delivery; None while older words are on their way.

        Raises:
            Moved: the fence has moved.
        """
        ticket, upto_seq = self._turn.ticket, self._turn.upto_seq
        async with self._wiring.db.writing() as work:
            if await live.any_unsent(work, ticket.id):
                return None
            at = self._wiring.clock()
            claimed = await live.claim(work, ticket, upto_seq, at, at + self._lease())
            if claimed is not None and not await tickets.cover(work, ticket, upto_seq):
                raise Moved
        return claimed

    async def _flush(self, reply: LiveReply) -> None:
        self._changed.clear()
        part = self.shown if self._resting else self._wanted
        if self.delivery is None:
            return
        async with self._wiring.db.writing() as work:
            until = self._wiring.clock() + self._lease()
            if not await live.grow(work, self.delivery, part, until):
                raise Moved
        if part == self.shown:
            return
        with suppress(ChannelError):  # too fast for the provider: the next one shows more
            await reply.append(part)
            self.shown = part

    def _lease(self) -> timedelta:
        return timedelta(seconds=self._rules.lease_seconds)


#: How the answer of a turn is heard.
Voice = Hidden | LiveAnswer


async def _first(event: asyncio.Event, *, seconds: float) -> None:
    """Wait for the event, but not longer than so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
