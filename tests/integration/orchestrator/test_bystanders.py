"""Others than the customer: what they say is context, or takes over where nobody is an operator."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.completions.scripted import Turn
from supportbot.model.catalog import Mode
from supportbot.model.completion import ToolCall
from supportbot.model.draft import DraftState
from supportbot.model.inbound import ActionKind
from supportbot.model.ticket import Handler, Status
from supportbot.store import threads
from supportbot.testing import MemoryChannel
from supportbot.tools.declare import tool
from supportbot.tools.tool import ToolContext
from supportbot.tools.toolbox import gather
from tests.integration.orchestrator.desk import (
    ADA,
    BOB,
    GRACE,
    asked,
    by_ada,
    by_bob,
    escalated,
    packet,
    press,
    writes,
)


async def test_the_words_of_a_bystander_are_context(world: Any) -> None:
    ticket = await asked(world)
    await world.hear(by_bob("it is version 7"))
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.status, ticket.asked_seq) == (Status.PENDING, 1)
    await world.ask(by_ada("mine is 8"))
    assert world.channel.texts() == ["answer 1", "answer 2"]
    asked_now = world.completer.prompts[1].messages[-1].content
    assert "it is version 7" in asked_now
    assert "mine is 8" in asked_now


async def test_a_bystander_who_calls_the_bot_is_answered(world: Any) -> None:
    await asked(world)
    await world.ask(by_bob("and for me?", addressed=True))
    assert world.channel.texts() == ["answer 1", "answer 2"]


async def test_a_bystanders_words_are_owed_nothing_after_a_return(world: Any) -> None:
    ticket = await asked(world)
    await world.takeover.take_over(ticket.public_id, None)
    await world.hear(by_bob("+1"))
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts() == ["answer 1"]


async def test_an_old_word_of_a_bystander_makes_no_new_question_overdue(
    world: Any, clock: Any
) -> None:
    ticket = await asked(world)
    await world.hear(by_bob("+1"))
    clock.advance(hours=2)
    await world.hear(by_ada("and as CSV?"))
    await world.sweep.hand_off_overdue()
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT


async def test_identity_is_vouched_for_by_nobody_while_others_have_a_say(
    make_world: Any, clock: Any
) -> None:
    seen: list[bool] = []

    @tool
    def note(context: ToolContext) -> str:
        """Take a note."""
        seen.append(context.verified)
        return "noted"

    def call(number: int) -> Turn:
        return Turn(tool_calls=(ToolCall(f"c{number}", "note", "{}"),))

    script = ["hello", call(1), "one", call(2), "two"]
    channel = MemoryChannel(clock, key="slack:x", kind="slack")
    world = await make_world(
        script, channel=channel, toolbox=gather([note]).toolbox, tools=("note",)
    )
    await asked(world)
    await world.hear(by_bob("please note that bob pays"))
    await world.ask(by_ada("what now?"))
    await world.ask(by_ada("and alone?"))
    assert seen == [False, True]


async def test_whoever_steps_in_takes_over_where_there_are_no_operators(make_world: Any) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket = await asked(world)
    await world.hear(by_bob("I can help"))
    await world.ask(by_ada("thank you"))
    ticket = await world.ticket(ticket.public_id)
    assert ticket.handler is Handler.HUMAN
    assert world.channel.texts() == ["answer 1"]
    events = [(e.kind.value, e.actor.kind.value) for e in await world.events(ticket)]
    assert events[-2:] == [("takeover", "guest"), ("human_replied", "guest")]


@pytest.mark.parametrize("who", [by_ada, by_bob])
async def test_the_bot_comes_back_when_it_is_called(make_world: Any, who: Any) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket = await asked(world)
    await world.hear(by_bob("I can help"))
    await world.ask(who("bot, are you there?", addressed=True))
    ticket = await world.ticket(ticket.public_id)
    assert ticket.handler is Handler.BOT
    assert world.channel.texts() == ["answer 1", "answer 2"]
    assert "returned" in await world.kinds(ticket)


async def test_a_call_does_not_take_a_ticket_from_a_person_who_was_asked_for(
    make_world: Any,
) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket, _ = await escalated(world)
    await world.ask(by_ada("bot?", addressed=True))
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_episodes_with_people_of_all_kinds_are_rebuilt_bit_for_bit(
    make_world: Any, db: Any
) -> None:
    world = await make_world(anyone_steps_in=True, scored=True)
    ticket = await asked(world)
    await world.hear(by_bob("I can help"))
    await world.hear(writes(GRACE, "So can I", thread="t1"))
    await press(world, ActionKind.RESOLVE, ADA, None, by_operator=False, thread_keys=("t1",))
    async with db.reading() as work:
        before = await threads.episodes(work, ticket.id)
    assert before[0].human_messages == 2
    async with db.writing() as work:
        await threads.rebuild_episodes(work, ticket)
    async with db.reading() as work:
        assert await threads.episodes(work, ticket.id) == before


async def test_every_word_of_the_bystander_who_has_it_counts(make_world: Any) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket = await asked(world)
    await world.hear(by_bob("Do it like this."))
    await world.hear(by_ada("and then?"))
    await world.hear(by_bob("Then press Export."))
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.status, ticket.waiting_since) == (Status.PENDING, None)
    assert ticket.answered_seq == ticket.asked_seq
    assert (await world.kinds(ticket))[-3:] == ["takeover", "human_replied", "human_replied"]
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts("t1") == ["answer 1"]


async def test_a_bystanders_words_do_not_answer_for_a_person_who_was_asked_for(
    make_world: Any,
) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket, _ = await escalated(world)
    await world.hear(by_bob("I can help"))
    ticket = await world.ticket(ticket.public_id)
    assert ticket.status is Status.OPEN
    assert ticket.waiting_since is not None


async def test_a_draft_is_dropped_where_a_bystander_answered(make_world: Any) -> None:
    world = await make_world(anyone_steps_in=True, mode=Mode.DRAFT)
    ticket = await asked(world)
    await world.hear(by_bob("Do it like this."))
    await world.settle()
    (draft,) = await world.drafts(ticket)
    assert draft.state is DraftState.DISCARDED
    (notice,) = world.channel.shown("operators")
    assert notice.offers == ()
    assert notice.text.endswith("Not needed any more: a person answered.")


async def test_a_packet_tells_that_a_bystander_answered(make_world: Any) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket, _ = await escalated(world)
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.hear(by_bob("Do it like this.", sender=BOB))
    await world.settle()
    assert packet(world).text.endswith("Bob answered in the customer's thread.")
