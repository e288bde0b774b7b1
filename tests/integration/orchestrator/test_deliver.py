from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from supportbot.errors import DeliveryUnknown, SendError, StoreUnavailable
from supportbot.model.delivery import Delivery, DeliveryState, Receipt
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import BOT, Handler, Ticket
from supportbot.orchestrator.deliver import Deliver, DeliverRules
from supportbot.orchestrator.lease import LeaseRules
from supportbot.orchestrator.sweep import SweepRules
from supportbot.orchestrator.telling.saying import say
from supportbot.store import claims, due, tickets
from supportbot.store.database import Database
from supportbot.testing import Fails, MemoryChannel, said

LOST = DeliveryUnknown("time-out after the last byte")
SHORT = DeliverRules(lease=LeaseRules(seconds=0.6, renew_every_seconds=0.1, margin_seconds=0.1))


async def written(world: Any, thread: str = "t1", text: str = "hello") -> Ticket:
    """Write words to a customer, pending, in a ticket where nothing else is owed."""
    accepted = await world.hear(said("hi", thread=thread))
    async with world.db.writing() as work:
        ticket = await tickets.by_public_id(work, accepted.ticket, lock=True)
        await tickets.change(work, ticket.id, answered_seq=ticket.asked_seq)
        await say(world.wiring, work, ticket, NewMessage(Role.ASSISTANT, BOT, text))
    return ticket


def temporary(seconds: float | None = None) -> Fails:
    return Fails(SendError("busy", permanent=False, retry_after_seconds=seconds))


REFUSED = Fails(SendError("no such channel", permanent=True))


async def test_temporary_failure_is_tried_again_after_the_wait_it_asks_for(
    world: Any, clock: Any
) -> None:
    world.channel.failures.append(temporary(30))
    ticket = await world.ask(said("hi"))
    clock.advance(seconds=29)
    await world.settle_ticket(ticket.id)
    assert world.channel.sent == []
    clock.advance(seconds=2)
    await world.settle_ticket(ticket.id)
    assert world.channel.texts() == ["answer 1"]


async def test_later_reply_waits_for_the_one_before_it(world: Any, clock: Any) -> None:
    world.channel.failures.append(temporary(30))
    await world.ask(said("one"))
    ticket = await world.ask(said("two"))
    assert world.channel.sent == []
    clock.advance(minutes=1)
    await world.settle_ticket(ticket.id)
    assert world.channel.texts() == ["answer 1", "answer 2"]


async def test_attempts_that_never_help_end_in_a_handoff(make_world: Any, clock: Any) -> None:
    world = await make_world(attempts=2)
    world.channel.failures.extend([temporary(), temporary()])
    ticket = await world.ask(said("hi"))
    clock.advance(seconds=5)
    await world.settle_ticket(ticket.id)
    (first, *_) = await world.deliveries(ticket)
    assert first.state is DeliveryState.FAILED
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_channel_that_asks_for_patience_again_and_again_loses_no_answer(
    make_world: Any, clock: Any
) -> None:
    world = await make_world(attempts=2)
    world.channel.failures.extend([temporary(1)] * 8)
    await world.ask(said("hi"))
    for _ in range(8):
        clock.advance(minutes=1)
        await world.settle()
    assert world.channel.texts() == ["answer 1"]


async def test_channel_that_asks_for_patience_again_is_given_more_than_it_asks_for(
    world: Any, clock: Any
) -> None:
    world.channel.failures.extend([temporary(1)] * 4)
    await world.ask(said("hi"))
    for _ in range(8):
        clock.advance(seconds=1)
        await world.settle()
    assert len(world.channel.attempts) <= 4


async def test_channel_that_asks_for_patience_for_ever_leads_to_a_person(
    world: Any, clock: Any
) -> None:
    world.channel.failures.extend([temporary(1)] * 4)
    sender = Deliver(world.wiring, DeliverRules(claims=4))
    ticket = await written(world)
    for _ in range(5):
        await sender.deliver(ticket.id)
        clock.advance(minutes=1)
    assert len(world.channel.attempts) == 4
    (failed, *_) = await world.deliveries(ticket)
    assert failed.state is DeliveryState.FAILED


async def test_refused_reply_is_handed_off_and_told_to_operators_only(world: Any) -> None:
    world.channel.failures.append(REFUSED)
    ticket = await world.ask(said("hi"))
    await world.settle()
    ticket = await world.ticket(ticket.public_id)
    assert ticket.handler is Handler.HUMAN
    assert [one.target["to"] for one in world.channel.sent] == ["operators"]
    assert await world.kinds(ticket) == ["opened", "bot_replied", "delivery_failed", "handoff"]


async def test_send_that_ends_unforeseen_is_looked_up_and_not_repeated(
    world: Any, clock: Any
) -> None:
    world.channel.failures.append(Fails(RuntimeError("the process died"), left=True))
    ticket = await world.ask(said("hi"))
    (delivery,) = await world.deliveries(ticket)
    assert delivery.state is DeliveryState.SENDING
    clock.advance(minutes=1)
    await world.settle()
    (delivery,) = await world.deliveries(ticket)
    assert delivery.state is DeliveryState.SENT
    assert len(world.channel.attempts) == 1


async def test_interrupted_send_that_did_not_leave_is_sent(world: Any, clock: Any) -> None:
    world.channel.failures.append(Fails(RuntimeError("the process died")))
    await world.ask(said("hi"))
    clock.advance(minutes=1)
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    assert len(world.channel.attempts) == 2


async def test_interrupted_send_that_nobody_can_look_up_is_shown_as_uncertain(
    world: Any, clock: Any
) -> None:
    world.channel.failures.append(Fails(RuntimeError("the process died")))
    world.channel.findable = False
    ticket = await world.ask(said("hi"))
    clock.advance(minutes=1)
    await world.settle()
    (delivery, *_) = await world.deliveries(ticket)
    assert delivery.state is DeliveryState.UNCERTAIN
    assert "delivery_uncertain" in await world.kinds(ticket)
    await world.settle()
    assert [one.key for one in world.channel.attempts].count(delivery.key) == 1


async def test_lost_answer_that_nobody_can_look_up_is_not_sent_again(world: Any) -> None:
    world.channel.failures.append(Fails(LOST))
    world.channel.findable = False
    ticket = await world.ask(said("hi"))
    await world.settle()
    (delivery, *_) = await world.deliveries(ticket)
    assert delivery.state is DeliveryState.UNCERTAIN
    assert [one.key for one in world.channel.attempts].count(delivery.key) == 1


async def test_lost_answer_that_arrived_is_found_at_once(world: Any) -> None:
    world.channel.failures.append(Fails(LOST, left=True))
    ticket = await world.ask(said("hi"))
    (delivery,) = await world.deliveries(ticket)
    assert delivery.state is DeliveryState.SENT
    assert delivery.provider_id == f"memory-{delivery.key}"


async def test_lost_answer_that_does_not_show_is_looked_for_again_before_it_is_repeated(
    world: Any, clock: Any
) -> None:
    world.channel.failures.append(Fails(LOST))
    ticket = await world.ask(said("hi"))
    clock.advance(seconds=3)
    await world.settle()
    assert len(world.channel.attempts) == 1
    clock.advance(seconds=3)
    await world.settle()
    assert [one.state for one in await world.deliveries(ticket)] == [DeliveryState.SENT]
    assert len(world.channel.attempts) == 2


class Unaskable(MemoryChannel):
    """Its sends break off, and it can't be asked for them."""

    asked = 0

    async def find(self, delivery: Delivery) -> Receipt | None:
        del delivery
        self.asked += 1
        raise SendError("not now", permanent=False)


async def test_look_ups_that_never_work_count_and_end_with_a_person(
    make_world: Any, clock: Any
) -> None:
    channel = Unaskable(clock)
    channel.failures.append(Fails(RuntimeError("the process died")))
    world = await make_world(channel=channel, attempts=4)
    ticket = await world.ask(said("hi"))
    for _ in range(20):
        clock.advance(minutes=10)
        await world.settle_ticket(ticket.id)
    assert channel.asked == 3
    (delivery, *_) = await world.deliveries(ticket)
    assert delivery.state is DeliveryState.UNCERTAIN
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    assert [one.key for one in channel.attempts].count(delivery.key) == 1


async def test_send_that_was_killed_is_finished_by_another_process_within_ten_seconds(
    world: Any, clock: Any
) -> None:
    world.channel.open.clear()
    accepted = await world.hear(said("hi"))
    ticket = await world.ticket(accepted.ticket)
    lane = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: bool(world.channel.attempts))
    lane.cancel()
    await asyncio.gather(lane, return_exceptions=True)
    world.channel.open.set()
    other = Deliver(world.wiring, DeliverRules())
    clock.advance(seconds=5)
    await other.deliver(ticket.id)
    assert world.channel.sent == []
    clock.advance(seconds=10 - 5 - SweepRules().wake_every_seconds)
    async with world.db.reading() as work:
        assert await due.owing(work, clock()) == [ticket.id]
    await other.deliver(ticket.id)
    assert world.channel.texts() == ["answer 1"]


async def test_slow_send_keeps_its_claim_beyond_the_lease(world: Any, clock: Any) -> None:
    world.channel.open.clear()
    ticket = await written(world)
    lane = asyncio.create_task(Deliver(world.wiring, SHORT).deliver(ticket.id))
    await world.until(lambda: bool(world.channel.attempts))
    for _ in range(4):
        clock.advance(seconds=0.3)
        await asyncio.sleep(0.2)
        await Deliver(world.wiring, SHORT).deliver(ticket.id)
    world.channel.open.set()
    await lane
    assert [one.state for one in await world.deliveries(ticket)] == [DeliveryState.SENT]
    assert len(world.channel.attempts) == 1


async def test_sender_that_lost_its_claim_stops_and_changes_nothing(world: Any, clock: Any) -> None:
    world.channel.open.clear()
    ticket = await written(world)
    lane = asyncio.create_task(Deliver(world.wiring, SHORT).deliver(ticket.id))
    await world.until(lambda: bool(world.channel.attempts))
    (seen,) = await world.deliveries(ticket)
    async with world.db.writing() as work:
        later = clock() + timedelta(minutes=1)
        stolen = await claims.claim(work, seen, later, later + timedelta(minutes=1))
    assert stolen is not None
    await asyncio.wait_for(lane, 5)
    (after,) = await world.deliveries(ticket)
    assert (after.state, after.attempts) == (DeliveryState.SENDING, stolen.attempts)
    assert after.claimed_until == stolen.claimed_until
    assert world.channel.sent == []


class Counted:
    """A database that counts the transactions which write."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.written = 0
        self.reading = db.reading

    def writing(self, *, urgent: bool = False) -> Any:
        self.written += 1
        return self._db.writing(urgent=urgent)


async def test_claimed_delivery_costs_one_transaction_after_the_send(world: Any) -> None:
    ticket = await written(world)
    (pending,) = await world.deliveries(ticket)
    at = world.clock()
    async with world.db.writing() as work:
        claimed = await claims.claim(work, pending, at, at + world.deliver.lease)
    assert claimed is not None
    counted: Any = Counted(world.db)
    sender = Deliver(replace(world.wiring, db=counted), DeliverRules())
    assert await sender.send_claimed(claimed) is True
    assert counted.written == 1
    assert [one.state for one in await world.deliveries(ticket)] == [DeliveryState.SENT]


async def test_two_processes_at_the_same_tickets_send_each_once_and_in_order(
    world: Any, store_url: str
) -> None:
    for n in range(3):
        for thread in "abcd":
            await written(world, thread, f"word {n}")
    elsewhere = Database(store_url)
    other = Deliver(replace(world.wiring, db=elsewhere), DeliverRules())
    for _ in range(4):  # whoever finds the other at a ticket leaves it for the next wake-up
        await asyncio.gather(
            *(
                side.deliver(t.id)
                for t in await world.all_tickets()
                for side in (world.deliver, other)
            )
        )
    await elsewhere.aclose()
    assert len(world.channel.sent) == len(world.channel.attempts) == 12
    for thread in "abcd":
        assert world.channel.texts(thread) == ["word 0", "word 1", "word 2"]


async def test_delivering_twice_at_once_sends_once(world: Any) -> None:
    """The second one finds the row `sending` while the first is still in the call."""
    world.channel.open.clear()
    accepted = await world.hear(said("hi"))
    ticket = await world.ticket(accepted.ticket)
    lane = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: bool(world.channel.attempts))
    second = asyncio.create_task(world.deliver.deliver(ticket.id))
    await asyncio.sleep(0.05)
    world.channel.open.set()
    await asyncio.gather(lane, second)
    assert len(world.channel.attempts) == 1
    assert [one.state for one in await world.deliveries(ticket)] == [DeliveryState.SENT]


async def test_delivery_of_a_channel_that_is_gone_is_handed_off(world: Any) -> None:
    accepted = await world.hear(said("hi"))
    world.wiring.channels.clear()
    await world.settle()
    assert (await world.ticket(accepted.ticket)).handler is Handler.HUMAN


class AwayOnce:
    """A database that cannot be written for the first few times."""

    def __init__(self, db: Database, times: int) -> None:
        self._db = db
        self._left = times
        self.reading = db.reading

    def writing(self, *, urgent: bool = False) -> Any:
        self._left -= 1
        if self._left >= 0:
            raise StoreUnavailable("away")
        return self._db.writing(urgent=urgent)


async def test_receipt_is_kept_while_the_store_is_away(world: Any) -> None:
    """Else a mail that left would be of unknown fate for ever."""
    world.channel.findable = False
    ticket = await written(world)
    (pending,) = await world.deliveries(ticket)
    at = world.clock()
    async with world.db.writing() as work:
        claimed = await claims.claim(work, pending, at, at + world.deliver.lease)
    assert claimed is not None
    away: Any = AwayOnce(world.db, 3)
    sender = Deliver(replace(world.wiring, db=away), DeliverRules())
    assert await sender.send_claimed(claimed) is True
    (after,) = await world.deliveries(ticket)
    assert (after.state, after.provider_id) == (DeliveryState.SENT, f"memory-{after.key}")
