"""What waits to be sent when a product's mode changes, and what is told of an uncertain send."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.catalog import Mode
from supportbot.model.delivery import DeliveryState
from supportbot.model.ticket import Handler
from supportbot.policy.review import HANDOFF_NOTE
from supportbot.testing import Fails, said

BUSY = Fails(SendError("busy", permanent=False, retry_after_seconds=30))
NOT_AUTO = [Mode.OFF, Mode.SHADOW, Mode.DRAFT]


def switched(world: Any, mode: Mode) -> None:
    [(key, published)] = world.wiring.policies.items()
    world.wiring.policies[key] = replace(published, policy=replace(published.policy, mode=mode))


async def later(world: Any) -> None:
    for _ in range(3):
        world.clock.advance(seconds=60)
        await world.settle()


async def put_before_a_person(world: Any, ticket: Any) -> None:
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    (reply, *_) = await world.deliveries(ticket)
    assert reply.state is DeliveryState.FAILED
    assert {"delivery_failed", "handoff"} <= set(await world.kinds(ticket))
    assert "operators" in [one.target["to"] for one in world.channel.sent]


@pytest.mark.parametrize("mode", NOT_AUTO)
async def test_an_answer_that_waits_does_not_leave_in_another_mode(
    make_world: Any, mode: Mode
) -> None:
    world = await make_world()
    world.channel.failures.append(BUSY)
    ticket = await world.ask(said("hi"))
    switched(world, mode)
    await later(world)
    await put_before_a_person(world, ticket)
    told = [HANDOFF_NOTE] if mode is Mode.DRAFT else []
    assert world.channel.texts("t1") == told


async def test_an_interrupted_answer_that_did_not_leave_stays_in_another_mode(
    make_world: Any,
) -> None:
    world = await make_world()
    world.channel.failures.append(Fails(RuntimeError("the process died")))
    ticket = await world.ask(said("hi"))
    switched(world, Mode.OFF)
    await later(world)
    await put_before_a_person(world, ticket)
    assert world.channel.texts("t1") == []


async def test_an_interrupted_answer_that_left_is_known_as_sent_in_any_mode(
    make_world: Any,
) -> None:
    world = await make_world()
    world.channel.failures.append(Fails(RuntimeError("the process died"), left=True))
    ticket = await world.ask(said("hi"))
    switched(world, Mode.OFF)
    await later(world)
    assert [one.state for one in await world.deliveries(ticket)] == [DeliveryState.SENT]
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT


@pytest.mark.parametrize("mode", NOT_AUTO)
async def test_words_of_operators_leave_in_every_mode(make_world: Any, mode: Mode) -> None:
    world = await make_world(["a draft"], mode=Mode.DRAFT)
    ticket = await world.ask(said("hi"))
    [draft] = await world.drafts(ticket)
    world.channel.failures.extend([BUSY, BUSY])
    await world.takeover.send_draft(draft.id, None)
    await world.takeover.reply(ticket.public_id, None, "I am a person.")
    switched(world, mode)
    await later(world)
    assert world.channel.texts("t1") == ["a draft", "I am a person."]


async def test_a_customer_is_told_where_nobody_knows_whether_the_answer_arrived(
    make_world: Any,
) -> None:
    world = await make_world()
    world.channel.findable = False
    world.channel.failures.append(Fails(DeliveryUnknown("lost")))
    ticket = await world.ask(said("hi"))
    await later(world)
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    assert world.channel.texts("t1") == [HANDOFF_NOTE]
