"""The stop button: what was seen stays, nothing more is said, and the customer's turn it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.completions.scripted import Turn
from supportbot.model.delivery import DeliveryState
from supportbot.model.inbound import Action, ActionKind, Sender
from supportbot.model.ticket import Handler, Status
from supportbot.store import answers
from supportbot.testing import LiveMemoryChannel, said
from tests.integration.orchestrator.growing import (
    ANSWER,
    LOOK_UP,
    QUICK,
    endless,
    order_desk,
    started,
    until_seen,
)


@pytest.fixture
def channel(clock: Any) -> LiveMemoryChannel:
    return LiveMemoryChannel(clock)


def pressed(**changes: Any) -> Action:
    return Action(ActionKind.STOP, Sender("ada"), thread_keys=("t1",), **changes)


async def reasons(world: Any, ticket: Any) -> list[str | None]:
    return [one.reason for one in await world.events(ticket) if one.kind == "suppressed"]


async def costs(world: Any, ticket: Any) -> list[str | None]:
    """Return how each call that was paid for ended."""
    async with world.db.reading() as work:
        calls = await answers.completions(work, ticket.id)
    assert all(call.tokens_in for call in calls)
    return [call.error_kind for call in calls]


async def settled_for_the_customer(world: Any, ticket: Any) -> None:
    """Nothing more follows, whatever is looked at again."""
    before = list(world.channel.sent)
    for _ in range(3):
        world.clock.advance(seconds=9)
        await world.settle()
    now = await world.ticket(ticket.public_id)
    assert (now.status, now.handler, now.waiting_since) == (Status.PENDING, Handler.BOT, None)
    assert now.answered_seq == now.asked_seq
    assert await reasons(world, ticket) == ["stopped"]
    assert world.channel.sent == before


async def growing(make_world: Any, channel: Any) -> tuple[Any, Any, asyncio.Task[None]]:
    """Let an answer grow until its first words are seen; what is asked next is answered too."""
    world = await make_world([endless(), "To the second."], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await until_seen(world, "Open the page.")
    return world, ticket, settling


async def goes_on_to_the_second(world: Any, ticket: Any, settling: asyncio.Task[None]) -> None:
    await asyncio.wait_for(settling, 5)
    await world.settle()
    assert world.channel.texts("t1")[-1] == "To the second."
    await settled_for_the_customer(world, ticket)


async def test_an_answer_that_nobody_saw_is_not_given(make_world: Any, channel: Any) -> None:
    channel.may_grow = False
    world = await make_world([endless()], channel=channel)
    ticket, settling = await started(world)
    await world.until(lambda: bool(world.completer.prompts))
    accepted = await world.hear(pressed())
    assert accepted.suppressed is None
    await asyncio.wait_for(settling, 5)
    assert channel.sent == []
    assert await costs(world, ticket) == ["stopped"]
    assert "superseded" not in await world.kinds(ticket)
    await settled_for_the_customer(world, ticket)


async def test_what_was_seen_stays_as_it_is(make_world: Any, channel: Any) -> None:
    world, ticket, settling = await growing(make_world, channel)
    await until_seen(world, "Open the page. Then press Export.")
    await world.hear(pressed())
    await asyncio.wait_for(settling, 5)
    assert channel.texts("t1") == ["Open the page. Then press Export."]
    messages = await world.messages(ticket)
    assert messages[-1].text == "Open the page. Then press Export."
    assert messages[-1].data["interrupted"] is True
    assert [one.state for one in await world.deliveries(ticket)] == [DeliveryState.SENT]
    assert await costs(world, ticket) == ["stopped"]
    assert "superseded" not in await world.kinds(ticket)
    await settled_for_the_customer(world, ticket)


@pytest.mark.parametrize("told_too", [True, False])
async def test_a_channel_may_tell_of_it_by_showing_no_more(
    make_world: Any, channel: Any, *, told_too: bool
) -> None:
    looked, spoken = asyncio.Event(), asyncio.Event()
    first = Turn("Let me look. One moment.", tool_calls=LOOK_UP, end_gate=spoken)
    world = await make_world([first, endless()], channel=channel, rules=QUICK, **order_desk(looked))
    ticket, settling = await started(world)
    await until_seen(world, "Let me look.")
    channel.stopped = True
    spoken.set()
    looked.set()
    await asyncio.wait_for(settling, 5)
    if told_too:
        await world.hear(pressed())
    [shown] = channel.texts("t1")
    assert first.text.startswith(shown)
    await settled_for_the_customer(world, ticket)


async def test_a_reply_stopped_before_its_first_words_is_taken_away(
    make_world: Any, channel: Any
) -> None:
    channel.stopped = True
    world = await make_world([endless()], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await asyncio.wait_for(settling, 5)
    [claim] = await world.deliveries(ticket)
    assert (claim.state, channel.discarded) == (DeliveryState.CANCELLED, [claim.key])
    assert channel.sent == []
    await settled_for_the_customer(world, ticket)


async def test_what_is_asked_afterwards_is_answered(make_world: Any, channel: Any) -> None:
    world, _, settling = await growing(make_world, channel)
    at = world.clock()
    await world.hear(pressed(pressed_at=at))
    await asyncio.wait_for(settling, 5)
    world.clock.advance(seconds=60)
    await world.hear(said("and how much is it?"))
    await world.hear(pressed(pressed_at=at), "late")  # a press that took its time
    await world.settle()
    assert channel.texts("t1")[-1] == "To the second."


async def test_what_was_asked_while_the_stopped_answer_grew_is_answered(
    make_world: Any, channel: Any
) -> None:
    world, ticket, settling = await growing(make_world, channel)
    await world.hear(said("and what does it cost?"))
    at = world.clock.advance(seconds=20)
    await world.hear(pressed(pressed_at=at))
    await goes_on_to_the_second(world, ticket, settling)


async def test_what_was_asked_right_after_a_press_is_answered_whichever_is_heard_first(
    make_world: Any, channel: Any
) -> None:
    world, ticket, settling = await growing(make_world, channel)
    pressed_at = world.clock.advance(seconds=10)
    asked_at = world.clock.advance(seconds=1)
    await world.hear(said("sorry, as CSV?", sent_at=asked_at))
    await world.hear(pressed(pressed_at=pressed_at))
    await goes_on_to_the_second(world, ticket, settling)


async def test_an_unseen_answer_to_what_was_asked_after_the_press_is_given(
    make_world: Any, channel: Any
) -> None:
    channel.may_grow = False
    world = await make_world([endless(), "To the second."], channel=channel)
    ticket, settling = await started(world)
    await world.until(lambda: bool(world.completer.prompts))
    pressed_at = world.clock.advance(seconds=10)
    asked_at = world.clock.advance(seconds=1)
    await world.hear(said("sorry, as CSV?", sent_at=asked_at))
    await world.hear(pressed(pressed_at=pressed_at))
    await asyncio.wait_for(settling, 5)
    await world.settle()
    assert channel.texts("t1") == ["To the second."]
    await settled_for_the_customer(world, ticket)


@pytest.mark.parametrize("told_too", [True, False])
async def test_what_was_asked_before_a_growing_reply_told_of_its_stop_is_answered(
    make_world: Any, channel: Any, *, told_too: bool
) -> None:
    looked, spoken, asked = asyncio.Event(), asyncio.Event(), asyncio.Event()
    first = Turn("Let me look. One moment.", tool_calls=LOOK_UP, end_gate=spoken)
    second = Turn("To the second.", gate=asked)

    def script(prompt: Any) -> Turn:
        if "what does it cost?" in prompt.messages[-1].content:
            return second
        looking = any(message.role == "tool" for message in prompt.messages)
        return endless() if looking else first

    world = await make_world(script, channel=channel, rules=QUICK, **order_desk(looked))
    ticket, settling = await started(world)
    await until_seen(world, "Let me look.")
    channel.stopped = True
    await world.hear(said("and what does it cost?"))
    spoken.set()
    looked.set()
    await asyncio.wait_for(settling, 5)
    channel.stopped = False
    calls_before = len(world.completer.prompts)
    second_settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) > calls_before)
    if told_too:  # late: the second question is what is being answered by now
        await world.hear(pressed(pressed_at=world.clock()))
    asked.set()
    await asyncio.wait_for(second_settling, 5)
    assert channel.texts("t1")[-1] == "To the second."
    await settled_for_the_customer(world, ticket)


async def test_where_nothing_is_answered_there_is_nothing_to_stop(
    make_world: Any, channel: Any
) -> None:
    world = await make_world(["Yes."], channel=channel)
    ticket = await world.ask(said("how?"))
    await world.hear(pressed())
    assert await reasons(world, ticket) == []
    assert (await world.inbounds())[-1].reason == "nothing_to_stop"
    assert (await world.ticket(ticket.public_id)).status is Status.PENDING


async def test_a_person_s_ticket_is_not_stopped(make_world: Any, channel: Any) -> None:
    world = await make_world(["Yes."], channel=channel)
    ticket = await world.ask(said("how?"))
    await world.takeover.take_over(ticket.public_id, None)
    await world.hear(said("hello?"))
    await world.hear(pressed())
    now = await world.ticket(ticket.public_id)
    assert (now.status, now.handler) == (Status.OPEN, Handler.HUMAN)


async def test_a_killed_answer_that_was_stopped_is_not_gone_on_with(
    make_world: Any, channel: Any
) -> None:
    world, ticket, settling = await growing(make_world, channel)
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    await world.hear(pressed())
    world.clock.advance(seconds=9)
    await world.settle()
    [shown] = channel.texts("t1")
    assert ANSWER.startswith(shown)
    await settled_for_the_customer(world, ticket)
