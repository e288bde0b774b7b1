"""A question that somebody made of another's message follows what its author makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from supportbot.errors import SendError
from supportbot.model.delivery import DeliveryKind
from supportbot.model.inbound import ALREADY_ASKED, Accepted, Deleted, Edited, Repeated, Sender
from supportbot.orchestrator.telling.quoting import GONE
from supportbot.testing import Fails, said
from tests.integration.orchestrator.kept import tables_with
from tests.integration.orchestrator.test_echo import typed

GRACE = Sender("grace", "Grace")
BEFORE, AFTER = "It says E42", "It says E77"


async def says(world: Any) -> None:
    """Let grace say something that is none of our business."""
    await world.hear(said(BEFORE, by="grace", thread="chat", addressed=False), "m1")


async def shortcut(world: Any, text: str = BEFORE, *, name: str = "asked-1") -> Accepted:
    """Let ada ask about it."""
    heard = replace(typed(text, name), repeats=Repeated("m1", by_author=False))
    accepted: Accepted = await world.hear(heard)
    await goes_on(world)
    return accepted


async def edits(world: Any, text: str = AFTER) -> None:
    await world.hear(Edited(GRACE, "m1", ("chat",), text))
    await goes_on(world)


async def goes_on(world: Any) -> None:
    for _ in range(3):
        world.clock.advance(minutes=1)
        await world.settle()


def copies(world: Any) -> list[str]:
    return [one.text for one in world.channel.shown() if one.kind is DeliveryKind.ECHO]


async def test_question_that_waits_is_asked_as_its_message_was_changed(world: Any) -> None:
    world.channel.failures.extend([Fails(SendError("busy", permanent=False))] * 4)
    await says(world)
    accepted = await shortcut(world)
    ticket = await world.ticket(accepted.ticket)
    assert world.completer.prompts == []
    await edits(world)
    assert [one.text for one in await world.messages(ticket)] == [AFTER, "answer 1"]
    assert copies(world) == [AFTER]
    assert await tables_with(world.db, BEFORE) <= {"inbound"}  # the raw bytes, for a while


async def test_change_of_an_answered_question_is_recorded_and_shown(world: Any) -> None:
    await says(world)
    accepted = await shortcut(world)
    await edits(world)
    ticket = await world.ticket(accepted.ticket)
    thread = await world.messages(ticket)
    assert [one.text for one in thread] == [BEFORE, "answer 1", AFTER]
    assert copies(world) == [AFTER]
    assert len(world.completer.prompts) == 1
    await world.hear(Deleted("m1", ("chat",)))
    await goes_on(world)
    assert copies(world) == [GONE]
    for words in (BEFORE, AFTER):
        assert await tables_with(world.db, words) == set()


@pytest.mark.parametrize("again", [BEFORE, AFTER])
async def test_changed_words_may_be_asked_though_they_were_recorded(world: Any, again: str) -> None:
    await says(world)
    await shortcut(world)
    await edits(world)
    accepted = await shortcut(world, again)
    assert accepted.suppressed == (ALREADY_ASKED if again == BEFORE else None)


async def test_every_question_that_was_made_of_a_message_follows_it(world: Any) -> None:
    await says(world)
    await shortcut(world)
    heard = replace(typed(BEFORE, "asked-2"), repeats=Repeated("m1", by_author=False))
    await world.hear(replace(heard, sender=Sender("kim", "Kim")))
    await goes_on(world)
    assert copies(world) == [BEFORE] * 2
    await edits(world)
    assert copies(world) == [AFTER] * 2


@pytest.mark.parametrize("way", ["chatter", "reply", "question"])
async def test_message_that_was_taken_back_is_asked_by_nobody(world: Any, way: str) -> None:
    """What somebody chose just before may come just after."""
    changes: dict[str, Any] = {"thread": "chat", "addressed": way == "question"}
    heard = said(BEFORE, by="grace", **changes, shared_thread=way == "reply")
    await world.hear(heard, "m1")
    await world.settle()
    await world.hear(Deleted("m1", ("chat",)))
    before = len(await world.all_tickets())
    accepted = await shortcut(world)
    assert accepted.suppressed == "deleted_before"
    assert len(await world.all_tickets()) == before
    assert copies(world) == []
    assert await tables_with(world.db, BEFORE) <= {"prompt_part"}
