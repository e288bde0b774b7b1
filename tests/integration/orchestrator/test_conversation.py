"""What a customer writes in turn, in no thread, is one ticket for a while; stored rows decide."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from supportbot.model.inbound import Action, ActionKind, Conversation, CustomerMessage, Sender
from supportbot.testing import said

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def line(text: str, minute: float, *, by: str = "ada", **changes: Any) -> CustomerMessage:
    """A message of its own thread, so many minutes after noon."""
    values: dict[str, Any] = {
        "conversation": Conversation(f"dm:{by}"),
        "shared_thread": True,
        "sent_at": NOON + timedelta(minutes=minute),
    }
    return said(text, by=by, thread=f"{by}-{minute}", **(values | changes))


async def asked(world: Any) -> list[list[str]]:
    """Return the customers' words in each ticket."""
    return [
        [m.text for m in await world.messages(ticket) if m.role == "user"]
        for ticket in await world.all_tickets()
    ]


async def test_lines_that_follow_each_other_are_one_ticket(world: Any) -> None:
    world.clock.at = NOON
    await world.ask(line("hello", 0))
    await world.ask(line("how do I export?", 1))
    await world.ask(line("as csv", 50))
    assert await asked(world) == [["hello", "how do I export?", "as csv"]]


async def test_later_words_open_another_ticket(world: Any) -> None:
    world.clock.at = NOON
    await world.ask(line("how do I export?", 0))
    await world.ask(line("how do I import?", 61))
    await world.ask(line("as csv", 62))
    assert await asked(world) == [["how do I export?"], ["how do I import?", "as csv"]]


async def test_answer_goes_where_the_newest_words_stand(world: Any) -> None:
    world.clock.at = NOON
    await world.ask(line("how do I export?", 0))
    ticket = await world.ask(line("as csv", 1))
    assert [dict(one.target) for one in await world.deliveries(ticket)] == [
        {"to": "ada-0"},
        {"to": "ada-1"},
    ]


async def test_reply_in_any_of_its_threads_finds_the_ticket(world: Any) -> None:
    world.clock.at = NOON
    await world.ask(line("how do I export?", 0))
    await world.ask(line("as csv", 1))
    for minute in (0, 1):
        await world.ask(said(f"reply to {minute}", thread=f"ada-{minute}", shared_thread=True))
    assert len(await world.all_tickets()) == 1


async def test_reply_in_an_old_thread_does_not_move_the_conversation(world: Any) -> None:
    world.clock.at = NOON
    old = await world.ask(line("how do I export?", 0))
    new = await world.ask(line("how do I import?", 61))
    await world.ask(said("still about export", thread="ada-0", shared_thread=True))
    await world.ask(line("as csv", 62))
    assert [m.text for m in await world.messages(new)][-2] == "as csv"
    assert [m.text for m in await world.messages(old)][-2] == "still about export"


async def test_what_we_owe_is_never_old(world: Any) -> None:
    world.clock.at = NOON
    await world.hear(line("how do I export?", 0))
    await world.hear(line("hello?", 600))
    assert await asked(world) == [["how do I export?", "hello?"]]


async def test_our_own_words_count_as_the_last_ones(world: Any) -> None:
    world.clock.at = NOON
    await world.hear(line("how do I export?", 0))
    world.clock.at = NOON + timedelta(hours=5)
    await world.settle()
    await world.ask(line("thanks", 310))
    assert await asked(world) == [["how do I export?", "thanks"]]


async def test_resolved_conversation_is_over(world: Any) -> None:
    world.clock.at = NOON
    await world.ask(line("how do I export?", 0))
    resolve = Action(ActionKind.RESOLVE, Sender("ada", "Ada"), ("ada-0",))
    await world.hear(resolve)
    await world.ask(line("how do I import?", 1))
    assert await asked(world) == [["how do I export?"], ["how do I import?"]]


async def test_fresh_conversation_begins_anew_and_is_gone_on_with(world: Any) -> None:
    world.clock.at = NOON
    await world.ask(line("how do I export?", 0))
    fresh = Conversation("dm:ada", fresh=True)
    await world.ask(line("how do I import?", 1, conversation=fresh))
    await world.ask(line("as csv", 2))
    assert await asked(world) == [["how do I export?"], ["how do I import?", "as csv"]]


async def test_conversation_of_somebody_else_is_left_alone(world: Any) -> None:
    world.clock.at = NOON
    await world.ask(line("how do I export?", 0))
    await world.ask(line("mine", 1, by="bob", conversation=Conversation("dm:ada")))
    assert await asked(world) == [["how do I export?"], ["mine"]]


async def test_what_waited_unanswered_is_one_ticket(world: Any) -> None:
    world.clock.at = NOON + timedelta(hours=9)
    for text, minute in (("a", 0), ("b", 30), ("c", 95), ("d", 100)):
        await world.hear(line(text, minute), deferred=True)
    await world.backlog.drain()
    # Nothing was answered between them: all of it is owed.
    assert await asked(world) == [["a", "b", "c", "d"]]
    await world.settle()
    assert len(world.channel.sent) == 1


async def test_first_words_that_come_at_once_are_one_ticket(world: Any) -> None:
    world.clock.at = NOON
    await asyncio.gather(*(world.hear(line(f"line {n}", n)) for n in range(5)))
    assert len(await world.all_tickets()) == 1
