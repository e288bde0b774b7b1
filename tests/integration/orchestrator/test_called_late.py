"""Messages that call for us only since they were changed."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from supportbot.model.inbound import CustomerMessage, Deleted, Edited
from supportbot.testing import said

WORDS = "where is my parcel?"
#: The message, the news of its change, and a mention that may be sent because of it.
ARRIVALS = ("message", "edit", "mention")
ORDERS = [
    order
    for size in (1, 2, 3)
    for order in permutations(ARRIVALS, size)
    if "edit" in order or order == ("mention", "message")
]


def chatter(text: str = "my parcel, hm", **changes: Any) -> CustomerMessage:
    return said(text, **{"shared_thread": True, "addressed": False, **changes})


def call(key: str = "t1", text: str = WORDS, **changes: Any) -> Edited:
    now = chatter(text, **{"addressed": True, "greet": True, **changes})
    return Edited(now.sender, key, now.thread_keys, text, calls=now)


def edit(text: str, key: str = "t1", thread: str = "t1") -> Edited:
    return Edited(chatter().sender, key, (thread,), text)


async def hear(world: Any, how: str, *arrivals: tuple[Any, tuple[str, ...]]) -> None:
    """Let these arrive in this order; in a rush they are understood afterwards."""
    later = how == "afterwards"
    for heard, keys in arrivals:
        inbound = world.channel.inbound(heard, *keys)
        await world.intake.accept(replace(inbound, deferred=later, may_wait=True))
    while await world.backlog.drain():
        pass
    await world.settle()


async def thread_of(world: Any) -> list[str]:
    (ticket,) = await world.all_tickets()
    return [message.text for message in await world.messages(ticket)]


@pytest.mark.parametrize(
    ("thread", "how"), [("t1", "at once"), ("t1", "afterwards"), ("t0", "at once")]
)
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_message_that_calls_since_it_was_changed_is_asked_once(
    world: Any, order: tuple[str, ...], thread: str, how: str
) -> None:
    bring: dict[str, tuple[Any, tuple[str, ...]]] = {
        "message": (chatter(thread=thread), ("e0", "t1")),
        "edit": (call(thread=thread), ("e1",)),
        "mention": (chatter(WORDS, thread=thread, addressed=True), ("e2", "t1")),
    }
    await hear(world, how, *(bring[name] for name in order))
    assert await thread_of(world) == [WORDS, "answer 1"]
    await hear(world, how, (edit("where is my 2nd parcel?", thread=thread), ("e3",)))
    assert "where is my 2nd parcel?" in await thread_of(world)
    assert world.channel.texts() == ["answer 1"]


@pytest.mark.parametrize("how", ["at once", "afterwards"])
@pytest.mark.parametrize("known", [True, False])
async def test_its_deletion_takes_all_of_its_words(world: Any, how: str, *, known: bool) -> None:
    before = [(chatter(), ("t1",))] if known else []
    await hear(world, how, *before, (call(), ("e1",)))
    await hear(world, how, (Deleted("t1", ("t1",)), ("e2",)), (chatter(), ("t1",)))
    (ticket,) = await world.all_tickets()
    assert WORDS not in str(await world.messages(ticket))
    assert all(row.raw is None for row in await world.inbounds())


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_message_that_was_taken_back_calls_no_more(world: Any, how: str) -> None:
    await hear(world, how, (Deleted("t1", ("t1",)), ("e2",)), (call(), ("e1",)))
    await hear(world, how, (chatter(), ("t1",)))
    assert await world.all_tickets() == []
    assert all(row.raw is None for row in await world.inbounds())


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_known_question_that_calls_anew_is_an_edit(world: Any, how: str) -> None:
    await hear(world, how, (chatter(addressed=True), ("t1",)))
    await hear(world, how, (call(), ("e1",)))
    assert world.channel.texts() == ["answer 1"]
    assert len(await world.all_tickets()) == 1


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_earlier_change_that_waits_for_the_message_is_out_of_date(
    world: Any, how: str
) -> None:
    early = (edit("my parcel!"), ("e0",)), (call(), ("e1",)), (chatter(), ("t1",))
    await hear(world, how, *early)
    assert await thread_of(world) == [WORDS, "answer 1"]


async def test_whoever_may_not_ask_is_refused_by_their_reason(world: Any) -> None:
    await world.hear(chatter(), "t1")
    accepted = await world.hear(call(barred="not_in_group"), "e1")
    assert (accepted.ticket, accepted.suppressed) == (None, "not_in_group")
    assert await world.all_tickets() == []


async def test_call_that_is_left_without_words_is_greeted_and_then_asked(world: Any) -> None:
    await hear(world, "at once", (chatter(), ("t1",)), (call(text=""), ("e1",)))
    (greeted,) = world.channel.texts()
    assert world.completer.prompts == []
    await hear(world, "at once", (edit(WORDS), ("e2",)))
    assert world.channel.texts() == [greeted, "answer 1"]


async def test_what_was_said_below_it_before_comes_along(world: Any) -> None:
    below = chatter("it was blue", by="bob")
    await hear(world, "at once", (chatter(), ("t1",)), (below, ("m2",)), (call(), ("e1",)))
    assert sorted(await thread_of(world)) == sorted([WORDS, "it was blue", "answer 1"])


@pytest.mark.parametrize("how", ["at once", "afterwards"])
async def test_bystander_who_calls_by_an_edit_is_answered_once(world: Any, how: str) -> None:
    await hear(world, how, (chatter(addressed=True), ("t1",)))
    await hear(world, how, (chatter("mine too", by="bob"), ("m2",)))
    asks = call("m2", "and where is mine?", by="bob")
    await hear(world, how, (asks, ("e1",)), (asks, ("e1",)))
    mention = chatter("and where is mine?", by="bob", addressed=True)
    await hear(world, how, (mention, ("e2", "m2")))
    assert world.channel.texts() == ["answer 1", "answer 2"]
    assert "and where is mine?" in world.completer.prompts[-1].messages[-1].content
    assert "mine too" not in str(await thread_of(world))
    await hear(world, how, (Deleted("m2", ("t1",)), ("e3",)))
    assert "mine?" not in str(await thread_of(world))


async def test_bystander_whose_words_are_gone_calls_no_more(world: Any) -> None:
    await hear(world, "at once", (chatter(addressed=True), ("t1",)))
    await hear(world, "at once", (chatter("mine too", by="bob"), ("m2",)))
    await hear(world, "at once", (Deleted("m2", ("t1",)), ("e1",)))
    await hear(world, "at once", (call("m2", "and mine?", by="bob"), ("e2",)))
    assert world.channel.texts() == ["answer 1"]
    assert "mine" not in str(await thread_of(world))
