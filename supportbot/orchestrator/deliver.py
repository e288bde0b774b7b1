"""Sends what was committed, in order, and writes down what became of it.

The row is `sending` under a short lease before the channel is called, and `sent` after. A row whose
lease has ended was interrupted: the channel is asked whether it left before it is sent again, and
where nobody can tell it is shown as uncertain, never repeated. Who lost a claim changes nothing.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from supportbot.channels.base import Channel, LiveChannel
from supportbot.errors import DeliveryUnknown, SendError, StoreUnavailable
from supportbot.model.catalog import Mode
from supportbot.model.delivery import Audience, Delivery, DeliveryKind, DeliveryState, Receipt
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, EventKind, Handler, Status, Ticket
from supportbot.orchestrator.closing import reopen
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.handoff import hand_off, notify
from supportbot.orchestrator.lease import Lease, LeaseRules
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import deliveries, threads, tickets
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)
_BAD_ENDS = {
    DeliveryState.UNCERTAIN: (
        EventKind.DELIVERY_UNCERTAIN,
        "Nobody can tell whether this arrived",
    ),
    DeliveryState.FAILED: (EventKind.DELIVERY_FAILED, "A reply could not be delivered"),
}


@dataclass(frozen=True, slots=True)
class DeliverRules:
    """How often and how patiently a send is tried."""

    attempts: int = 8
    first_wait_seconds: float = 2.0
    #: Where it may have left and the channel does not show it (yet): it is asked again after this.
    unclear_wait_seconds: float = 5.0
    longest_wait_seconds: float = 600.0
    #: What is known about a delivery must not be forgotten because the store is away for a while.
    record_attempts: int = 120
    record_wait_seconds: float = 0.5
    lease: LeaseRules = field(default_factory=LeaseRules)


@dataclass(frozen=True, slots=True)
class _Again:
    """It may leave later: `pending` when it surely has not left yet, else `sending`."""

    state: DeliveryState
    error: str
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Over:
    """It will not be tried again: failed, uncertain or cancelled."""

    state: DeliveryState
    error: str
    #: Whether the customer can be told that a person looks: the channel works, or may work.
    tells: bool = False


class Deliver:
    """Sends deliveries through their channels."""

    def __init__(self, wiring: Wiring, rules: DeliverRules) -> None:
        self._wiring = wiring
        self._rules = rules

    @property
    def lease(self) -> timedelta:
        """For how long a delivery is claimed that is given to `send_claimed`."""
        return timedelta(seconds=self._rules.lease.seconds)

    async def deliver(self, ticket_id: int) -> None:
        """Send whatever of the ticket may be sent now.

        Words to the customer stay in order: one that has to wait holds back those after it.
        """
        held_back = False
        async with self._wiring.db.reading() as work:
            due = await deliveries.due(work, ticket_id, self._wiring.clock())
        for delivery in due:
            to_customer = delivery.audience is Audience.CUSTOMER
            if to_customer and held_back:
                continue
            done = await survive("delivery", self._one(delivery), delivery=delivery.id)
            held_back = held_back or (to_customer and done is not True)

    async def send_claimed(self, delivery: Delivery, *, interrupted: bool = False) -> bool:
        """Send a delivery that is claimed already; False when it has to be tried again later.

        `interrupted`: somebody was at it before, so the channel is asked first. What became of it
        is written down for as long as it takes while the store is away; raises nothing.
        """
        result = await survive(
            "send", self._held(delivery, interrupted=interrupted), delivery=delivery.id
        )
        for _ in range(self._rules.record_attempts):
            done = await survive("delivery", self._record(delivery, result), delivery=delivery.id)
            if not isinstance(done, StoreUnavailable):
                return done is True
            await asyncio.sleep(self._rules.record_wait_seconds)
        return False

    async def _record(
        self, delivery: Delivery, result: Receipt | _Again | _Over | Exception
    ) -> bool:
        match result:
            case Receipt():
                return await self._sent(delivery, result)
            case _Over():
                return await self._over(delivery, result)
            case _Again():
                return await self._again(delivery, result)
            case Exception():
                unclear = _Again(DeliveryState.SENDING, f"it broke off: {type(result).__name__}")
                return await self._again(delivery, unclear)

    async def _one(self, delivery: Delivery) -> bool:
        """Claim a delivery and bring it forward; False when it has to wait."""
        at = self._wiring.clock()
        async with self._wiring.db.writing() as work:
            claimed = await deliveries.claim(work, delivery, at, at + self.lease)
        if claimed is None:
            return False
        if claimed.state is DeliveryState.CANCELLED:
            return True
        interrupted = delivery.state is DeliveryState.SENDING
        if not interrupted and (held := await self._held_back(claimed)):
            return await self._over(claimed, held)
        return await self.send_claimed(claimed, interrupted=interrupted)

    async def _held_back(self, delivery: Delivery) -> _Over | None:
        """Keep an answer of the bot that has not left yet from leaving by itself in another mode.

        Only the bot's own answers are bound to a handler. One that was seen growing is finished.
        """
        if delivery.handler_epoch is None or delivery.provider_id is not None:
            return None
        async with self._wiring.db.reading() as work:
            mode = self._wiring.mode((await tickets.get(work, delivery.ticket_id)).product)
        if mode is Mode.AUTO:
            return None
        error = f"the product's mode is {mode} by now, in which no answer leaves by itself"
        return _Over(DeliveryState.FAILED, error, tells=True)

    async def _held(self, delivery: Delivery, *, interrupted: bool) -> Receipt | _Again | _Over:
        """Try to send while the claim can be kept.

        Raises:
            TimeoutError: it could not, or somebody else has it: the send was broken off.
        """

        async def renew() -> bool:
            async with self._wiring.db.writing() as work:
                until = self._wiring.clock() + self.lease
                return await deliveries.renew(work, delivery, until)

        now = self._wiring.clock()
        left = (delivery.claimed_until or now) - now
        return await Lease(self._rules.lease, renew).hold(
            lambda: self._try(delivery, interrupted=interrupted), left.total_seconds()
        )

    async def _try(self, delivery: Delivery, *, interrupted: bool) -> Receipt | _Again | _Over:
        channel = self._wiring.channels.get(delivery.channel)
        if channel is None:
            state = DeliveryState.UNCERTAIN if interrupted else DeliveryState.FAILED
            return _Over(state, f"{delivery.channel} is not connected")
        before = replace(delivery, state=DeliveryState.PENDING, attempts=delivery.attempts - 1)
        if before.provider_id is not None and channel.live is not None:
            return await _send(_Finishing(channel.live), before)
        if interrupted:
            found = await _look(channel.adapter, before)
            if found is not None:
                return found
            async with self._wiring.db.reading() as work:
                if not await deliveries.may_leave(work, delivery):
                    return _Over(DeliveryState.CANCELLED, "the ticket changed hands")
            if held := await self._held_back(before):
                return held
        if before.attempts >= self._rules.attempts:
            return _Over(DeliveryState.FAILED, "tried too often")
        return await _send(channel.adapter, before)

    async def _sent(self, delivery: Delivery, receipt: Receipt) -> bool:
        async with self._wiring.db.writing() as work:
            if not await deliveries.sent(work, delivery, receipt, self._wiring.clock()):
                return _lost(delivery)
            if delivery.audience is Audience.CUSTOMER and receipt.thread_keys:
                channel = self._wiring.channels[delivery.channel]
                keys = receipt.thread_keys
                await tickets.name_thread(work, delivery.ticket_id, channel.id, keys)
        return True

    async def _again(self, delivery: Delivery, later: _Again) -> bool:
        if delivery.attempts >= self._rules.attempts:
            surely_not = later.state is DeliveryState.PENDING
            state = DeliveryState.FAILED if surely_not else DeliveryState.UNCERTAIN
            return await self._over(delivery, _Over(state, later.error, tells=not surely_not))
        until = self._later(delivery, later)
        async with self._wiring.db.writing() as work:
            kept = await deliveries.postpone(work, delivery, later.state, later.error, until)
        return False if kept else _lost(delivery)

    async def _over(self, delivery: Delivery, end: _Over) -> bool:
        async with self._wiring.db.writing() as work:
            # The ticket's row first, as everywhere: two that wait for each other would both fail.
            ticket = await tickets.get(work, delivery.ticket_id, lock=True)
            if not await deliveries.give_up(work, delivery, end.state, end.error):
                return _lost(delivery)
            if end.state is not DeliveryState.CANCELLED:
                await self._person_must_look(work, ticket, delivery, end)
        return True

    async def _person_must_look(
        self, work: UnitOfWork, ticket: Ticket, delivery: Delivery, bad: _Over
    ) -> None:
        """Record that a delivery ended badly; where it was an answer, put it before people."""
        kind, said = _BAD_ENDS[bad.state]
        summary = f"{said}: {bad.error}"
        event = NewEvent(kind, SYSTEM, data={"delivery": delivery.key})
        await threads.append_events(work, ticket, [event], self._wiring.clock())
        if delivery.audience is not Audience.CUSTOMER or delivery.kind is not DeliveryKind.REPLY:
            return
        if ticket.status is Status.RESOLVED:
            ticket = await reopen(self._wiring, work, ticket, SYSTEM)
        if ticket.handler is Handler.BOT:
            handoff = Handoff(HandoffReason.DELIVERY, summary=summary)
            await hand_off(self._wiring, work, ticket, handoff, SYSTEM, tell_customer=bad.tells)
            return
        since = ticket.waiting_since or self._wiring.clock()
        await tickets.change(work, ticket.id, status=Status.OPEN, waiting_since=since)
        text = f"**A reply is in question** in `{ticket.public_id}`: {summary}"
        await notify(self._wiring, work, ticket, text, f"delivery-{delivery.id}")

    def _later(self, delivery: Delivery, later: _Again) -> datetime:
        """Say when to try again: twice as late after each attempt, up to a third less by chance.

        A provider may ask for more patience, but not for more than the longest wait.
        """
        rules = self._rules
        unclear = later.state is DeliveryState.SENDING
        first = rules.unclear_wait_seconds if unclear else rules.first_wait_seconds
        wait = min(first * 2.0 ** (delivery.attempts - 1), rules.longest_wait_seconds)
        jittered = wait * random.uniform(0.67, 1.0)  # noqa: S311 - jitter, not a secret
        seconds = min(later.wait_seconds or jittered, rules.longest_wait_seconds)
        return self._wiring.clock() + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class _Finishing:
    """Sends and looks for a live reply: its one message is open, and is given its last words.

    To give them again changes nothing, so it need not be asked what it shows.
    """

    channel: LiveChannel

    async def send(self, delivery: Delivery) -> Receipt:
        reply = await self.channel.open_live(delivery)
        return await reply.finish(delivery)

    async def find(self, _delivery: Delivery) -> Receipt | None:
        raise SendError("its last words are given again", permanent=False)


async def _send(channel: Channel | _Finishing, delivery: Delivery) -> Receipt | _Again | _Over:
    """Send once; where the answer was lost, the channel is asked at once, and later again."""
    try:
        return await channel.send(delivery)
    except DeliveryUnknown as error:
        found = await _look(channel, delivery)
        return found or _Again(DeliveryState.SENDING, str(error))
    except SendError as error:
        if error.permanent:
            return _Over(DeliveryState.FAILED, str(error))
        return _Again(DeliveryState.PENDING, str(error), error.retry_after_seconds)


async def _look(
    channel: Channel | _Finishing, delivery: Delivery
) -> Receipt | _Again | _Over | None:
    """Ask the channel for a delivery whose sending was interrupted; None: it did not leave."""
    try:
        return await channel.find(delivery)
    except DeliveryUnknown as error:
        return _Over(DeliveryState.UNCERTAIN, str(error), tells=True)
    except SendError as error:
        if error.permanent:
            return _Over(DeliveryState.UNCERTAIN, str(error), tells=True)
        return _Again(DeliveryState.SENDING, str(error), error.retry_after_seconds)


def _lost(delivery: Delivery) -> bool:
    """Say that somebody else has the delivery by now: what we know of it changes nothing."""
    _log.warning("delivery_claim_lost", delivery=delivery.id, ticket=delivery.ticket)
    return False
