"""Sends that are interrupted: what they use up, and what is known of them afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from supportbot.completions.scripted import Turn
from supportbot.errors import ChannelError, DeliveryUnknown, SendError, StoreUnavailable
from supportbot.model.catalog import Mode
from supportbot.model.delivery import Delivery, DeliveryState
from supportbot.model.ticket import Handler, Ticket
from supportbot.orchestrator.answering.live import LiveRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.orchestrator.deliver import Deliver, DeliverRules
from supportbot.orchestrator.lease import LeaseRules
from supportbot.policy.review import HANDOFF_NOTE
from supportbot.store import claims, deliveries
from supportbot.store.database import Database
from supportbot.store.tables.answers import DeliveryRow
from supportbot.testing import Fails, LiveMemoryChannel, said

BUSY = Fails(SendError("busy", permanent=False))


async def answered(world: Any) -> Ticket:
    """Let an answer wait to be sent: the channel refused it once."""
    world.channel.failures.append(BUSY)
    ticket: Ticket = await world.ask(said("hi"))
    world.clock.advance(seconds=5)
    return ticket


async def kill_while_sending(world: Any, ticket: Ticket, sender: Deliver) -> None:
    """Let a process die while the channel is at it, and its claim run out."""
    world.channel.open.clear()
    before = len(world.channel.attempts)
    lane = asyncio.create_task(sender.deliver(ticket.id))
    await world.until(lambda: len(world.channel.attempts) > before)
    lane.cancel()
    await asyncio.gather(lane, return_exceptions=True)
    world.channel.open.set()
    world.clock.advance(seconds=8)


async def the_answer(world: Any, ticket: Ticket) -> Delivery:
    (answer, *_) = await world.deliveries(ticket)
    return answer  # type: ignore[no-any-return] # the world of a test is not typed


async def later(world: Any) -> None:
    for _ in range(3):
        world.clock.advance(seconds=60)
        await world.settle()


async def test_interruptions_use_up_none_of_the_attempts_that_are_for_refusals(
    make_world: Any,
) -> None:
    world = await make_world(attempts=3)
    ticket = await answered(world)
    for _ in range(5):
        await kill_while_sending(world, ticket, world.deliver)
    world.channel.failures.append(BUSY)
    await world.settle()
    answer = await the_answer(world, ticket)
    assert (answer.state, answer.attempts) == (DeliveryState.PENDING, 7)
    await later(world)
    assert world.channel.texts() == ["answer 1"]


async def test_a_channel_is_told_of_every_claim_before_it(make_world: Any) -> None:
    """Whoever looks before it repeats must know of interruptions as well as of refusals."""
    world = await make_world(attempts=3)
    ticket = await answered(world)
    for _ in range(3):
        await kill_while_sending(world, ticket, world.deliver)
    await world.settle()
    assert [one.attempts for one in world.channel.attempts] == [0, 1, 2, 3, 4]


async def test_refusals_end_with_a_person_however_often_it_was_interrupted_between(
    make_world: Any,
) -> None:
    world = await make_world(attempts=3)
    ticket = await answered(world)
    for _ in range(2):
        await kill_while_sending(world, ticket, world.deliver)
        world.channel.failures.append(BUSY)
        await world.deliver.deliver(ticket.id)
        world.clock.advance(seconds=60)
    assert (await the_answer(world, ticket)).state is DeliveryState.FAILED
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_a_refusal_after_many_interruptions_is_waited_for_no_longer_than_an_early_one(
    world: Any, clock: Any
) -> None:
    ticket = await answered(world)
    for _ in range(6):
        await kill_while_sending(world, ticket, world.deliver)
    world.channel.failures.append(BUSY)
    await world.deliver.deliver(ticket.id)
    answer = await the_answer(world, ticket)
    assert answer.claimed_until is not None
    assert (answer.claimed_until - clock()).total_seconds() <= 4


async def test_a_send_that_is_always_interrupted_is_shown_as_uncertain_in_the_end(
    world: Any,
) -> None:
    ticket = await answered(world)
    sender = Deliver(world.wiring, DeliverRules(claims=4))
    for _ in range(3):
        await kill_while_sending(world, ticket, sender)
    await sender.deliver(ticket.id)
    assert (await the_answer(world, ticket)).state is DeliveryState.UNCERTAIN
    assert len(world.channel.attempts) == 4
    await later(world)
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    assert world.channel.texts("t1") == [HANDOFF_NOTE]


async def test_a_time_out_of_the_channel_itself_counts_as_its_refusal(make_world: Any) -> None:
    world = await make_world(attempts=3)
    ticket = await answered(world)
    world.channel.failures.extend([Fails(TimeoutError("its own"))] * 2)
    await later(world)
    assert (await the_answer(world, ticket)).state is DeliveryState.UNCERTAIN
    assert [one.text for one in world.channel.attempts].count("answer 1") == 3


class AwayWhile:
    """A database that cannot be written while `away` is set."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.away = False
        self.reading = db.reading

    def writing(self, *, urgent: bool = False) -> Any:
        if self.away:
            raise StoreUnavailable("away")
        return self._db.writing(urgent=urgent)


async def test_a_claim_that_can_not_be_kept_counts_as_no_refusal(world: Any) -> None:
    ticket = await answered(world)
    world.channel.open.clear()
    db: Any = AwayWhile(world.db)
    short = LeaseRules(seconds=0.6, renew_every_seconds=0.1, margin_seconds=0.1)
    rules = DeliverRules(attempts=1, lease=short)
    lane = asyncio.create_task(Deliver(replace(world.wiring, db=db), rules).deliver(ticket.id))
    await world.until(lambda: len(world.channel.attempts) == 2)
    db.away = True
    await asyncio.sleep(0.8)
    db.away = False
    await lane
    assert (await the_answer(world, ticket)).state is DeliveryState.SENDING
    world.channel.open.set()
    await later(world)
    assert world.channel.texts() == ["answer 1"]


class AwayAt:
    """A database that is away for one transaction, counted from 0, and there again after it."""

    def __init__(self, db: Database, nth: int) -> None:
        self._db = db
        self._left = nth

    def _count(self) -> None:
        self._left -= 1
        if self._left == -1:
            raise StoreUnavailable("away")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        self._count()
        async with self._db.reading() as work:
            yield work

    @asynccontextmanager
    async def writing(self, *, urgent: bool = False) -> AsyncIterator[Any]:
        self._count()
        async with self._db.writing(urgent=urgent) as work:
            yield work


async def deliver_while_away(world: Any, ticket: Ticket, nth: int) -> None:
    """Deliver with a store that is away once; it may be the read before anything is claimed."""
    away: Any = AwayAt(world.db, nth)
    sender = Deliver(replace(world.wiring, db=away), DeliverRules())
    try:
        await sender.deliver(ticket.id)
    except StoreUnavailable:
        assert nth == 0


@pytest.mark.parametrize("nth", range(5))
async def test_a_store_that_is_away_at_any_one_step_makes_no_mail_uncertain(
    world: Any, nth: int
) -> None:
    world.channel.findable = False
    ticket = await answered(world)
    await deliver_while_away(world, ticket, nth)
    await later(world)
    assert (await the_answer(world, ticket)).state is DeliveryState.SENT
    assert world.channel.texts() == ["answer 1"]
    assert len(world.channel.attempts) == 2
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT


@pytest.mark.parametrize("nth", range(5))
async def test_an_answer_that_may_not_leave_any_more_is_never_uncertain(
    world: Any, nth: int
) -> None:
    world.channel.findable = False
    ticket = await answered(world)
    [(key, published)] = world.wiring.policies.items()
    draft = replace(published.policy, mode=Mode.DRAFT)
    world.wiring.policies[key] = replace(published, policy=draft)
    await deliver_while_away(world, ticket, nth)
    await later(world)
    assert (await the_answer(world, ticket)).state is DeliveryState.FAILED
    assert world.channel.texts("t1") == [HANDOFF_NOTE]


async def claimed_for_too_long(world: Any, ticket: Ticket) -> Delivery:
    """Claim the answer, and let the claim all but run out."""
    at = world.clock()
    async with world.db.writing() as work:
        [waiting] = await deliveries.due(work, ticket.id, at)
        claimed = await claims.claim(work, waiting, at, at + world.deliver.lease)
    assert claimed is not None
    world.clock.advance(seconds=world.deliver.lease.total_seconds() - 0.5)
    return claimed


async def test_a_claim_that_runs_out_before_the_channel_is_called_leaves_it_pending(
    world: Any,
) -> None:
    world.channel.findable = False
    ticket = await answered(world)
    claimed = await claimed_for_too_long(world, ticket)
    assert await world.deliver.send_claimed(claimed) is False
    assert len(world.channel.attempts) == 1
    assert (await the_answer(world, ticket)).state is DeliveryState.PENDING
    await later(world)
    assert world.channel.texts() == ["answer 1"]
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT


async def test_a_claim_that_runs_out_before_the_look_leaves_it_unclear(world: Any) -> None:
    """Whether the send that was interrupted before left is as unknown as it was."""
    world.channel.findable = False
    ticket = await answered(world)
    claimed = await claimed_for_too_long(world, ticket)
    assert await world.deliver.send_claimed(claimed, interrupted=True) is False
    assert (await the_answer(world, ticket)).state is DeliveryState.SENDING
    await later(world)
    assert (await the_answer(world, ticket)).state is DeliveryState.UNCERTAIN


async def test_a_live_reply_whose_claim_runs_out_is_not_taken_for_one_that_nobody_saw(
    world: Any,
) -> None:
    """As pending it would be cancelled once a person has the ticket, with half of it in sight."""
    ticket = await answered(world)
    async with world.db.writing() as work:
        await work.connection.execute(update(DeliveryRow).values(provider_id="open"))
    claimed = await claimed_for_too_long(world, ticket)
    assert await world.deliver.send_claimed(claimed) is False
    assert (await the_answer(world, ticket)).state is DeliveryState.SENDING


class Clinging(LiveMemoryChannel):
    """Opens messages of which nobody hears, and lets go of them as scripted."""

    def __init__(self, clock: Any, *failures: ChannelError) -> None:
        super().__init__(clock)
        self.opening_failures.append(DeliveryUnknown("the answer was lost"))
        self._clings = list(failures)

    async def discard(self, delivery: Delivery) -> None:
        if self._clings:
            raise self._clings.pop(0)
        await super().discard(delivery)


@pytest.mark.parametrize(
    ("failures", "goes"),
    [
        ((), True),
        ((SendError("busy", permanent=False), DeliveryUnknown("lost")), True),
        ((SendError("refused", permanent=True),), False),
    ],
    ids=["at once", "later", "never"],
)
async def test_a_message_that_may_stand_open_goes_with_an_answer_that_may_not_leave_any_more(
    make_world: Any, clock: Any, failures: tuple[ChannelError, ...], *, goes: bool
) -> None:
    channel, gate = Clinging(clock, *failures), asyncio.Event()
    live = LiveRules(start_seconds=0.0, flush_seconds=0.01)
    turn = Turn("Open the page. Then press Export.", end_gate=gate)
    world = await make_world([turn], channel=channel, rules=RespondRules(live=live))
    ticket = await world.ticket((await world.hear(said("how?"))).ticket)
    channel.open.clear()
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: not channel.opening_failures)
    gate.set()
    await world.until(lambda: channel.attempts)
    settling.cancel()  # its process dies
    await asyncio.gather(settling, return_exceptions=True)
    channel.open.set()
    await world.takeover.take_over(ticket.public_id, None)
    await later(world)
    answer = await the_answer(world, ticket)
    assert answer.state is DeliveryState.CANCELLED
    assert channel.discarded == [answer.key] * goes
    assert channel.texts("t1") == []
