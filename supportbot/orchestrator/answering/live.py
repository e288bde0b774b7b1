"""A reply that grows in the customer's sight: claimed first, reviewed and fenced as it grows.

The delivery in state `live` claims the turn before any text is shown and keeps the provider's
message id; whatever happens then, that one message is finished, never a second one begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import structlog

from supportbot.channels.base import LiveChannel, LiveReply
from supportbot.errors import ChannelError, DeliveryUnknown, ReplyStopped, StoreUnavailable
from supportbot.model.catalog import Mode
from supportbot.model.delivery import Delivery
from supportbot.model.policy import CompiledPolicy
from supportbot.model.ticket import Actor, ActorKind, Ticket
from supportbot.orchestrator.answering.stopping import stop
from supportbot.orchestrator.answering.turn import Moved, Turn
from supportbot.orchestrator.pause import pause
from supportbot.orchestrator.standing import tell_soon
from supportbot.orchestrator.wiring import Wiring
from supportbot.policy.base import ReviewRule
from supportbot.policy.release import may_grow, releasable
from supportbot.store import live, tickets, unsent

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")
#: A text is looked at again once it is so much longer: all looks together then take time in
#: proportion to it, and the first sentence is found at once all the same.
_LONGER = 1.05


@dataclass(frozen=True, slots=True)
class LiveRules:
    """How a live reply grows."""

    #: An answer that is whole so soon after its first words is sent in one piece.
    start_seconds: float = 0.4
    #: At most one update so often; every provider counts them.
    flush_seconds: float = 0.6
    #: A live reply whose writer was silent for so long was interrupted.
    lease_seconds: float = 8.0
    #: A channel that takes longer over one step is not waited for.
    step_seconds: float = 2.5


class Stopped(Exception):
    """What the model is saying must never be said."""


def live_channel(wiring: Wiring, ticket: Ticket) -> LiveChannel | None:
    """Return the channel of a ticket if replies can grow in it."""
    channel = wiring.channels.get(ticket.channel)
    return channel.live if channel else None


async def take_away(wiring: Wiring, ticket: Ticket, claimed: Delivery, rules: LiveRules) -> None:
    """Remove the open message of a claim of which nothing was seen, before the claim is ended.

    Should that be interrupted, or the message stay, nothing worse follows: it has no words.
    """
    channel = live_channel(wiring, ticket)
    if channel is None:
        return
    try:
        async with asyncio.timeout(rules.step_seconds):
            await channel.discard(claimed)
    except (ChannelError, TimeoutError) as error:
        _log.warning("empty_reply_stays", delivery=claimed.id, error=type(error).__name__)


def voice_of(
    wiring: Wiring, turn: Turn, rules: LiveRules, review_rules: Sequence[ReviewRule]
) -> Voice:
    """Choose how a turn's answer is heard: as it grows where that may be, else when it is whole."""
    channel = live_channel(wiring, turn.ticket)
    may_be_seen = may_grow(turn.published.policy, review_rules)
    if channel is None or turn.mode is not Mode.AUTO or turn.live is not None or not may_be_seen:
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
        #: What was said so far, and what of it may be seen, by the latest look at it.
        self._said = ""
        self._wanted = ""
        self._looked_at = ""
        self._next_look = 0.0
        self._stopped = False
        #: When the model began to speak, by the loop's clock.
        self._spoke_at: float | None = None
        #: What the channel was asked to show last.
        self._tried = ""
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
        self._said = self._wanted = self._tried = self.shown
        self._next_look = 0.0
        self._spoke_at = None
        self.go_on()

    def grow(self, text: str) -> None:
        """Show as much of an unfinished answer as may be seen; returns at once.

        Raises:
            Stopped: the text holds what must never be said. It is found at the next flush, or
                once the text is a twentieth longer; nothing of it is shown before.
            Moved: somebody else has the ticket, or nobody wants the answer; nothing more is shown.
        """
        self._said = self.before + text
        now = asyncio.get_running_loop().time()
        if self._spoke_at is None:
            self._spoke_at = now
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        # An answer that is whole before is looked at then, and once.
        begun = now - self._spoke_at >= self._rules.start_seconds
        if begun and len(self._said) >= self._next_look:
            self._look()
        if self._stopped:
            raise Stopped
        self._raise_failure()

    def _look(self) -> None:
        """Find out how much of what was said may be seen."""
        if self._said == self._looked_at:
            return
        self._looked_at, self._next_look = self._said, len(self._said) * _LONGER
        part = releasable(self._said, self._policy)
        if part is None:
            self._stopped = True
        elif len(part) > len(self._wanted):
            self._wanted = part
            self._changed.set()

    async def rest(self) -> Delivery | None:
        """Let the turn be claimed by nobody until `go_on` or `begin`; return the claim there is.

        Raises:
            Stopped: what was said so far holds what must never be said.
            Moved: somebody else has the ticket.
        """
        async with self._step:
            self._resting = True
        self._look()
        if self._stopped:
            raise Stopped
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
        await pause(self._rules.start_seconds, unless=self._ending)
        may_go_on = True
        while may_go_on:
            await self._more()
            if self._ending.is_set():
                return
            async with self._step:
                may_go_on = await self._take_step()
            await pause(self._rules.flush_seconds, unless=self._ending)

    async def _more(self) -> None:
        """Wait until there is more to show, or until the claim has to be renewed all the same."""
        now = asyncio.get_running_loop().time
        renew_at = now() + self._rules.lease_seconds / 3
        while now() < renew_at and not self._ending.is_set():
            self._look()
            may_show = not self._resting and len(self._wanted) > len(self._tried)
            if may_show or self._stopped:
                return
            self._changed.clear()
            await pause(self._rules.flush_seconds, unless=self._changed)

    async def _take_step(self) -> bool:
        """Open the message or show more of it; False: the rest is seen when it is whole.

        Where the store is away nothing more is shown; whether a claim was written then, the commit
        of the answer will tell.
        """
        if self.delivery is None and self._resting:
            return True
        self._look()
        if self._stopped:
            return False
        if self.delivery is None and not self._wanted:
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
        key = live.key_of(self._turn.ticket, self._turn.upto_seq)
        if not self._channel.may_open(key, self._turn.ticket.target):
            return None
        self.delivery = await self._claim()
        if self.delivery is None:
            return None
        try:
            reply = await self._in_time(self._channel.open_live(self.delivery))
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
            # Held before anything is written: another process may be at the same turn.
            if not self._turn.holds(await tickets.get(work, ticket.id, lock=True)):
                raise Moved
            if await unsent.are_under_way(work, ticket.id):
                return None
            at = self._wiring.clock()
            claimed = await live.claim(work, ticket, upto_seq, at, at + self._lease())
            if claimed is not None:
                await tickets.cover(work, ticket, upto_seq)
        return claimed

    async def _flush(self, reply: LiveReply) -> None:
        part = self.shown if self._resting else self._wanted
        if self.delivery is None:
            return
        async with self._wiring.db.writing() as work:
            until = self._wiring.clock() + self._lease()
            if not await live.grow(work, self.delivery, part, until):
                raise Moved
        if part == self.shown:
            return
        self._tried = part
        try:
            await self._in_time(reply.append(part))
        except ReplyStopped:
            await self._stop()
            raise Moved from None
        except DeliveryUnknown:
            pass  # it may be seen
        except ChannelError:
            return  # too fast for the provider: the next one shows more
        if not self.shown:  # words take the place of a status
            tell_soon(self._wiring, self._turn.ticket.id)
        self.shown = part

    async def _stop(self) -> None:
        """End the turn as the customer wants it; the channel may tell of it in its own way too."""
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, self._turn.ticket.id, lock=True)
            actor = Actor(ActorKind.CUSTOMER, ticket.customer_id)
            await stop(self._wiring, work, ticket, actor)

    async def _in_time(self, step: Awaitable[_T]) -> _T:
        """Let the channel take a step; the turn's deadline must not wait for it.

        Raises:
            ChannelError: it failed, or took too long.
        """
        try:
            async with asyncio.timeout(self._rules.step_seconds):
                return await step
        except TimeoutError as error:
            raise DeliveryUnknown("the channel took too long over a growing reply") from error

    def _lease(self) -> timedelta:
        return timedelta(seconds=self._rules.lease_seconds)


#: How the answer of a turn is heard.
Voice = Hidden | LiveAnswer
