from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from supportbot.completions.scripted import Turn
from supportbot.errors import CompletionError, SendError
from supportbot.model.catalog import Mode
from supportbot.model.delivery import Delivery, DeliveryKind, DeliveryState
from supportbot.model.ticket import Handler
from supportbot.orchestrator.answering.live import LiveRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.store import answers
from supportbot.testing import LiveMemoryChannel, said
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import gather
from tests.integration.orchestrator.growing import (
    ANSWER,
    LOOK_UP,
    QUICK,
    order_desk,
    spoken,
    started,
    until_seen,
)


@pytest.fixture
def channel(clock: Any) -> LiveMemoryChannel:
    return LiveMemoryChannel(clock)


async def test_sentences_are_seen_while_the_model_speaks(make_world: Any, channel: Any) -> None:
    turn, gate = spoken()
    world = await make_world([turn], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await until_seen(world, "Open the page. Then press Export.")
    [claimed] = await world.deliveries(ticket)
    assert claimed.state is DeliveryState.LIVE
    assert claimed.provider_id
    assert claimed.text == "Open the page. Then press Export."
    assert (await world.ticket(ticket.public_id)).answered_seq == 1
    gate.set()
    await settling
    assert channel.texts("t1") == [ANSWER]
    [sent] = await world.deliveries(ticket)
    assert (sent.state, sent.text) == (DeliveryState.SENT, ANSWER)
    assert [m.text for m in await world.messages(ticket)] == ["how?", ANSWER]


async def test_a_short_answer_is_sent_in_one_piece(make_world: Any, channel: Any) -> None:
    world = await make_world(["Yes. Do it."], channel=channel)
    await world.ask(said("may I?"))
    assert channel.texts("t1") == ["Yes. Do it."]
    assert channel.grown == {}


async def test_what_is_seen_is_not_superseded(make_world: Any, channel: Any) -> None:
    turn, gate = spoken()
    world = await make_world([turn, "To the rest."], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await until_seen(world, "Open the page.")
    await world.hear(said("and another thing"))
    await asyncio.sleep(0.05)
    gate.set()
    await settling
    await world.settle()
    assert channel.texts("t1") == [ANSWER, "To the rest."]
    second = world.completer.prompts[1]
    assert "and another thing" in second.messages[-1].content
    assert "how?" not in second.messages[-1].content
    assert (await world.ticket(ticket.public_id)).asked_seq == 2


async def test_a_forbidden_phrase_is_never_seen(make_world: Any, channel: Any) -> None:
    turn, _never = spoken("Of course. You get a full refund now. Bye. ")
    world = await make_world([turn], channel=channel, rules=QUICK, never=("full refund",))
    ticket, settling = await started(world)
    await settling
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    seen = [text for texts in channel.grown.values() for text in texts]
    assert not any("refund" in text for text in seen + channel.texts("t1"))
    assert len(channel.texts("t1")) == 1  # the note that a person takes over, said once
    async with world.db.reading() as work:
        (call,) = await answers.completions(work, ticket.id)
    assert call.error_kind == "never_phrase"


async def test_a_person_who_takes_over_stops_the_words(make_world: Any, channel: Any) -> None:
    turn, _never = spoken()
    world = await make_world([turn], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await until_seen(world, "Open the page.")
    await world.takeover.take_over(ticket.public_id, None)
    await asyncio.wait_for(settling, 5)
    await world.settle()
    [shown] = channel.texts("t1")
    assert ANSWER.startswith(shown)
    assert shown.endswith(".")
    messages = await world.messages(ticket)
    assert messages[-1].text == shown
    assert messages[-1].data["interrupted"] is True


async def test_a_killed_writer_s_message_is_finished_in_place(
    make_world: Any, channel: Any
) -> None:
    turn, _never = spoken()
    world = await make_world([turn, "The whole answer."], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await until_seen(world, "Open the page.")
    settling.cancel()  # as a kill: nothing is written any more
    await asyncio.gather(settling, return_exceptions=True)
    await world.settle()
    assert channel.texts("t1") == []  # its claim still holds
    world.clock.advance(seconds=9)
    await world.settle()
    assert channel.texts("t1") == ["The whole answer."]
    assert len(channel.grown) == 1
    assert [d.state for d in await world.deliveries(ticket)] == [DeliveryState.SENT]


async def test_a_model_that_breaks_off_in_sight_is_corrected_in_place(
    make_world: Any, channel: Any
) -> None:
    gate = asyncio.Event()
    broken = CompletionError("truncated", "cut", permanent=False)
    world = await make_world(
        [Turn(ANSWER, end_gate=gate, error=broken)], channel=channel, rules=QUICK
    )
    ticket, settling = await started(world)
    await until_seen(world, "Open the page.")
    gate.set()
    await settling
    await world.settle()
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    assert len(channel.texts("t1")) == 1
    assert "colleague" in channel.texts("t1")[0]
    assert len(channel.grown) == 1


async def test_a_channel_that_cannot_open_gets_the_whole_answer(
    make_world: Any, channel: Any
) -> None:
    channel.opening_failures.append(SendError("busy", permanent=False))
    turn, gate = spoken()
    world = await make_world([turn], channel=channel, rules=QUICK)
    _ticket, settling = await started(world)
    await world.until(lambda: not channel.opening_failures)
    gate.set()
    await settling
    assert channel.texts("t1") == [ANSWER]


@pytest.mark.parametrize("changes", [{"mode": Mode.DRAFT}, {"cite_required": True}])
async def test_what_must_be_judged_whole_is_not_seen_before(
    make_world: Any, channel: Any, changes: dict[str, Any]
) -> None:
    turn, gate = spoken(f"{ANSWER} Source: Returns")
    world = await make_world([turn], channel=channel, rules=QUICK, **changes)
    _ticket, settling = await started(world)
    await asyncio.sleep(0.1)
    assert channel.grown == {}
    gate.set()
    await settling


async def killed(world: Any, text: str) -> Any:
    """Let an answer be seen up to a text, then let its process die."""
    ticket, settling = await started(world)
    await until_seen(world, text)
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    return ticket


async def later(world: Any) -> None:
    """Let every lease end, and all that is due be done."""
    for _ in range(4):
        world.clock.advance(seconds=9)
        await world.settle()


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW, Mode.DRAFT])
async def test_a_killed_answer_that_may_not_leave_any_more_is_handed_off(
    make_world: Any, channel: Any, mode: Mode
) -> None:
    turn, _never = spoken()
    world = await make_world([turn, "never asked"], channel=channel, rules=QUICK)
    ticket = await killed(world, "Open the page.")
    [(key, published)] = world.wiring.policies.items()
    world.wiring.policies[key] = replace(published, policy=replace(published.policy, mode=mode))
    await later(world)
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    assert len(world.completer.prompts) == 1
    [shown] = channel.texts("t1")
    assert "colleague" in shown


async def test_a_killed_answer_of_a_product_without_a_policy_stands_in_nobodys_way(
    make_world: Any, channel: Any
) -> None:
    turn, _never = spoken()
    world = await make_world([turn], channel=channel, rules=QUICK)
    ticket = await killed(world, "Open the page.")
    world.wiring.policies.clear()
    await later(world)
    [shown] = channel.texts("t1")  # the message that grew is ended in place
    assert "colleague" in shown
    assert len(channel.grown) == 1
    await world.takeover.reply(ticket.public_id, None, "I am a person.")
    await later(world)
    assert channel.texts("t1") == [shown, "I am a person."]


async def test_a_killed_answer_without_a_policy_stays_as_it_was_seen_where_people_answer(
    make_world: Any, channel: Any
) -> None:
    turn, _never = spoken()
    world = await make_world([turn], channel=channel, rules=QUICK)
    ticket = await killed(world, "Open the page.")
    world.wiring.policies.clear()
    await world.takeover.take_over(ticket.public_id, None)
    await later(world)
    [shown] = channel.texts("t1")
    assert ANSWER.startswith(shown)
    delivered = await world.deliveries(ticket)
    assert [(one.kind, one.state) for one in delivered] == [
        (DeliveryKind.NOTICE, DeliveryState.SENT)
    ]


async def test_what_was_asked_after_a_killed_answer_is_answered_after_it(
    make_world: Any, channel: Any
) -> None:
    turn, _never = spoken()
    world = await make_world(
        [turn, "To the first.", "To the second."], channel=channel, rules=QUICK
    )
    ticket = await killed(world, "Open the page.")
    await world.hear(said("and another thing"))
    await world.settle()
    assert channel.texts("t1") == []  # the first one's claim still holds
    await later(world)
    assert channel.texts("t1") == ["To the first.", "To the second."]
    answers = [m for m in await world.messages(ticket) if m.author.kind == "bot"]
    assert [m.data["upto"] for m in answers] == [1, 2]


async def test_an_answer_that_is_claimed_while_a_message_comes_is_finished(
    make_world: Any, channel: Any
) -> None:
    """Whoever was told nothing yet is superseded; a claim under way is waited for."""
    turn, gate = spoken()
    world = await make_world([turn, "To the second."], channel=channel, rules=QUICK)
    claiming, may_claim = asyncio.Event(), asyncio.Event()
    opening = channel.open_live

    async def slowly(delivery: Delivery) -> Any:
        claiming.set()
        await may_claim.wait()
        return await opening(delivery)

    channel.open_live = slowly
    _ticket, settling = await started(world)
    await claiming.wait()
    await world.hear(said("and another thing"))
    await asyncio.sleep(0.05)
    may_claim.set()
    gate.set()
    await settling
    await world.settle()
    assert channel.texts("t1") == [ANSWER, "To the second."]


async def test_a_ticket_that_comes_back_from_a_person_is_answered(
    make_world: Any, channel: Any
) -> None:
    turn, _never = spoken()
    world = await make_world([turn, "The whole answer."], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await until_seen(world, "Open the page.")
    await world.takeover.take_over(ticket.public_id, None)
    await asyncio.wait_for(settling, 5)
    await world.takeover.return_to_bot(ticket.public_id, None)
    await later(world)
    assert channel.texts("t1")[-1] == "The whole answer."


async def test_a_repeated_call_takes_nothing_back(make_world: Any, channel: Any) -> None:
    """What a broken call said is never seen once the model is asked again."""
    cut = CompletionError("connection", "cut", permanent=False)
    gate = asyncio.Event()
    broken = Turn("No, never. That is impossible. And", error=cut)
    slow = RespondRules(live=LiveRules(start_seconds=0.05, flush_seconds=0.01))
    world = await make_world(
        [broken, Turn("Yes, it is. Always. So", end_gate=gate)], channel=channel, rules=slow
    )
    _ticket, settling = await started(world)
    await until_seen(world, "Yes, it is.")
    gate.set()
    await settling
    assert channel.texts("t1") == ["Yes, it is. Always. So"]
    assert not any("never" in text for texts in channel.grown.values() for text in texts)


async def test_tools_are_called_after_words_that_were_seen(make_world: Any, channel: Any) -> None:
    looked, gate = asyncio.Event(), asyncio.Event()
    first = Turn("Let me look. One moment please.", tool_calls=LOOK_UP, end_gate=gate)
    world = await make_world(
        [first, "It was shipped."], channel=channel, rules=QUICK, **order_desk(looked)
    )
    ticket, settling = await started(world)
    await until_seen(world, "Let me look.")
    gate.set()
    await asyncio.sleep(0.05)
    looked.set()
    await settling
    assert channel.texts("t1") == ["Let me look.\n\nIt was shipped."]
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT


async def test_nothing_is_claimed_while_a_tool_is_at_work(make_world: Any, channel: Any) -> None:
    @tool
    async def find_order(number: str) -> str:
        """Find an order."""
        await asyncio.sleep(0.2)
        return f"{number} was shipped"

    world = await make_world(
        [Turn("Let me look. One moment please.", tool_calls=LOOK_UP), "It was shipped."],
        channel=channel,
        rules=RespondRules(live=LiveRules(start_seconds=0.1)),
        toolbox=gather([find_order]).toolbox,
        tools=("find_order",),
    )
    await world.ask(said("where is 7?"))
    assert channel.texts("t1") == ["It was shipped."]
    assert channel.grown == {}


async def test_an_answer_grows_after_a_tool_round_too(make_world: Any, channel: Any) -> None:
    looked = asyncio.Event()
    looked.set()
    turn, gate = spoken()
    world = await make_world(
        [Turn("", tool_calls=LOOK_UP), turn], channel=channel, rules=QUICK, **order_desk(looked)
    )
    _ticket, settling = await started(world)
    await until_seen(world, "Open the page. Then press Export.")
    gate.set()
    await settling
    assert channel.texts("t1") == [ANSWER]


async def test_last_words_that_had_to_wait_are_given_whoever_has_the_ticket_by_then(
    make_world: Any, channel: Any
) -> None:
    """Cancelled, the message would stay as it was seen: broken off in the middle."""
    turn, gate = spoken()
    world = await make_world([turn], channel=channel, rules=QUICK)
    ticket, settling = await started(world)
    await until_seen(world, "Open the page.")
    channel.opening_failures.append(SendError("busy", permanent=False))
    gate.set()
    await settling
    assert channel.texts("t1") == []
    await world.takeover.take_over(ticket.public_id, None)
    await later(world)
    assert channel.texts("t1") == [ANSWER]
