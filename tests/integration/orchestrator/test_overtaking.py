"""Edits and deletions that are faster than the message that they are about."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from supportbot.model.inbound import Deleted, Edited, Sender
from supportbot.model.ticket import Status
from supportbot.testing import said

ADA = Sender("ada")


def edit(text: str, key: str = "t1") -> Edited:
    return Edited(ADA, key, ("t1",), text)


async def hear(world: Any, how: str, *arrivals: tuple[Any, str]) -> None:
    """Let these arrive in this order; in a rush they are understood afterwards."""
    later = how == "afterwards"
    for heard, key in arrivals:
        inbound = world.channel.inbound(heard, key)
        await world.intake.accept(replace(inbound, deferred=later, may_wait=True))
    while await world.backlog.drain():
        pass
    await world.settle()


def question(text: str = "where is my parcel?", **changes: Any) -> Any:
    return said(text, shared_thread=True, **changes)


async def asked(world: Any) -> list[str]:
    return [prompt.messages[-1].content for prompt in world.completer.prompts]


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_message_that_was_taken_back_before_it_came_is_never_answered(
    world: Any, how: str
) -> None:
    await hear(world, how, (Deleted("t1", ("t1",)), "e1"), (question("my PIN is 1"), "t1"))
    assert world.completer.prompts == []
    assert await world.all_tickets() == []
    rows = await world.inbounds()
    assert all(row.raw is None and row.settled_at for row in rows)
    assert {row.reason for row in rows} <= {"before_it_came", "deleted_before"}


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_reply_that_was_taken_back_before_it_came_leaves_its_thread_as_it_was(
    world: Any, how: str
) -> None:
    await hear(world, how, (question(), "t1"))
    gone = Deleted("m2", ("t1",))
    await hear(world, how, (gone, "e1"), (question("my PIN is 1"), "m2"), (gone, "e2"))
    (ticket,) = await world.all_tickets()
    assert [m.text for m in await world.messages(ticket)] == ["where is my parcel?", "answer 1"]
    await hear(world, how, (question("thanks"), "m3"))
    assert world.channel.texts() == ["answer 1", "answer 2"]


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_edit_that_came_first_wins_when_its_message_comes(world: Any, how: str) -> None:
    early = (edit("where is my 1st parcel?"), "e1"), (edit("where is my 2nd parcel?"), "e2")
    await hear(world, how, *early, (question(), "t1"))
    (shown,) = await asked(world)
    assert "2nd parcel" in shown
    (ticket,) = await world.all_tickets()
    assert ticket.subject == "where is my 2nd parcel?"
    assert [m.text for m in await world.messages(ticket)] == ["where is my 2nd parcel?", "answer 1"]
    assert [row.outcome for row in await world.inbounds()] == ["edited", "edited", "message"]


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_edit_of_a_reply_that_came_first_wins_too(world: Any, how: str) -> None:
    await hear(world, how, (question(), "t1"))
    reply = question("a secnod one", addressed=False)
    await hear(world, how, (edit("a second one", "m2"), "e1"), (reply, "m2"))
    assert "a second one" in (await asked(world))[-1]
    (ticket,) = await world.all_tickets()
    texts = [m.text for m in await world.messages(ticket)]
    assert texts == ["where is my parcel?", "answer 1", "a second one", "answer 2"]


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_whole_thread_that_came_backwards_is_put_in_order(world: Any, how: str) -> None:
    await hear(
        world,
        how,
        (edit("a second one", "m2"), "e2"),
        (question("a secnod one", addressed=False), "m2"),
        (edit("where is it?"), "e1"),
        (question(), "t1"),
    )
    (ticket,) = await world.all_tickets()
    texts = [m.text for m in await world.messages(ticket)]
    assert texts == ["where is it?", "a second one", "answer 1"]
    assert (ticket.status, ticket.bot_owes) == (Status.PENDING, False)


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_edit_and_deletion_that_both_came_first_keep_no_word(world: Any, how: str) -> None:
    gone = Deleted("t1", ("t1",))
    await hear(world, how, (edit("my PIN is 1"), "e1"), (gone, "e2"), (edit("my PIN"), "e3"))
    assert [row.raw for row in await world.inbounds()] == [None] * 3
    await hear(world, how, (question("my PIN is 2"), "t1"))
    assert world.completer.prompts == []


async def test_edit_of_a_message_that_never_comes_is_forgotten_in_the_end(world: Any) -> None:
    await hear(world, "at once", (edit("somebody's chatter"), "e1"))
    assert [row.raw is None for row in await world.inbounds()] == [False]
    world.clock.advance(minutes=16)
    for job in world.sweep.periodic():
        await job.run()
    assert [row.raw for row in await world.inbounds()] == [None]


async def test_deletion_that_comes_at_the_same_moment_wins_too(world: Any) -> None:
    for number in range(10):
        key = f"t{number}"
        gone = world.channel.inbound(Deleted(key, (key,)), f"e{number}")
        asked = world.channel.inbound(question("my PIN is 1", thread=key), key)
        await asyncio.gather(*map(world.intake.accept, (gone, asked)[:: 1 if number % 2 else -1]))
    await world.settle()
    assert world.completer.prompts == []
    assert all(row.raw is None for row in await world.inbounds())
