from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from supportbot.errors import StoreUnavailable
from supportbot.model.inbound import Heard, Inbound
from supportbot.orchestrator.hearing import backlog, understanding
from supportbot.orchestrator.hearing.backlog import Backlog
from supportbot.store import threads
from supportbot.store.tables.intake import InboundRow
from supportbot.testing import MemoryChannel, said


class BrokenChannel(MemoryChannel):
    """Its parser ends in a way nobody foresaw."""

    def parse(self, inbound: Inbound) -> Heard:
        if b"poison" in inbound.raw:
            raise RuntimeError("unforeseen")
        return super().parse(inbound)


async def test_deferred_inbound_is_acknowledged_before_it_is_understood(world: Any) -> None:
    accepted = await world.hear(said("by mail"), deferred=True)
    assert accepted.ticket is None
    assert (await world.inbounds())[0].settled_at is None
    assert await world.backlog.drain() == 1
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    assert (await world.inbounds())[0].outcome == "message"


async def test_backlog_is_drained_once_by_two_at_a_time(world: Any) -> None:
    await world.hear(said("by mail"), deferred=True)
    await asyncio.gather(world.backlog.drain(), world.backlog.drain())
    (ticket,) = await world.all_tickets()
    assert len(await world.messages(ticket)) == 1


async def test_backlog_runs_by_itself(world: Any) -> None:
    running = asyncio.create_task(world.backlog.run())
    await world.hear(said("by mail"), deferred=True)
    while not (await world.inbounds())[0].settled_at:  # noqa: ASYNC110 - a row has no event
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_parser_that_fails_five_times_parks_its_input(make_world: Any, clock: Any) -> None:
    world = await make_world(channel=BrokenChannel(clock))
    await world.hear(said("poison"), deferred=True)
    await world.hear(said("good"), deferred=True)
    for _ in range(5):
        await world.backlog.drain()
    parked, good = await world.inbounds()
    assert (parked.outcome, parked.reason, parked.attempts) == (
        "refused",
        "parked: RuntimeError",
        5,
    )
    assert parked.raw
    assert good.outcome == "message"
    assert await world.backlog.drain() == 0


class HangingChannel(MemoryChannel):
    """Its parser does not end by itself where it is told so, as often as told."""

    hangs = 1_000_000

    def parse(self, inbound: Inbound) -> Heard:
        if b"hang" in inbound.raw:
            self.hangs -= 1
            while self.hangs >= 0:
                pass
        return super().parse(inbound)


@pytest.fixture
async def hanging(make_world: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(understanding, "_PARSE_SECONDS", 0.05)
    return await make_world(channel=HangingChannel(clock))


async def test_parsers_that_hang_keep_no_other_mail_from_being_understood(hanging: Any) -> None:
    for number in range(40):
        await hanging.hear(said("hang", thread=f"t{number}", by=f"c{number}"), deferred=True)
    await hanging.hear(said("fine", thread="t40", by="bob"), deferred=True)
    assert await hanging.backlog.drain() == 1
    assert (await hanging.inbounds())[-1].outcome == "message"


async def test_a_parser_that_hangs_each_time_parks_its_input(hanging: Any) -> None:
    await hanging.hear(said("hang"), deferred=True)
    for _ in range(5):
        assert (await hanging.inbounds())[0].outcome is None
        await hanging.backlog.drain()
    (row,) = await hanging.inbounds()
    assert (row.outcome, row.reason, row.attempts) == ("refused", "parked: TimeoutError", 5)
    assert row.raw


async def test_a_parser_that_was_only_slow_is_given_another_attempt(hanging: Any) -> None:
    hanging.channel.hangs = 2
    await hanging.hear(said("hang on, I have a question"), deferred=True)
    for _ in range(3):
        await hanging.backlog.drain()
    assert (await hanging.inbounds())[0].outcome == "message"


class BrokenOnce(MemoryChannel):
    """Its parser breaks over chosen words once, and says nothing of what it read."""

    def __init__(self, clock: Any, *breaks: bytes) -> None:
        super().__init__(clock)
        self._breaks = set(breaks)

    def parse(self, inbound: Inbound) -> Heard:
        for words in [words for words in self._breaks if words in inbound.raw]:
            self._breaks.remove(words)
            raise RuntimeError("can't start new thread")
        return super().parse(inbound)


async def test_nothing_overtakes_a_row_whose_parser_broke(make_world: Any, clock: Any) -> None:
    """What came before it goes on, for nothing that could be ahead of it is in its way."""
    world = await make_world(channel=BrokenOnce(clock, b"one", b"two"))
    await world.hear(said("before", thread="t0", by="bob"), deferred=True)
    for text in ("one", "two", "three"):
        await world.hear(said(text, thread="t1"), deferred=True)
    assert await world.backlog.drain() == 1
    assert await texts(world) == {"t0": ["before"]}
    while await world.backlog.drain():
        pass
    assert await texts(world) == {"t0": ["before"], "t1": ["one", "two", "three"]}
    assert [row.attempts for row in await world.inbounds()] == [1, 2, 2, 1]


async def test_unparsable_input_is_refused_at_once_and_kept(world: Any, clock: Any) -> None:
    junk = Inbound(world.channel.key, ("k",), b"\xff junk", {}, clock(), deferred=True)
    await world.intake.accept(junk)
    await world.backlog.drain()
    (row,) = await world.inbounds()
    said = "unparsable: not written by MemoryChannel"
    assert (row.outcome, row.reason, row.raw) == ("refused", said, b"\xff junk")


async def test_input_of_a_channel_that_is_gone_is_parked(world: Any, db: Any) -> None:
    await world.hear(said("by mail"), deferred=True)
    world.wiring.channels.clear()
    for _ in range(5):
        await world.backlog.drain()
    (row,) = await world.inbounds()
    assert row.reason == "parked: Unparsable"


def patient(world: Any, text: str, thread: str = "t1") -> Inbound:
    """Make an arrival that may be understood later, as events of Slack are."""
    return replace(world.channel.inbound(said(text, thread=thread, by=thread)), may_wait=True)


async def test_what_may_wait_is_understood_at_once_where_nothing_waits(world: Any) -> None:
    assert (await world.intake.accept(patient(world, "hi"))).ticket is not None


async def test_a_rush_is_only_stored_and_then_understood_in_order(world: Any) -> None:
    """Each of thirty customers writes three times; each time all of them at once."""
    accepted = []
    for number in range(3):
        rush = [patient(world, f"{number}", f"t{thread}") for thread in range(30)]
        accepted += await asyncio.gather(*map(world.intake.accept, rush))
    assert sum(one.ticket is None for one in accepted) > 60
    while await world.backlog.drain():
        pass
    assert all(row.outcome == "message" for row in await world.inbounds())
    found = await world.all_tickets()
    assert len(found) == 30
    for ticket in found:
        assert [m.text for m in await world.messages(ticket)] == ["0", "1", "2"]


async def test_why_nothing_follows_is_told_where_it_is_known_late(world: Any) -> None:
    barred = said("may I?", thread="t2", barred="not_in_group", shared_thread=True)
    for heard, key in ((barred, "m2"), (said("hello"), "m1")):
        await world.hear(heard, key, deferred=True)
    assert world.channel.told_late == []
    await world.backlog.drain()
    await world.backlog.drain()
    assert world.channel.told_late == [(("m2",), "not_in_group")]
    await world.hear(replace(barred, thread_keys=("t3",)), "m3")
    assert len(world.channel.told_late) == 1


async def test_nothing_overtakes_what_waits(world: Any) -> None:
    await world.intake.accept(replace(patient(world, "first"), deferred=True))
    second = await world.intake.accept(patient(world, "second"))
    assert second.ticket is None
    while await world.backlog.drain():
        pass
    (ticket,) = await world.all_tickets()
    assert [m.text for m in await world.messages(ticket)] == ["first", "second"]
    assert (await world.intake.accept(patient(world, "third"))).ticket == ticket.public_id


async def test_a_repeated_arrival_in_a_rush_is_stored_once(world: Any) -> None:
    one = patient(world, "hi")
    accepted = await asyncio.gather(*(world.intake.accept(one) for _ in range(30)))
    assert sum(not answer.duplicate for answer in accepted) == 1
    await world.backlog.drain()
    assert len(await world.inbounds()) == 1


async def test_chatter_of_a_rush_waits_for_the_message_that_it_overtook(world: Any) -> None:
    """A reply in a thread whose first message comes after it, both in the backlog."""
    shared = {"thread": "t1", "shared_thread": True}
    reply = replace(world.channel.inbound(said("reply", addressed=False, **shared)), may_wait=True)
    await world.intake.accept(replace(reply, deferred=True))
    await world.intake.accept(patient(world, "elsewhere", "t2"))
    while await world.backlog.drain():
        pass
    await world.hear(said("first", **shared), "t1")
    ticket = (await world.all_tickets())[-1]
    assert [m.text for m in await world.messages(ticket)] == ["first", "reply"]


async def test_small_arrivals_wait_for_a_large_one_of_their_thread(world: Any) -> None:
    for text in ("small", "x" * 100_000, "small again"):
        await world.hear(said(text), deferred=True)
    await world.backlog.drain()
    (ticket,) = await world.all_tickets()
    assert [len(m.text) for m in await world.messages(ticket)] == [5, 100_000, 11]


async def test_what_was_begun_before_is_understood_alone(
    make_world: Any, clock: Any, db: Any
) -> None:
    """Whatever ended the process takes nothing else along the next time."""
    world = await make_world(channel=BrokenChannel(clock))
    await world.hear(said("poison", thread="t0"), deferred=True)
    for number in range(1, 6):
        await world.hear(said(f"{number}", thread=f"t{number}"), deferred=True)
    async with db.writing() as work:  # as a process leaves them that died four times
        await work.connection.execute(update(InboundRow).values(attempts=4))
    await world.backlog.drain()
    parked, *others = await world.inbounds()
    assert (parked.outcome, parked.attempts) == ("refused", 5)
    assert [row.outcome for row in others] == ["message"] * 5
    assert [row.attempts for row in others] == [5] * 5


class Failing:
    """Makes the storing of chosen messages fail, as often as told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: dict[str, int] = {}
        self.error: Exception = RuntimeError("unforeseen")
        self._append = threads.append_message
        monkeypatch.setattr(threads, "append_message", self._fail_or_append)

    async def _fail_or_append(self, work: Any, ticket_id: int, new: Any, at: Any) -> Any:
        if self.left.get(new.text, 0) > 0:
            self.left[new.text] -= 1
            raise self.error
        return await self._append(work, ticket_id, new, at)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(monkeypatch)


async def texts(world: Any) -> dict[str, list[str]]:
    """Return the words of each thread in their order."""
    return {
        ticket.thread_key: [m.text for m in await world.messages(ticket)]
        for ticket in await world.all_tickets()
    }


async def test_a_store_that_cannot_be_written_parks_nothing(world: Any, failing: Failing) -> None:
    failing.error = StoreUnavailable("the disk is full")
    failing.left = {"one": 40, "two": 40}
    await world.hear(said("one", thread="t1"), deferred=True)
    await world.hear(said("two", thread="t2", by="bob"), deferred=True)
    for _ in range(12):
        assert await world.backlog.drain() == 0
    assert [row.outcome for row in await world.inbounds()] == [None, None]
    failing.left = {}
    # As after a restart: what is on disk alone must not park them.
    again = Backlog(world.wiring, world.backlog._understanding)
    assert await again.drain() == 2
    assert [row.outcome for row in await world.inbounds()] == ["message", "message"]


async def test_a_pass_ends_where_the_store_is_away(world: Any, failing: Failing) -> None:
    failing.error = StoreUnavailable("the disk is full")
    failing.left = {"large" * 20_000: 1}
    await world.hear(said("large" * 20_000, thread="t1"), deferred=True)
    await world.hear(said("two", thread="t2", by="bob"), deferred=True)
    assert await world.backlog.drain() == 0
    assert (await world.inbounds())[1].attempts == 0
    assert await world.backlog.drain() == 2


async def test_a_row_that_always_meets_a_store_that_is_away_does_not_stop_the_others(
    world: Any, failing: Failing
) -> None:
    """Some limits of a store look like its absence, and only one row meets them."""
    failing.error = StoreUnavailable("index row size exceeds the maximum")
    failing.left = {"odd": 1000}
    await world.hear(said("odd", thread="t1"), deferred=True)
    await world.hear(said("two", thread="t2", by="bob"), deferred=True)
    for _ in range(4):
        await world.backlog.drain()
    assert [row.outcome for row in await world.inbounds()] == [None, "message"]


@pytest.mark.parametrize("size", [1, 30_000])
@pytest.mark.parametrize("error", [RuntimeError("unforeseen"), StoreUnavailable("away")])
async def test_nothing_overtakes_a_row_that_failed_once(
    world: Any, failing: Failing, size: int, error: Exception
) -> None:
    failing.error = error
    first, second, third = ("one" * size, "two" * size, "three")
    failing.left = {first: 1}
    for text in (first, second, third):
        await world.hear(said(text, thread="t1"), deferred=True)
    await world.hear(said("elsewhere", thread="t2", by="bob"), deferred=True)
    await world.backlog.drain()
    assert "t1" not in await texts(world)
    await world.backlog.drain()
    assert await texts(world) == {"t1": [first, second, third], "t2": ["elsewhere"]}


async def test_what_waits_for_a_row_that_is_parked_is_understood(
    world: Any, failing: Failing
) -> None:
    failing.left = {"one": 1000}
    for text in ("one", "two", "three"):
        await world.hear(said(text), deferred=True)
    for _ in range(5):
        await world.backlog.drain()
    parked, *others = await world.inbounds()
    assert (parked.reason, parked.attempts) == ("parked: RuntimeError", 5)
    assert [(row.outcome, row.attempts) for row in others] == [("message", 1)] * 2
    assert await texts(world) == {"t1": ["two", "three"]}


async def test_a_thread_that_waits_fills_no_look_at_the_others(
    world: Any, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "_BATCH", 4)
    failing.left = {"0": 1}
    for number in range(9):
        await world.hear(said(f"{number}", thread="t1"), deferred=True)
    await world.hear(said("elsewhere", thread="t2", by="bob"), deferred=True)
    assert await world.backlog.drain() == 1
    assert await texts(world) == {"t2": ["elsewhere"]}
    while await world.backlog.drain():
        pass
    assert (await texts(world))["t1"] == [f"{number}" for number in range(9)]


async def test_a_row_that_always_meets_a_twin_is_parked(world: Any, failing: Failing) -> None:
    """It is nobody's absence, so it must not be tried for ever."""
    failing.error = IntegrityError("insert", {}, Exception("unique"))
    failing.left = {"one": 1000}
    await world.hear(said("one"), deferred=True)
    for _ in range(5):
        await world.backlog.drain()
    assert (await world.inbounds())[0].reason == "parked: StoreUnavailable"
