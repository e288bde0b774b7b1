"""A question that its channel shows nowhere: a copy leaves first, then the answer below it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from supportbot.completions.scripted import Turn
from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.catalog import Mode
from supportbot.model.inbound import Conversation, CustomerMessage
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import BOT
from supportbot.orchestrator.answering.live import LiveRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.orchestrator.telling.saying import NOTICE, say
from supportbot.testing import LiveMemoryChannel, said
from supportbot.testing.memory import Fails
from tests.integration.orchestrator.conftest import MakeWorld


def typed(text: str = "how do I export?", thread: str = "asked-1") -> CustomerMessage:
    talk = Conversation("dm:ada", fresh=True)
    return said(text, thread=thread, target={"who": "ada"}, echo=True, conversation=talk)


def left(world: Any) -> list[tuple[str, str, dict[str, str]]]:
    return [(one.kind.value, one.text, dict(one.target)) for one in world.channel.sent]


async def settle_all(world: Any) -> None:
    for _ in range(3):
        await world.settle()


async def test_copy_leaves_first_and_the_answer_goes_below_it(world: Any) -> None:
    await world.hear(typed())
    await settle_all(world)
    (ticket,) = await world.all_tickets()
    place = {"who": "ada", "to": f"below {ticket.public_id}-1-echo"}
    assert left(world) == [
        ("echo", "how do I export?", {"who": "ada"}),
        ("reply", "answer 1", place),
    ]
    assert ticket.target == place


async def test_nothing_is_asked_of_a_model_before_the_copy_has_left(world: Any) -> None:
    world.channel.failures.append(Fails(SendError("busy", permanent=False)))
    await world.hear(typed())
    await settle_all(world)
    assert (left(world), len(world.retriever.questions)) == ([], 0)
    world.clock.advance(minutes=1)
    await settle_all(world)
    assert [kind for kind, *_ in left(world)] == ["echo", "reply"]


async def test_what_is_said_below_the_copy_belongs_to_the_ticket(world: Any) -> None:
    await world.hear(typed())
    await settle_all(world)
    copy = world.channel.sent[0]
    await world.ask(said("as csv", thread=f"re-{copy.key}", shared_thread=True))
    assert len(await world.all_tickets()) == 1


async def test_copy_of_which_nobody_knows_is_looked_for_and_never_sent_twice(world: Any) -> None:
    world.channel.failures.append(Fails(DeliveryUnknown("lost"), left=True))
    await world.hear(typed())
    await settle_all(world)
    world.clock.advance(minutes=1)
    await settle_all(world)
    assert [kind for kind, *_ in left(world)] == ["echo", "reply"]
    assert left(world)[1][2]["to"].startswith("below ")


async def test_words_of_a_person_written_meanwhile_go_below_the_copy(world: Any) -> None:
    world.channel.failures.append(Fails(SendError("busy", permanent=False)))
    await world.hear(typed())
    await settle_all(world)
    (ticket,) = await world.all_tickets()
    async with world.db.writing() as work:
        note = NewMessage(role=Role.ASSISTANT, author=BOT, text="a person comes")
        await say(world.wiring, work, ticket, note, NOTICE)
    world.clock.advance(minutes=1)
    await settle_all(world)
    texts = [(text, target.get("to", "")[:5]) for _, text, target in left(world)]
    assert texts[:2] == [("how do I export?", ""), ("a person comes", "below")]


async def test_copy_that_can_never_leave_leads_to_a_person(world: Any) -> None:
    for _ in range(2):
        world.channel.failures.append(Fails(SendError("no such user", permanent=True)))
    await world.hear(typed())
    await settle_all(world)
    (ticket,) = await world.all_tickets()
    assert ticket.handler == "human"
    assert "delivery_failed" in await world.kinds(ticket)


async def test_two_questions_have_two_places(world: Any) -> None:
    await world.hear(typed("one", "asked-1"))
    await world.hear(typed("two", "asked-2"))
    await settle_all(world)
    targets = {target.get("to") for kind, _, target in left(world) if kind == "reply"}
    assert len(targets) == 2


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.DRAFT])
async def test_copy_leaves_in_every_mode_for_people_answer_below_it(
    make_world: MakeWorld, mode: Mode
) -> None:
    world = await make_world(mode=mode)
    await world.hear(typed())
    await settle_all(world)
    assert [kind for kind, *_ in left(world) if kind != "notice"] == ["echo"]


async def test_answer_that_was_killed_is_finished_though_a_newer_copy_waits_for_it(
    make_world: MakeWorld, clock: Any
) -> None:
    channel = LiveMemoryChannel(clock)
    grown = Turn("Open the page. Then press Export. Done.", end_gate=asyncio.Event())
    rules = RespondRules(live=LiveRules(start_seconds=0.0, flush_seconds=0.01))
    world: Any = await make_world(
        ["Yes.", grown, "The whole.", "To the third."], channel=channel, rules=rules
    )
    await world.hear(typed())
    await settle_all(world)
    (ticket,) = await world.all_tickets()
    below = said("as csv?", thread=f"re-{channel.sent[0].key}", shared_thread=True)
    await world.hear(replace(below, target=ticket.target))
    lane = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: any("Open the page." in "".join(t) for t in channel.grown.values()))
    lane.cancel()
    await asyncio.gather(lane, return_exceptions=True)
    await world.hear(typed())
    for _ in range(5):
        clock.advance(seconds=30)
        await world.settle()
    assert any(text.endswith("The whole.") for text in channel.texts())
    assert channel.texts()[-1] == "To the third."
