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
from supportbot.errors import ChannelError
from supportbot.model.catalog import Mode
from supportbot.model.delivery import Delivery
from supportbot.model.policy import CompiledPolicy
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.turn import Turn
from supportbot.orchestrator.watch import Moved
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
    if channel is None or not isinstance(channel.adapter, LiveChannel):
        return None
    return channel.adapter


def can_grow(wiring: Wiring, turn: Turn) -> LiveChannel | None:
    """Return the channel if a turn's answer may be seen before it is whole."""
    if turn.mode is not Mode.AUTO or not may_grow(turn.published.policy):
        return None
    return live_channel(wiring, turn.ticket)


class LiveAnswer:
    """The answer of one turn on its way to be seen."""

    def __init__(self, wiring: Wiring, turn: Turn, channel: LiveChannel, rules: LiveRules) -> None:
        self._wiring = wiring
        self._turn = turn
        self._channel = channel
        self._rules = rules
        self._policy: CompiledPolicy = turn.published.policy
        self._wanted = ""
        self._changed = asyncio.Event()
        self._ending = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        #: The claim, once the turn is claimed; the customer may see something from then on.
        self.delivery: Delivery | None = None
        #: What the customer can see.
        self.shown = ""

    def grow(self, text: str) -> None:
        """Show as much of an unfinished answer as may be seen; returns at once.

        Raises:
            Stopped: the text holds what must never be said.
            Moved: somebody else has the ticket; nothing more is shown.
        """
        part = releasable(text, self._policy)
        if part is None:
            raise Stopped
        if len(part) > len(self._wanted):
            self._wanted = part
            self._changed.set()
        if self._writing is None and self._wanted:
            self._writing = asyncio.create_task(self._write())
        self._raise_failure()

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
        if self._ending.is_set():
            return
        reply = await self._open()
        while reply is not None and not self._ending.is_set():
            await self._flush(reply)
            await _first(self._ending, seconds=self._rules.flush_seconds)
            # Nothing new for long: the claim is renewed all the same.
            await _first(self._changed, seconds=self._rules.lease_seconds / 3)

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
        ticket = self._turn.ticket
        async with self._wiring.db.writing() as work:
            if await live.any_unsent(work, ticket.id):
                return None
            if not await tickets.cover(work, ticket, self._turn.upto_seq):
                raise Moved
            at = self._wiring.clock()
            return await live.claim(work, ticket, self._turn.upto_seq, at, at + self._lease())

    async def _flush(self, reply: LiveReply) -> None:
        self._changed.clear()
        part = self._wanted
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


async def _first(event: asyncio.Event, *, seconds: float) -> None:
    """Wait for the event, but not longer than so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
