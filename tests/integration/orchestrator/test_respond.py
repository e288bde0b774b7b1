from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.completions.scripted import Turn
from supportbot.errors import CompletionError
from supportbot.model.catalog import Mode
from supportbot.model.completion import ToolCall
from supportbot.model.delivery import DeliveryState
from supportbot.model.ticket import Handler, Status
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.store import answers
from supportbot.testing import said


async def completions(world: Any, ticket: Any) -> list[answers.StoredCompletion]:
    async with world.db.reading() as work:
        return await answers.completions(work, ticket.id)


async def test_reply_is_committed_with_its_delivery_and_sent(world: Any) -> None:
    ticket = await world.ask(said("where is my parcel?"))
    (delivery,) = await world.deliveries(ticket)
    assert delivery.state is DeliveryState.SENT
    assert delivery.target == {"to": "t1"}
    assert (ticket.status, ticket.bot_owes) == (Status.PENDING, False)
    assert await world.kinds(ticket) == ["opened", "bot_replied"]


async def test_completion_keeps_what_explains_it(world: Any) -> None:
    ticket = await world.ask(said("where is my parcel?"))
    (stored,) = await completions(world, ticket)
    assert stored.policy_sha == world.wiring.policies["shop"].policy.sha256
    assert [p.key for p in stored.passages] == ["help/returns#0"]
    async with world.db.reading() as work:
        asked = await answers.prompt_messages(work, stored.id)
    assert tuple(asked) == world.completer.prompts[0].messages


async def test_question_names_the_newest_turn_and_all_of_the_episode(world: Any) -> None:
    await world.ask(said("one"))
    await world.ask(said("two"))
    question = world.retriever.questions[-1]
    assert (question.last, question.all, question.collections) == ("two", "one\ntwo", ("help",))


@pytest.mark.parametrize(
    ("mode", "sent", "events"),
    [
        (Mode.OFF, [], ["opened", "suppressed"]),
        (Mode.SHADOW, [], ["opened", "suppressed"]),
        (Mode.DRAFT, [], ["opened", "drafted"]),
        (Mode.AUTO, ["answer 1"], ["opened", "bot_replied"]),
    ],
)
async def test_mode_decides_what_leaves(
    make_world: Any, mode: Mode, sent: list[str], events: list[str]
) -> None:
    world = await make_world(mode=mode)
    ticket = await world.ask(said("hi"))
    assert world.channel.texts("t1") == sent
    assert await world.kinds(ticket) == events
    assert not ticket.bot_owes


async def test_off_asks_no_model(make_world: Any) -> None:
    world = await make_world(mode=Mode.OFF)
    await world.ask(said("hi"))
    assert world.completer.prompts == []


async def test_shadow_keeps_the_text_for_comparison(make_world: Any) -> None:
    world = await make_world(mode=Mode.SHADOW)
    ticket = await world.ask(said("hi"))
    (draft,) = await world.drafts(ticket)
    assert (draft.text, draft.state) == ("answer 1", "shadow")


async def test_handoff_tells_customer_and_operators_and_moves_the_fence(make_world: Any) -> None:
    call = ToolCall("1", "handoff", '{"reason":"asked","message":"A colleague will look."}')
    world = await make_world([Turn(tool_calls=(call,))])
    ticket = await world.ask(said("My server is on fire"))
    assert (ticket.handler, ticket.status, ticket.handler_epoch) == (Handler.HUMAN, Status.OPEN, 1)
    assert world.channel.texts("t1") == ["A colleague will look."]
    (packet,) = world.channel.texts("operators")
    assert "asked" in packet
    assert ticket.public_id in packet


async def test_message_while_a_person_has_the_ticket_is_left_to_them(make_world: Any) -> None:
    call = ToolCall("1", "handoff", "{}")
    world = await make_world([Turn(tool_calls=(call,)), "must not be said"])
    await world.ask(said("help"))
    ticket = await world.ask(said("hello?"))
    assert len(world.completer.prompts) == 1
    assert ticket.waiting_since is not None


async def test_take_over_during_the_call_drops_the_bots_answer(make_world: Any) -> None:
    gate = asyncio.Event()
    world = await make_world([Turn("too late", gate=gate)])
    accepted = await world.hear(said("hi"))
    ticket = await world.ticket(accepted.ticket)
    lane = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: bool(world.completer.prompts))
    await world.takeover.take_over(ticket.public_id, None)
    gate.set()
    await lane
    assert world.channel.sent == []
    assert await world.kinds(ticket) == ["opened", "takeover"]
    assert len(await completions(world, ticket)) == 1


async def test_message_during_the_call_gets_its_own_answer_next(make_world: Any) -> None:
    gate = asyncio.Event()
    world = await make_world([Turn("first", gate=gate), "second"])
    accepted = await world.hear(said("one"))
    ticket = await world.ticket(accepted.ticket)
    lane = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: bool(world.completer.prompts))
    await world.hear(said("two"))
    gate.set()
    await lane
    assert (await world.ticket(accepted.ticket)).bot_owes
    await world.settle()
    assert world.channel.texts() == ["first", "second"]
    ticket = await world.ticket(accepted.ticket)
    assert (ticket.status, ticket.bot_owes, ticket.waiting_since) == (Status.PENDING, False, None)


async def test_model_failure_hands_off_and_is_recorded(make_world: Any) -> None:
    failure = CompletionError("rate_limit", "slow down", permanent=False)
    world = await make_world([Turn(error=failure)])
    ticket = await world.ask(said("hi"))
    (stored,) = await completions(world, ticket)
    assert stored.error_kind == "rate_limit"
    assert await world.kinds(ticket) == ["opened", "completion_failed", "handoff"]
    assert ticket.handler is Handler.HUMAN
    assert len(world.channel.texts("t1")) == 1


async def test_model_that_never_ends_is_cut_at_the_deadline(make_world: Any) -> None:
    stuck = Turn("never", gate=asyncio.Event())
    world = await make_world([stuck], rules=RespondRules(turn_seconds=0.05))
    ticket = await world.ask(said("hi"))
    (stored,) = await completions(world, ticket)
    assert stored.error_kind == "deadline"
    assert ticket.handler is Handler.HUMAN


async def test_turn_that_fails_unforeseen_is_tried_again_and_then_handed_off(
    make_world: Any, clock: Any
) -> None:
    def broken(_prompt: object) -> str:
        raise RuntimeError("unforeseen")

    world = await make_world(broken)
    accepted = await world.hear(said("hi"))
    for _ in range(4):
        await world.settle()
        assert (await world.ticket(accepted.ticket)).handler is Handler.BOT
        clock.advance(minutes=1)
    await world.settle()
    ticket = await world.ticket(accepted.ticket)
    assert ticket.handler is Handler.HUMAN
    assert world.channel.texts("t1") != []


async def test_settling_twice_at_once_answers_once(world: Any) -> None:
    accepted = await world.hear(said("hi"))
    ticket = await world.ticket(accepted.ticket)
    await asyncio.gather(*(world.settle_ticket(ticket.id) for _ in range(4)))
    await world.settle_ticket(ticket.id)
    assert len(world.channel.attempts) == 1
    assert len(await world.messages(ticket)) == 2
    assert await world.kinds(ticket) == ["opened", "bot_replied"]


async def test_settling_nothing_changes_nothing(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    before = await world.kinds(ticket)
    await world.settle_ticket(ticket.id)
    assert await world.kinds(ticket) == before
