"""Sends what was committed, in order, and writes down what became of it.

The row is `sending` under a short lease before the channel is called, and `sent` after. A row whose
lease has ended was interrupted: the channel is asked whether it left before it is sent again, and
where nobody can tell it is shown as uncertain, never repeated. What breaks off before the channel
is called goes back to `pending`. Who lost a claim changes nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from supportbot.errors import StoreUnavailable
from supportbot.model.catalog import Mode
from supportbot.model.delivery import (
    Audience,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Earlier,
    Receipt,
)
from supportbot.model.ticket import EventKind, Ticket
from supportbot.orchestrator import restraint, sending
from supportbot.orchestrator.answering import echoing
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.lease import Lease, LeaseRules, NotBegun, NotKept
from supportbot.orchestrator.persist import persist
from supportbot.orchestrator.sending import Again, Finishing, Over, Replacing
from supportbot.orchestrator.telling.in_question import BadEnd, put_in_question
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import claims, deliveries, tickets

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

    #: So often a channel may answer with an error; interruptions use up none of these.
    attempts: int = 8
    #: So often it is claimed at all: a send that kills its process must not do so for ever, nor
    #: a provider that always asks for patience. Patience uses up no attempts.
    claims: int = 50
    first_wait_seconds: float = 2.0
    #: Where it may have left and the channel does not show it (yet): it is asked again after this.
    unclear_wait_seconds: float = 5.0
    longest_wait_seconds: float = 600.0
    #: A provider that asks for patience again and again is waited for so long, or as it asks.
    patience_seconds: float = 60.0
    #: What is known about a delivery must not be forgotten because the store is away for a while.
    #: A server that hangs is waited for by the driver for minutes, and that counts.
    record_patience_seconds: float = 600.0
    lease: LeaseRules = field(default_factory=LeaseRules)


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
            to_customer = delivery.audience is Audience.CUSTOMER and delivery.replaces is None
            if to_customer and held_back:
                continue
            done = await survive("delivery", self._one(delivery), delivery=delivery.id)
            # Behind a copy everything is read anew: it knows now where to go.
            moved = delivery.kind is DeliveryKind.ECHO
            held_back = held_back or (to_customer and (moved or done is not True))

    async def send_claimed(self, delivery: Delivery, *, interrupted: bool = False) -> bool:
        """Send a delivery that is claimed already; False when it has to be tried again later.

        `interrupted`: somebody was at it before, so the channel is asked first. What became of it
        is written down for as long as it takes while the store is away; raises nothing.
        """
        result = await survive(
            "send", self._held(delivery, interrupted=interrupted), delivery=delivery.id
        )
        if isinstance(result, Exception):
            result = _broken_off(delivery, result, interrupted=interrupted)
        return await self._write_down(delivery, result)

    async def _write_down(self, delivery: Delivery, result: Receipt | Again | Over) -> bool:
        """Store what became of a claimed delivery, in spite of a store that is away.

        Whether it is stored again need not be known: each change names the claim and sets what it
        would set anyway. At worst one refusal is counted twice.
        """

        async def store(_again: bool) -> bool:  # noqa: FBT001 - what `persist` calls
            match result:
                case Receipt():
                    return await self._sent(delivery, result)
                case Over():
                    return await self._over(delivery, result)
                case Again():
                    return await self._again(delivery, result)

        stored = persist(store, self._rules.record_patience_seconds)
        return await survive("delivery", stored, delivery=delivery.id) is True

    async def _one(self, delivery: Delivery) -> bool:
        """Claim a delivery and bring it forward; False when it has to wait."""
        at = self._wiring.clock()
        interrupted = delivery.state is DeliveryState.SENDING
        async with self._wiring.db.writing() as work:
            # Whoever changes words holds the ticket's row: they do it before the claim, or see it.
            ticket = await tickets.get(work, delivery.ticket_id, lock=True)
            # In the claim's transaction: nothing may stand between a claim and its send.
            held = None if interrupted else self._held_back(ticket, delivery)
            claimed = await claims.claim(work, delivery, at, at + self.lease)
        if claimed is None:
            return False
        if claimed.state is DeliveryState.CANCELLED:
            return True
        if held is not None:
            return await self._write_down(claimed, held)
        return await self.send_claimed(claimed, interrupted=interrupted)

    def _held_back(self, ticket: Ticket, delivery: Delivery) -> Over | None:
        """Keep an answer of the bot that has not left yet from leaving by itself in another mode.

        Only the bot's own answers are bound to a handler. One that was seen growing is finished.
        """
        if delivery.handler_epoch is None or delivery.provider_id is not None:
            return None
        mode = self._wiring.mode(ticket.product)
        if mode is Mode.AUTO:
            return None
        error = f"the product's mode is {mode} by now, in which no answer leaves by itself"
        return Over(DeliveryState.FAILED, error, tells=True)

    async def _held(self, delivery: Delivery, *, interrupted: bool) -> Receipt | Again | Over:
        """Try to send while the claim can be kept.

        Raises:
            NotBegun: it is as good as over; the channel was not called.
            NotKept: it could not, or somebody else has it: the send was broken off.
        """

        async def renew() -> bool:
            async with self._wiring.db.writing() as work:
                until = self._wiring.clock() + self.lease
                return await claims.renew(work, delivery, until)

        now = self._wiring.clock()
        left = (delivery.claimed_until or now) - now
        return await Lease(self._rules.lease, renew).hold(
            lambda: self._try(delivery, interrupted=interrupted), left.total_seconds()
        )

    async def _try(self, delivery: Delivery, *, interrupted: bool) -> Receipt | Again | Over:
        channel = self._wiring.channels.get(delivery.channel)
        if channel is None:
            state = DeliveryState.UNCERTAIN if interrupted else DeliveryState.FAILED
            return Over(state, f"{delivery.channel} is not connected")
        before = replace(delivery, state=DeliveryState.PENDING, attempts=delivery.attempts - 1)
        if before.attempts >= self._rules.claims:
            # Without a look: looking may be what kills.
            state = DeliveryState.UNCERTAIN if interrupted else DeliveryState.FAILED
            return Over(state, "it was interrupted, or put off, too often", tells=True)
        if before.replaces is not None:
            if channel.replacing is None or not await self._may_stand(before.replaces):
                return Over(DeliveryState.CANCELLED, "there is nothing that could be changed")
            return await sending.send(Replacing(channel.replacing), before)
        if before.provider_id is not None and channel.live is not None:
            return await sending.send(Finishing(channel.live), before)
        if interrupted:
            known = await sending.look(channel.adapter, before)
            if known is None and (over := await self._forbidden(before)) is not None:
                known = await sending.taken_away(channel.live, before) or over
            if known is not None:
                return known
        return await self._restrained(before) or await sending.send(channel.adapter, before)

    async def _restrained(self, delivery: Delivery) -> Over | Again | None:
        """Keep from leaving what may not, or while nobody can know whether it may."""
        try:
            reason = await restraint.why_not(self._wiring, delivery)
        except StoreUnavailable:
            error = "it could not be looked up whether it may leave"
            return Again(DeliveryState.PENDING, error, refused=False)
        return Over(DeliveryState.FAILED, reason) if reason else None

    async def _may_stand(self, earlier: Earlier) -> bool:
        """Tell whether there may be a message that can be changed, if only it is found."""
        if earlier.provider_id is not None:
            return True
        async with self._wiring.db.reading() as work:
            original = await deliveries.by_key(work, earlier.key)
        return original is not None and original.state is DeliveryState.UNCERTAIN

    async def _forbidden(self, delivery: Delivery) -> Over | None:
        """Keep an interrupted delivery that has not left from leaving where it may not any more."""
        async with self._wiring.db.reading() as work:
            if (reason := await claims.why_not(work, delivery)) is not None:
                return Over(DeliveryState.CANCELLED, reason)
            return self._held_back(await tickets.get(work, delivery.ticket_id), delivery)

    async def _sent(self, delivery: Delivery, receipt: Receipt) -> bool:
        async with self._wiring.db.writing() as work, echoing.settling(work, delivery):
            if receipt.place:  # its ticket's row first, as everywhere
                await tickets.get(work, delivery.ticket_id, lock=True)
            if not await claims.sent(work, delivery, receipt, self._wiring.clock()):
                return _lost(delivery)
            if receipt.place:
                await echoing.settle_down(self._wiring, work, delivery, receipt.place)
            own = delivery.audience is Audience.CUSTOMER and delivery.replaces is None
            if own and receipt.thread_keys:
                channel = self._wiring.channels[delivery.channel]
                keys = receipt.thread_keys
                await tickets.name_thread(work, delivery.ticket_id, channel.id, keys)
        return True

    async def _again(self, delivery: Delivery, later: Again) -> bool:
        async with self._wiring.db.writing() as work:
            counts = later.refused and later.wait_seconds is None
            refusals = await claims.refused(work, delivery) if counts else 0
            if refusals < self._rules.attempts:
                until = self._later(delivery, later, refusals)
                kept = await claims.postpone(work, delivery, later.state, later.error, until)
                return False if kept else _lost(delivery)
        # In a transaction of its own, which locks the ticket's row before the delivery's.
        surely_not = later.state is DeliveryState.PENDING
        state = DeliveryState.FAILED if surely_not else DeliveryState.UNCERTAIN
        return await self._over(delivery, Over(state, later.error, tells=not surely_not))

    async def _over(self, delivery: Delivery, end: Over) -> bool:
        async with self._wiring.db.writing() as work, echoing.settling(work, delivery):
            # The ticket's row first, as everywhere: two that wait for each other would both fail.
            ticket = await tickets.get(work, delivery.ticket_id, lock=True)
            failed = end.state is DeliveryState.FAILED
            if failed and await claims.is_taken_back(work, delivery):
                end = Over(DeliveryState.CANCELLED, claims.TAKEN_BACK)
            if not await claims.give_up(work, delivery, end.state, end.error):
                return _lost(delivery)
            # What a message goes on showing is no harm that a person must see to.
            if end.state is not DeliveryState.CANCELLED and delivery.replaces is None:
                kind, said = _BAD_ENDS[end.state]
                bad = BadEnd(kind, f"{said}: {end.error}", tells=end.tells)
                await put_in_question(self._wiring, work, ticket, delivery, bad)
        return True

    def _later(self, delivery: Delivery, later: Again, refusals: int) -> datetime:
        """Say when to try again: twice as late after each refusal, up to a third less by chance.

        A provider may ask for more patience, but not for more than the longest wait.
        """
        rules, asked_seconds = self._rules, later.wait_seconds
        unclear = later.state is DeliveryState.SENDING
        first = rules.unclear_wait_seconds if unclear else rules.first_wait_seconds
        tries = refusals if asked_seconds is None else delivery.attempts
        most = rules.longest_wait_seconds if asked_seconds is None else rules.patience_seconds
        wait = min(first * 2.0 ** max(tries - 1, 0), most)
        jittered = wait * random.uniform(0.67, 1.0)  # noqa: S311 - jitter, not a secret
        seconds = min(max(asked_seconds or 0.0, jittered), rules.longest_wait_seconds)
        return self._wiring.clock() + timedelta(seconds=seconds)


def _broken_off(delivery: Delivery, error: Exception, *, interrupted: bool) -> Again:
    """Say what is known of a send that ended in an unforeseen way.

    One that did not begin surely did not leave, unless an earlier one may have, or a part of the
    live reply was seen. A claim that could not be kept, or a store that is away, is no refusal.
    """
    never_left = not interrupted and delivery.provider_id is None
    surely_not = isinstance(error, NotBegun) and never_left
    state = DeliveryState.PENDING if surely_not else DeliveryState.SENDING
    refused = not isinstance(error, StoreUnavailable | NotKept)
    return Again(state, f"it broke off: {type(error).__name__}", refused=refused)


def _lost(delivery: Delivery) -> bool:
    """Say that somebody else has the delivery by now: what we know of it changes nothing."""
    _log.warning("delivery_claim_lost", delivery=delivery.id, ticket=delivery.ticket)
    return False
