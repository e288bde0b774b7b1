"""Stored prompts after a message was taken back: what they were made of goes, the rest explains."""

from __future__ import annotations

import asyncio
from typing import Any

from supportbot.completions.scripted import Turn
from supportbot.model.inbound import Deleted
from supportbot.store import answers
from supportbot.testing import said
from tests.integration.orchestrator.kept import tables_with

SECRET = "R0SEBUD"
GONE = "(deleted by its author)"


async def prompts(world: Any, ticket_id: int) -> list[list[str]]:
    async with world.db.reading() as work:
        made = await answers.completions(work, ticket_id)
        return [[m.content for m in await answers.prompt_messages(work, c.id)] for c in made]


async def asks(world: Any, text: str, key: str, thread: str = "t1") -> Any:
    accepted = await world.hear(said(text, thread=thread), key)
    await world.settle()
    return await world.ticket(accepted.ticket)


async def test_what_else_was_in_the_prompt_stays(world: Any) -> None:
    await asks(world, "what came before", "m0")
    await asks(world, f"my PIN is {SECRET}", "m1")
    ticket = await asks(world, "and now?", "m2")
    before = await prompts(world, ticket.id)
    await world.hear(Deleted("m1", ("t1",)))
    first, second, third = await prompts(world, ticket.id)
    assert first == before[0]
    assert second == [*before[1][:-1], GONE]
    assert third == [GONE if SECRET in text else text for text in before[2]]
    assert third.count(GONE) == 1
    assert await tables_with(world.db, SECRET) == set()


async def test_call_that_was_under_way_brings_no_words_back(make_world: Any) -> None:
    gate = asyncio.Event()
    world = await make_world([Turn("first", end_gate=gate), "second"])
    accepted = await world.hear(said(f"my PIN is {SECRET}"), "m1")
    ticket = await world.ticket(accepted.ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    await world.hear(Deleted("m1", ("t1",)))
    gate.set()
    await settling
    await world.settle()
    (prompt,) = await prompts(world, ticket.id)
    assert prompt[-1] == GONE
    assert await tables_with(world.db, SECRET) == set()


async def test_words_that_are_asked_again_stand_until_they_are_taken_back_again(
    world: Any,
) -> None:
    for key in ("m1", "m2"):
        ticket = await asks(world, f"my PIN is {SECRET}", key)
        assert SECRET in (await prompts(world, ticket.id))[-1][-1]
        await world.hear(Deleted(key, ("t1",)))
        assert await tables_with(world.db, SECRET) == set()


async def test_the_same_words_of_another_ticket_stay(world: Any) -> None:
    one = await asks(world, f"my PIN is {SECRET}", "m1")
    other = await asks(world, f"my PIN is {SECRET}", "m2", "t2")
    assert one.id != other.id
    await world.hear(Deleted("m1", ("t1",)))
    assert (await prompts(world, one.id))[0][-1] == GONE
    assert SECRET in (await prompts(world, other.id))[0][-1]
