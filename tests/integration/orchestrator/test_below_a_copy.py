"""What a customer says below a copy before anybody could write down where the copy stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from supportbot.errors import ChannelError, DeliveryUnknown, SendError
from supportbot.model.inbound import Conversation, CustomerMessage, Deleted, Edited, Sender
from supportbot.orchestrator.hearing.rewording import TAKEN_BACK
from supportbot.testing import said
from supportbot.testing.memory import Fails

ADA = Sender("ada")


def typed(text: str = "how do I export?", thread: str = "asked-1") -> CustomerMessage:
    talk = Conversation("dm:ada", fresh=True)
    return said(text, thread=thread, target={"who": "ada"}, echo=True, conversation=talk)


def below(text: str, thread: str, by: str = "ada") -> CustomerMessage:
    return said(text, by=by, thread=thread, shared_thread=True, direct=True)


@dataclass
class Held:
    """A world in which copies are held on their way."""

    world: Any
    lanes: list[asyncio.Task[None]] = field(default_factory=list)

    async def copy(self, text: str = "how do I export?", name: str = "asked-1") -> str:
        """Let ada ask where nobody sees it; return the thread below her copy to be."""
        before = len(self.world.channel.attempts)
        await self.world.hear(typed(text, name))
        ticket = (await self.world.all_tickets())[-1]
        self.lanes.append(asyncio.create_task(self.world.settle_ticket(ticket.id)))
        await self.world.until(lambda: len(self.world.channel.attempts) > before)
        return f"re-{ticket.public_id}-1-echo"

    async def come_to_rest(self) -> None:
        """Let them go, and everything be understood and answered."""
        self.world.channel.open.set()
        await asyncio.gather(*self.lanes)
        for _ in range(3):
            while await self.world.backlog.drain():
                pass
            self.world.clock.advance(minutes=1)
            await self.world.settle()


@pytest.fixture
async def held(world: Any) -> AsyncIterator[Held]:
    world.channel.open.clear()
    made = Held(world)
    yield made
    for lane in made.lanes:
        lane.cancel()
    await asyncio.gather(*made.lanes, return_exceptions=True)


async def words(world: Any) -> list[list[str]]:
    """Return what customers said, ticket by ticket."""
    return [
        [m.text for m in await world.messages(ticket) if m.role == "user"]
        for ticket in await world.all_tickets()
    ]


async def test_words_below_it_wait_and_join_its_ticket_in_their_order(
    world: Any, held: Held
) -> None:
    thread = await held.copy()
    for number, text in enumerate(["as csv?", "or json?"]):
        accepted = await world.hear(below(text, thread), f"m{number}")
        assert (accepted.ticket, accepted.suppressed) == (None, "copy_on_its_way")
    await held.come_to_rest()
    assert await words(world) == [["how do I export?", "as csv?", "or json?"]]
    assert "or json?" in world.completer.prompts[-1].messages[-1].content
    assert [row.outcome for row in await world.inbounds()] == ["message"] * 3


async def test_words_in_another_thread_open_a_ticket_as_soon_as_that_is_known(
    world: Any, held: Held
) -> None:
    await held.copy()
    await world.hear(below("and where is my parcel?", "elsewhere"), "m1")
    assert len(await world.all_tickets()) == 1
    await held.come_to_rest()
    assert await words(world) == [["how do I export?"], ["and where is my parcel?"]]


async def test_what_somebody_else_says_does_not_wait_for_it(world: Any, held: Held) -> None:
    await held.copy()
    await world.hear(below("hello", "elsewhere", by="bob"))
    assert await words(world) == [["how do I export?"], ["hello"]]


async def test_words_wait_for_the_last_of_several_copies(world: Any, held: Held) -> None:
    first = await held.copy()
    second = await held.copy("and import?", "asked-2")
    await world.hear(below("as csv?", second), "m1")
    await world.hear(below("as a zip?", first), "m2")
    await held.come_to_rest()
    assert await words(world) == [["how do I export?", "as a zip?"], ["and import?", "as csv?"]]


@pytest.mark.parametrize("error", [SendError("no such user", permanent=True), DeliveryUnknown("")])
async def test_copy_that_comes_to_nothing_lets_them_open_a_ticket(
    world: Any, held: Held, error: ChannelError
) -> None:
    world.channel.failures.append(Fails(error))
    world.channel.findable = False
    thread = await held.copy()
    await world.hear(below("as csv?", thread), "m1")
    assert len(await world.all_tickets()) == 1
    await held.come_to_rest()
    assert await words(world) == [["how do I export?"], ["as csv?"]]


async def test_words_are_kept_for_as_long_as_the_copy_is_tried(world: Any, held: Held) -> None:
    thread = await held.copy()
    await world.hear(below("as csv?", thread), "m1")
    world.clock.advance(minutes=60)
    for job in world.sweep.periodic():
        if job.name == "waiting":
            await job.run()
    assert [row.raw is None for row in await world.inbounds()] == [False, False]
    await held.come_to_rest()
    assert await words(world) == [["how do I export?", "as csv?"]]


async def test_words_that_wait_can_be_changed_and_taken_back(world: Any, held: Held) -> None:
    thread = await held.copy()
    for key, text in (("m1", "as scv?"), ("m2", "my PIN is 1"), ("m3", "or json?")):
        await world.hear(below(text, thread), key)
    await world.hear(Edited(ADA, "m1", (thread,), "as csv?"), "e1")
    await world.hear(Deleted("m2", (thread,)), "e2")
    await held.come_to_rest()
    assert await words(world) == [["how do I export?", "as csv?", "or json?"]]
    rows = await world.inbounds()
    assert not any(b"PIN" in (row.raw or b"") for row in rows)


async def test_sweep_lets_go_what_a_copy_ended_by_somebody_else_left_behind(
    world: Any, held: Held
) -> None:
    await world.hear(typed(), "asked-1")
    (ticket,) = await world.all_tickets()
    await world.hear(below("as csv?", "re-unknown"), "m1")
    async with world.db.writing() as work:
        await work.connection.exec_driver_sql("UPDATE delivery SET state = 'cancelled'")
    assert await world.backlog.drain() == 0
    for job in world.sweep.periodic():
        if job.name == "waiting":
            await job.run()
    while await world.backlog.drain():
        pass
    assert ["as csv?"] in await words(world)
    assert (await world.all_tickets())[0].id == ticket.id


async def test_words_that_come_in_the_moment_the_copy_is_settled_never_stand_alone(
    world: Any,
) -> None:
    for number in range(8):
        await world.hear(typed(f"question {number}", f"asked-{number}"))
        ticket = (await world.all_tickets())[-1]
        thread = f"re-{ticket.public_id}-1-echo"
        said_now = below(f"more on {number}", thread)

        async def speak(said_now: CustomerMessage = said_now, name: str = f"m{number}") -> None:
            await asyncio.sleep(0)
            await world.hear(said_now, name)

        await asyncio.gather(world.settle_ticket(ticket.id), speak())
        await Held(world).come_to_rest()
    assert await words(world) == [[f"question {n}", f"more on {n}"] for n in range(8)]


async def test_words_that_are_taken_back_in_the_moment_the_copy_is_settled_stay_gone(
    world: Any, held: Held
) -> None:
    for number in range(8):
        world.channel.open.clear()
        thread = await held.copy(f"question {number}", f"asked-{number}")
        await world.hear(below("my PIN is 1", thread), f"m{number}")
        world.channel.open.set()
        gone = Deleted(f"m{number}", (thread,))
        await asyncio.gather(*held.lanes, world.hear(gone, f"e{number}"))
        await held.come_to_rest()
    assert await words(world) == [[f"question {number}"] for number in range(8)]
    rows = await world.inbounds()
    assert not any(b"PIN" in (row.raw or b"") for row in rows)
    reasons = [row.reason for row in rows if row.reason is not None]
    assert (len(reasons), set(reasons) <= TAKEN_BACK) == (16, True)
