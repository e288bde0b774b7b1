"""Whoever calls without a word is greeted; what they say then is their question."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.model.catalog import Mode
from supportbot.model.inbound import CustomerMessage, Deleted, Edited, Sender
from supportbot.model.ticket import Status
from supportbot.orchestrator.hearing.flood import FLOOD_NOTE
from supportbot.testing import said
from tests.integration.orchestrator.conftest import MakeWorld

CALL = said("", greet=True, shared_thread=True)


def follow_up(text: str) -> CustomerMessage:
    return said(text, addressed=False, shared_thread=True)


async def test_call_is_greeted_once_and_nothing_is_owed(world: Any) -> None:
    ticket = await world.ask(CALL)
    assert (ticket.status, ticket.bot_owes, ticket.subject) == (Status.PENDING, False, None)
    (greeting,) = world.channel.sent
    assert "Ask me about" in greeting.text
    await world.settle()
    assert len(world.channel.sent) == 1
    (row,) = await world.inbounds()
    assert row.outcome == "greeted"


async def test_what_follows_in_the_thread_is_the_question(world: Any) -> None:
    await world.ask(CALL)
    ticket = await world.ask(follow_up("where is my parcel?"))
    assert ticket.subject == "where is my parcel?"
    assert [delivery.text for delivery in world.channel.sent[1:]] == ["answer 1"]
    assert len(await world.all_tickets()) == 1


async def test_words_put_into_the_call_are_the_question(world: Any) -> None:
    await world.hear(CALL, "m1")
    await world.settle()
    await world.hear(Edited(Sender("ada", "Ada"), "m1", ("t1",), "where is my parcel?"))
    await world.settle()
    (ticket,) = await world.all_tickets()
    assert [m.text for m in await world.messages(ticket)][1:] == ["where is my parcel?", "answer 1"]
    again = Edited(Sender("ada", "Ada"), "m1", ("t1",), "where is my letter?")
    await world.hear(again)
    assert "edited" in await world.kinds(ticket)


async def test_question_after_a_greeting_leaves_no_words_when_it_is_deleted(world: Any) -> None:
    await world.ask(CALL)
    await world.hear(follow_up("my password is hunter2"), "m2")
    await world.hear(Deleted("m2", ("t1",)))
    (ticket,) = await world.all_tickets()
    assert "hunter2" not in (ticket.subject or "")


async def test_call_in_a_known_thread_says_nothing_more(world: Any) -> None:
    ticket = await world.ask(said("hi", shared_thread=True))
    await world.hear(CALL)
    await world.settle()
    assert len(world.channel.sent) == 1
    assert (await world.inbounds())[-1].reason == "empty"
    assert [one.id for one in await world.all_tickets()] == [ticket.id]


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW])
async def test_nothing_is_said_where_the_bot_is_silent(make_world: MakeWorld, mode: Mode) -> None:
    world = await make_world(mode=mode)
    await world.hear(CALL)
    await world.settle()
    assert world.channel.sent == []
    assert await world.all_tickets() == []


async def test_whoever_calls_again_and_again_is_told_to_slow_down(world: Any) -> None:
    for number in range(25):
        await world.hear(said("", greet=True, thread=f"t{number}"))
    await world.settle()
    texts = [delivery.text for delivery in world.channel.sent]
    assert len(texts) == 21
    assert texts.count(FLOOD_NOTE) == 1


async def test_whoever_may_not_ask_here_opens_nothing(world: Any) -> None:
    accepted = await world.hear(said("hi", barred="not_in_group", shared_thread=True))
    assert accepted.suppressed == "not_in_group"
    assert await world.all_tickets() == []


async def test_whoever_may_not_ask_may_write_in_a_thread_that_is_known(world: Any) -> None:
    ticket = await world.ask(said("hi", shared_thread=True))
    await world.ask(said("me too", by="bob", barred="not_in_group", shared_thread=True))
    assert [m.text for m in await world.messages(ticket)][2] == "me too"
