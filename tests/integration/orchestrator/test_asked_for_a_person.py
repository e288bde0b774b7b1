"""Whoever asked may have a person, stop an answer or say more of a score; others may not."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.model.delivery import Delivery
from supportbot.model.inbound import Action, ActionKind, Sender
from supportbot.model.ticket import Handler, Status, Ticket
from supportbot.store import feedback, violations
from supportbot.testing import said
from tests.integration.orchestrator.desk import (
    BOB,
    GRACE,
    asked,
    by_ada,
    by_bob,
    customer_presses,
    packet,
    press,
    to_customer,
)


async def answered_by_a_person(world: Any) -> tuple[Ticket, Delivery]:
    """Let a person answer behind two answers of the bot; return the first, which has its button."""
    await world.ask(said("one"))
    ticket = await world.ask(said("two"))
    first, second = await to_customer(world, ticket)
    await customer_presses(world, ActionKind.ESCALATE, second)
    await world.takeover.reply(ticket.public_id, None, "Try this.")
    await world.settle()
    return ticket, first


async def awaited(world: Any) -> list[str]:
    world.clock.advance(hours=5)
    async with world.db.reading() as work:
        return await violations.people_awaited(work, world.clock())


async def helped_by_bob(make_world: Any, *more: str) -> tuple[Any, Ticket]:
    world = await make_world(anyone_steps_in=True)
    ticket = await asked(world)
    await world.hear(by_bob("Try the menu."))
    for text in more:
        await world.hear(by_ada(text))
    return world, ticket


async def test_a_person_is_waited_for_again_where_one_took_it_for_answered(world: Any) -> None:
    ticket, first = await answered_by_a_person(world)
    assert ActionKind.ESCALATE in world.channel.shown("t1")[0].offers
    before = packet(world)
    await customer_presses(world, ActionKind.ESCALATE, first)
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.status, ticket.handler) == (Status.OPEN, Handler.HUMAN)
    assert ticket.waiting_since is not None
    assert packet(world).key != before.key
    assert packet(world).text.startswith("**Handoff** (asked)")
    assert ActionKind.ESCALATE not in world.channel.shown("t1")[0].offers
    assert await awaited(world) == [ticket.public_id]


async def test_operators_are_reminded_of_it_anew(world: Any, clock: Any) -> None:
    ticket, first = await answered_by_a_person(world)
    for below in (None, first):
        await customer_presses(world, ActionKind.ESCALATE, below)
        clock.advance(hours=5)
        await world.sweep.remind_people()
        await world.settle()
        await world.takeover.reply(ticket.public_id, None, "And this.")
    reminders = [o for o in world.channel.shown("operators") if "Nobody answered" in o.text]
    assert len(reminders) == 2


async def test_pressing_again_while_a_person_is_waited_for_tells_nobody_twice(world: Any) -> None:
    _, first = await answered_by_a_person(world)
    await customer_presses(world, ActionKind.ESCALATE, first)
    before = len(world.channel.shown("operators"))
    again = await customer_presses(world, ActionKind.ESCALATE, first)
    assert again.note is not None
    assert "colleague" in again.note
    assert len(world.channel.shown("operators")) == before


@pytest.mark.parametrize("more", [(), ("and then?",)])
async def test_a_person_can_be_asked_for_where_a_bystander_helped(
    make_world: Any, more: tuple[str, ...]
) -> None:
    world, ticket = await helped_by_bob(make_world, *more)
    accepted = await customer_presses(world, ActionKind.ESCALATE)
    assert accepted.note is None
    assert packet(world).text.startswith("**Handoff** (asked)")
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.status, ticket.handler) == (Status.OPEN, Handler.HUMAN)
    assert await awaited(world) == [ticket.public_id]


@pytest.mark.parametrize("resolved", [False, True])
async def test_a_bystander_cannot_have_a_person_for_somebody_else(
    world: Any, *, resolved: bool
) -> None:
    ticket = await world.ask(said("hi", shared_thread=True))
    if resolved:
        await world.takeover.resolve(ticket.public_id, None)
    before = await world.ticket(ticket.public_id)
    refused = await press(
        world, ActionKind.ESCALATE, BOB, None, by_operator=False, thread_keys=("t1",)
    )
    assert refused.note == "Only whoever asked here, or an operator, can do this."
    assert await world.ticket(ticket.public_id) == before


async def test_a_bystander_cannot_stop_an_answer(world: Any) -> None:
    await world.hear(said("hi", shared_thread=True))
    refused = await world.hear(stopping(BOB))
    assert refused.note == "Only whoever asked here, or an operator, can do this."
    await world.settle()
    assert world.channel.texts("t1") == ["answer 1"]


def stopping(sender: Sender) -> Action:
    return Action(ActionKind.STOP, sender, thread_keys=("t1",))


@pytest.mark.parametrize("who", [BOB, GRACE])
async def test_those_who_asked_here_too_and_operators_may(world: Any, who: Sender) -> None:
    ticket = await world.ask(said("hi", shared_thread=True))
    if who is BOB:
        await world.ask(said("and for me?", by="bob", shared_thread=True))
    operator = who is GRACE
    await press(world, ActionKind.ESCALATE, who, None, by_operator=operator, thread_keys=("t1",))
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_a_bystander_cannot_say_more_of_somebody_elses_score(make_world: Any) -> None:
    world = await make_world(scored=True)
    ticket = await world.ask(said("hi", shared_thread=True))
    await customer_presses(world, ActionKind.RESOLVE)
    question = world.channel.shown("t1")[-1]
    await customer_presses(world, ActionKind.SCORE, question, value=5)
    for text in (None, "They are terrible."):
        refused = await press(
            world, ActionKind.COMMENT, BOB, question, by_operator=False, thread_keys=(), text=text
        )
        assert (refused.note, refused.form) == ("Only whoever asked here can give a score.", None)
    async with world.db.reading() as work:
        assert [one.comment for one in await feedback.of_ticket(work, ticket.id)] == [None]
