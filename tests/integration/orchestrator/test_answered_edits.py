"""Edits of questions that were answered: recorded, or answered too where the policy says so."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.model.catalog import Mode
from supportbot.model.inbound import Deleted, Edited, Sender
from supportbot.model.message import Visibility
from supportbot.model.ticket import Handler, Status
from supportbot.testing import said

ADA = Sender("ada")
BEFORE, AFTER = "How do I export as PDF?", "How do I export as CSV?"


def edit(text: str) -> Edited:
    return Edited(ADA, "m1", ("t1",), text)


async def answered(make_world: Any, *, answer_edits: bool = True, **changes: Any) -> Any:
    world = await make_world(answer_edits=answer_edits, **changes)
    await world.hear(said(BEFORE), "m1")
    await world.settle()
    return world


async def thread(world: Any) -> list[tuple[str, bool]]:
    (ticket,) = await world.all_tickets()
    shown = await world.messages(ticket)
    return [(m.text, m.visibility is Visibility.PUBLIC) for m in shown]


async def test_edit_that_asks_something_else_is_answered(make_world: Any) -> None:
    world = await answered(make_world)
    await world.hear(edit(AFTER))
    await world.settle()
    assert world.channel.texts() == ["answer 1", "answer 2"]
    assert await thread(world) == [
        (BEFORE, True),
        ("answer 1", True),
        (AFTER, True),
        ("answer 2", True),
    ]
    (*_, newest) = world.completer.prompts[-1].messages
    assert AFTER in newest.content
    assert '"corrects": "an earlier message"' in newest.content
    (ticket,) = await world.all_tickets()
    assert (ticket.status, ticket.asked_seq, ticket.answered_seq) == (Status.PENDING, 3, 3)


async def test_edit_that_asks_the_same_is_only_recorded(make_world: Any) -> None:
    world = await answered(make_world)
    await world.hear(edit("how do i exprot as PDF??"))
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    assert (await thread(world))[-1] == ("how do i exprot as PDF??", False)


async def test_edit_is_only_recorded_where_the_policy_does_not_say_more(make_world: Any) -> None:
    world = await answered(make_world, answer_edits=False)
    await world.hear(edit(AFTER))
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    assert (await thread(world))[-1] == (AFTER, False)


async def test_second_edit_before_the_second_answer_changes_what_is_asked(make_world: Any) -> None:
    world = await answered(make_world)
    await world.hear(edit(AFTER))
    await world.hear(edit("How do I export as XML?"))
    await world.settle()
    assert world.channel.texts() == ["answer 1", "answer 2"]
    assert [text for text, _ in await thread(world)][2] == "How do I export as XML?"


async def test_edit_back_to_the_first_words_is_an_edit_too(make_world: Any) -> None:
    world = await answered(make_world)
    for text in (AFTER, BEFORE, BEFORE):
        await world.hear(edit(text))
        await world.settle()
    assert world.channel.texts() == ["answer 1", "answer 2", "answer 3"]
    assert [row.reason for row in await world.inbounds()][-1] == "nothing_changed"


async def test_deletion_takes_the_edit_that_waits_for_its_answer_with_it(make_world: Any) -> None:
    world = await answered(make_world)
    await world.hear(edit(AFTER))
    await world.hear(Deleted("m1", ("t1",)))
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    (ticket,) = await world.all_tickets()
    assert (ticket.status, ticket.bot_owes) == (Status.PENDING, False)
    assert BEFORE not in str(await thread(world))
    assert AFTER not in str(await thread(world))


async def test_edit_is_drafted_anew_in_draft_mode(make_world: Any) -> None:
    world = await answered(make_world, mode=Mode.DRAFT)
    (ticket,) = await world.all_tickets()
    (draft,) = await world.drafts(ticket)
    await world.takeover.send_draft(draft.id, None)
    await world.settle()
    await world.hear(edit(AFTER))
    await world.settle()
    assert [one.state.value for one in await world.drafts(ticket)] == ["sent", "open"]


@pytest.mark.parametrize("by", ["person", "end"])
async def test_nothing_is_asked_anew_where_a_person_answers_or_all_is_done(
    make_world: Any, by: str
) -> None:
    world = await answered(make_world)
    (ticket,) = await world.all_tickets()
    if by == "person":
        await world.takeover.take_over(ticket.public_id, None)
    else:
        await world.takeover.resolve(ticket.public_id, None)
    await world.hear(edit(AFTER))
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    (ticket,) = await world.all_tickets()
    assert by == "end" or ticket.handler is Handler.HUMAN
    assert (await thread(world))[-1] == (AFTER, False)
