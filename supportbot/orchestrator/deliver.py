"""Sends what was committed, in order, and writes down what became of it.

The row is `sending` before the channel is called and `sent` after. A row found in `sending` was
interrupted: the channel is asked whether it left before it is sent again, and where nobody can
tell it is shown as uncertain, never repeated.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from supportbot.channels.base import Channel
from supportbot.errors import ChannelError, DeliveryUnknown, SendError
from supportbot.model.delivery import Audience, Delivery, DeliveryKind, DeliveryState, Receipt
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, EventKind, Handler, Status
from supportbot.orchestrator.closing import reopen
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.handoff import hand_off, notify
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import deliveries, threads, tickets
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DeliverRules:
    """How often and how patiently a send is tried."""

    attempts: int = 8
    first_wait_seconds: float = 2.0
    longest_wait_seconds: float = 600.0
    #: An interrupted send is looked at after this; longer than any channel's own time-out.
    lease_seconds: float = 60.0


class Deliver:
    """Sends deliveries through their channels."""

    def __init__(self, wiring: Wiring, rules: DeliverRules) -> None:
        self._wiring = wiring
        self._rules = rules
        #: Deliveries this process is sending now: `sending`, but not interrupted.
        self._in_hand: set[int] = set()

    async def deliver(self, ticket_id: int) -> None:
        """Send whatever of the ticket may be sent now.

        Words to the customer stay in order: one that has to wait holds back those after it.
        """
        held_back: set[Audience] = set()
        async with self._wiring.db.reading() as work:
            due = await deliveries.due(work, ticket_id, self._wiring.clock())
        for delivery in due:
            if delivery.audience in held_back:
                continue
            done = await survive("delivery", self._alone(delivery), delivery=delivery.id)
            if done is not True and delivery.audience is Audience.CUSTOMER:
                held_back.add(delivery.audience)

    async def _alone(self, delivery: Delivery) -> bool:
        """Bring one delivery forward, unless this process is at it; False when it has to wait.

        Between processes it is the dispatcher that runs one lane per ticket.
        """
        if delivery.id in self._in_hand:
            return False
        self._in_hand.add(delivery.id)
        try:
            return await self._one(delivery)
        finally:
            self._in_hand.discard(delivery.id)

    async def _one(self, delivery: Delivery) -> bool:
        """Bring one delivery forward; False when it has to be tried again later."""
        channel = self._wiring.channels.get(delivery.channel)
        if channel is None:
            return await self._failed(
                delivery, SendError(f"{delivery.channel} is not connected", permanent=True)
            )
        lease = self._wiring.clock() + timedelta(seconds=self._rules.lease_seconds)
        try:
            receipt = await self._look(channel.adapter, delivery)
            if receipt is None:
                if delivery.attempts >= self._rules.attempts:
                    raise SendError("tried too often", permanent=True)  # noqa: TRY301 - ends as any refusal
                async with self._wiring.db.writing() as work:
                    if not await deliveries.claim(work, delivery, lease):
                        return True
                delivery = replace(delivery, state=DeliveryState.PENDING)
                receipt = await channel.adapter.send(delivery)
        except DeliveryUnknown as error:
            return await self._uncertain(delivery, error)
        except SendError as error:
            return await self._failed(delivery, error)
        return await self._sent(delivery, receipt)

    async def _look(self, channel: Channel, delivery: Delivery) -> Receipt | None:
        """Ask the channel for a delivery whose sending was interrupted."""
        if delivery.state is not DeliveryState.SENDING:
            return None
        return await channel.find(delivery)

    async def _sent(self, delivery: Delivery, receipt: Receipt) -> bool:
        async with self._wiring.db.writing() as work:
            await deliveries.sent(work, delivery.id, receipt, self._wiring.clock())
            if delivery.audience is Audience.CUSTOMER and receipt.thread_keys:
                ticket = await tickets.get(work, delivery.ticket_id)
                channel = self._wiring.channels[delivery.channel]
                await tickets.remember_keys(work, ticket, channel.id, receipt.thread_keys)
        return True

    async def _uncertain(self, delivery: Delivery, error: ChannelError) -> bool:
        async with self._wiring.db.writing() as work:
            await deliveries.give_up(work, delivery.id, DeliveryState.UNCERTAIN, str(error))
            summary = f"Nobody can tell whether this arrived: {error}"
            await self._person_must_look(work, delivery, EventKind.DELIVERY_UNCERTAIN, summary)
        return True

    async def _failed(self, delivery: Delivery, error: SendError) -> bool:
        if not error.permanent and delivery.attempts + 1 < self._rules.attempts:
            until = self._later(delivery, error.retry_after_seconds)
            async with self._wiring.db.writing() as work:
                await deliveries.postpone(work, delivery, str(error), until)
            return False
        async with self._wiring.db.writing() as work:
            await deliveries.give_up(work, delivery.id, DeliveryState.FAILED, str(error))
            summary = f"A reply could not be delivered: {error}"
            await self._person_must_look(work, delivery, EventKind.DELIVERY_FAILED, summary)
        return True

    async def _person_must_look(
        self, work: UnitOfWork, delivery: Delivery, kind: EventKind, summary: str
    ) -> None:
        """Record that a delivery ended badly; where it was an answer, put it before people."""
        ticket = await tickets.get(work, delivery.ticket_id, lock=True)
        event = NewEvent(kind, SYSTEM, data={"delivery": delivery.key})
        await threads.append_events(work, ticket, [event], self._wiring.clock())
        if delivery.audience is not Audience.CUSTOMER or delivery.kind is not DeliveryKind.REPLY:
            return
        if ticket.status is Status.RESOLVED:
            ticket = await reopen(self._wiring, work, ticket, SYSTEM)
        if ticket.handler is Handler.BOT:
            handoff = Handoff(HandoffReason.DELIVERY, summary=summary)
            await hand_off(self._wiring, work, ticket, handoff, SYSTEM)
            return
        await tickets.change(work, ticket.id, status=Status.OPEN)
        text = f"**A reply is in question** in `{ticket.public_id}`: {summary}"
        await notify(self._wiring, work, ticket, text, f"delivery-{delivery.id}")

    def _later(self, delivery: Delivery, asked_seconds: float | None = None) -> datetime:
        """Say when to try again: twice as late after each attempt, up to a third less by chance."""
        longest = self._rules.longest_wait_seconds
        wait = min(self._rules.first_wait_seconds * 2.0**delivery.attempts, longest)
        jittered = wait * random.uniform(0.67, 1.0)  # noqa: S311 - jitter, not a secret
        return self._wiring.clock() + timedelta(seconds=asked_seconds or jittered)
