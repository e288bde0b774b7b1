from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from supportbot.completions.scripted import Turn
from supportbot.model.inbound import Edited, Sender
from supportbot.model.ticket import Handler
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.orchestrator.wiring import Patience
from supportbot.store.tables.answers import CompletionRow
from supportbot.testing import said


def held(text: str) -> tuple[Turn, asyncio.Event]:
    gate = asyncio.Event()
    return Turn(text, gate=gate), gate


async def completions(world: Any) -> list[Any]:
    async with world.db.reading() as work:
        rows = await work.connection.execute(select(CompletionRow).order_by(CompletionRow.id))
        return list(rows)


async def test_a_newer_message_supersedes_an_answer_nobody_saw(make_world: Any) -> None:
    first, _never = held("too early")
    world = await make_world([first, "to both"])
    ticket = await world.ticket((await world.hear(said("first"))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    await world.hear(said("second"))
    await settling
    assert world.channel.texts("t1") == []
    await world.settle()
    assert world.channel.texts("t1") == ["to both"]
    newest = world.completer.prompts[1].messages[-1].content
    assert "first" in newest
    assert "second" in newest
    assert "superseded" in await world.kinds(ticket)
    rows = await completions(world)
    assert [row.error_kind for row in rows] == ["superseded", None]
    assert rows[0].tokens_in > 0
    assert rows[0].usage_estimated


async def test_whoever_keeps_writing_is_answered_in_the_end(make_world: Any) -> None:
    """After the longest wait an answer is finished, and the rest is answered next."""
    first, gate = held("to the first")
    world = await make_world([first, "to the second"])
    ticket = await world.ticket((await world.hear(said("first"))).ticket)
    world.clock.advance(seconds=31)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    await world.hear(said("second"))
    await asyncio.sleep(0.1)
    gate.set()
    await settling
    assert world.channel.texts("t1") == ["to the first"]
    await world.settle()
    assert world.channel.texts("t1") == ["to the first", "to the second"]
    messages = await world.messages(ticket)
    assert [m.data.get("upto") for m in messages if m.author.kind == "bot"] == [1, 2]


async def test_a_person_who_takes_over_ends_the_model_s_work(make_world: Any) -> None:
    first, _never = held("unwanted")
    world = await make_world([first])
    ticket = await world.ticket((await world.hear(said("first"))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    await world.takeover.reply(ticket.public_id, None, "I am on it.")
    await asyncio.wait_for(settling, 5)
    await world.settle()
    assert world.channel.texts("t1") == ["I am on it."]


async def test_the_deadline_of_a_turn_hands_off_and_tells_the_customer(make_world: Any) -> None:
    first, _never = held("too late")
    world = await make_world([first], rules=RespondRules(turn_seconds=0.2))
    ticket = await world.ask(said("first"))
    assert ticket.handler is Handler.HUMAN
    assert len(world.channel.texts("t1")) == 1
    assert [row.error_kind for row in await completions(world)] == ["deadline"]


async def test_a_quiet_period_collects_messages_into_one_answer(make_world: Any) -> None:
    world = await make_world(patience=Patience(quiet_seconds=2.0, longest_seconds=5.0))
    await world.hear(said("one"))
    await world.settle()
    assert world.channel.texts("t1") == []
    world.clock.advance(seconds=1.5)
    await world.hear(said("two"))
    world.clock.advance(seconds=1.5)
    await world.settle()
    assert world.channel.texts("t1") == []
    world.clock.advance(seconds=1)
    await world.settle()
    assert world.channel.texts("t1") == ["answer 1"]


async def test_the_quiet_period_ends_at_the_longest_wait(make_world: Any) -> None:
    world = await make_world(patience=Patience(quiet_seconds=2.0, longest_seconds=3.0))
    for text in ("one", "two", "three"):
        await world.hear(said(text))
        world.clock.advance(seconds=1)
    await world.settle()
    assert world.channel.texts("t1") == ["answer 1"]


@pytest.mark.parametrize("text", ["", "   "])
async def test_an_empty_answer_is_asked_for_once_more(make_world: Any, text: str) -> None:
    world = await make_world([text, "now it speaks"])
    await world.ask(said("first"))
    assert world.channel.texts("t1") == ["now it speaks"]


async def test_an_empty_answer_twice_goes_to_a_person(make_world: Any) -> None:
    world = await make_world(["", "", "never asked"])
    ticket = await world.ask(said("first"))
    assert ticket.handler is Handler.HUMAN
    assert len(world.completer.prompts) == 2


async def test_an_edit_changes_the_question_while_the_model_thinks(make_world: Any) -> None:
    first, _never = held("to the wrong question")
    world = await make_world([first, "to the right one"])
    ticket = await world.ticket((await world.hear(said("blue?"), "m1")).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    await world.hear(Edited(Sender("ada"), "m1", ("t1",), "green?"))
    await asyncio.wait_for(settling, 5)
    await world.settle()
    assert world.channel.texts("t1") == ["to the right one"]
    assert "green?" in world.completer.prompts[1].messages[-1].content
