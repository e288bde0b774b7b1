"""What operators write below a notice stays what its customer sees, whatever happens beside it."""

from __future__ import annotations

import asyncio
from typing import Any

from supportbot.model.inbound import ActionKind
from supportbot.orchestrator.hearing import own_words
from supportbot.store import threads, tickets
from supportbot.testing import said
from tests.integration.orchestrator.desk import GRACE, escalated, packet, press, under, writes


async def test_words_that_are_changed_in_the_moment_they_leave_are_shown_as_they_are(
    world: Any,
) -> None:
    """The change is not committed yet while the old words are claimed, and must not miss that."""
    ticket, notice = await escalated(world)
    await world.hear(writes(GRACE, "Call extension 42.", below=under(notice)))
    async with world.db.writing() as work:
        held = await tickets.get(work, ticket.id, lock=True)
        message = (await threads.messages(work, ticket.id))[-1]
        await own_words.reworded(world.wiring, work, held, message, "Call extension 43.")
        leaving = asyncio.create_task(world.deliver.deliver(ticket.id))
        await asyncio.wait((leaving,), timeout=0.5)
    await leaving
    await world.settle()
    assert world.channel.shown("t1")[-1].text == "Call extension 43."


async def test_a_packet_of_a_ticket_that_is_open_again_is_one_again_for_whoever_takes_it(
    world: Any,
) -> None:
    """What its customer answers is told below it, and what can be done can be pressed there."""
    _, notice = await escalated(world)
    await press(world, ActionKind.RESOLVE, GRACE, notice)
    await world.ask(said("It is broken again."))
    assert packet(world).offers == ()
    await world.hear(writes(GRACE, "Which one?", below=under(notice)))
    await world.settle()
    await world.ask(said("The blue one."))
    told = world.channel.shown("operators")[-1]
    assert told.text == "**Ada** wrote:\n\n> The blue one."
    assert told.below is not None
    assert told.below.key == notice.key
    assert packet(world).offers == (ActionKind.REPLY, ActionKind.RETURN, ActionKind.RESOLVE)


async def test_a_resolved_packet_is_not_changed_by_what_happens_without_people(
    world: Any, clock: Any
) -> None:
    _, notice = await escalated(world)
    await press(world, ActionKind.RESOLVE, GRACE, notice)
    before = packet(world)
    await world.ask(said("It is broken again."))
    clock.advance(hours=25)
    await world.sweep.resolve_silent()
    await world.settle()
    assert packet(world) == before
