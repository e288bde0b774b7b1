from __future__ import annotations

import asyncio
from typing import Any

from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.delivery import DeliveryState
from supportbot.model.ticket import Handler
from supportbot.testing import Fails, said


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
    world.channel.failures.extend([temporary(1), temporary(1)])
    ticket = await world.ask(said("hi"))
    clock.advance(seconds=5)
    await world.settle_ticket(ticket.id)
    (first, *_) = await world.deliveries(ticket)
    assert first.state is DeliveryState.FAILED
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


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


async def test_channel_that_says_unknown_is_not_asked_to_send_again(world: Any) -> None:
    world.channel.failures.append(Fails(DeliveryUnknown("time-out after the last byte")))
    ticket = await world.ask(said("hi"))
    await world.settle()
    (delivery, *_) = await world.deliveries(ticket)
    assert delivery.state is DeliveryState.UNCERTAIN
    assert [one.key for one in world.channel.attempts].count(delivery.key) == 1


async def test_answer_is_cancelled_when_the_ticket_changed_hands_before_it_left(
    world: Any, clock: Any
) -> None:
    world.channel.failures.append(temporary(30))
    ticket = await world.ask(said("hi"))
    await world.takeover.take_over(ticket.public_id, None)
    clock.advance(minutes=1)
    await world.settle()
    assert [one.state for one in await world.deliveries(ticket)] == [DeliveryState.CANCELLED]
    assert world.channel.sent == []


async def test_interrupted_answer_is_cancelled_when_the_ticket_changed_hands(
    world: Any, clock: Any
) -> None:
    world.channel.failures.append(Fails(RuntimeError("the process died")))
    ticket = await world.ask(said("hi"))
    await world.takeover.take_over(ticket.public_id, None)
    clock.advance(minutes=1)
    await world.settle()
    await world.settle()
    assert [one.state for one in await world.deliveries(ticket)] == [DeliveryState.CANCELLED]
    assert world.channel.sent == []


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
