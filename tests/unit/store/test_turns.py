"""One writer at a time, whoever is waited for first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from supportbot.store.turns import Turns


class Line:
    """Turns as they are used: each passes on when it ends."""

    def __init__(self) -> None:
        self.turns = Turns(unused=self.go_on)
        self.entered: list[str] = []

    def go_on(self) -> None:
        if not self.turns.pass_on():
            self.turns.free()

    @asynccontextmanager
    async def turn(self, *, urgent: bool = False) -> AsyncIterator[None]:
        await self.turns.enter(urgent=urgent)
        try:
            yield
        finally:
            self.go_on()

    async def queue(self, *names: str) -> list[asyncio.Task[None]]:
        """Queue tasks; those in upper case are urgent."""

        async def take(name: str) -> None:
            async with self.turn(urgent=name.isupper()):
                self.entered.append(name)
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(take(name)) for name in names]
        await asyncio.sleep(0)
        return tasks


async def test_urgent_ones_go_first_and_equals_in_order() -> None:
    line = Line()
    async with line.turn():
        tasks = await line.queue("a", "b", "C", "d", "E")
        assert line.entered == []
    await asyncio.gather(*tasks)
    assert line.entered == ["C", "E", "a", "b", "d"]


async def test_only_one_is_in_at_a_time() -> None:
    line, inside = Line(), 0

    async def take() -> None:
        nonlocal inside
        async with line.turn():
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(take() for _ in range(20)))


async def test_a_free_turn_is_taken_at_once() -> None:
    line = Line()
    for _ in range(2):
        async with asyncio.timeout(1), line.turn():
            pass


@pytest.mark.parametrize("given", [False, True], ids=["still waiting", "already given the turn"])
async def test_who_is_cancelled_holds_nobody_up(*, given: bool) -> None:
    line = Line()
    async with line.turn():
        tasks = await line.queue("a", "b")
        if not given:
            tasks[0].cancel()
            await asyncio.sleep(0)
    if given:
        tasks[0].cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(*tasks, return_exceptions=True)
    assert line.entered == ["b"]
    async with asyncio.timeout(1), line.turn(urgent=True):
        pass


async def test_those_who_keep_the_loop_follow_each_other_in_one_round_of_it() -> None:
    line = Line()

    async def take(name: str) -> None:
        async with line.turn():
            line.entered.append(name)

    async with line.turn():
        tasks = [asyncio.create_task(take(name)) for name in "abcdef"]
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert "".join(line.entered) == "abcdef"
    await asyncio.gather(*tasks)


async def test_who_comes_between_waits_behind_those_who_were_woken_early() -> None:
    line = Line()
    async with line.turn():
        tasks = await line.queue("a", "b", "c")
    await asyncio.sleep(0)
    tasks += await line.queue("d", "E")
    await asyncio.gather(*tasks)
    assert line.entered == ["a", "b", "E", "c", "d"]
