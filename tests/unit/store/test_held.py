"""Connections are lent to one block at a time, and dead ones are replaced."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.store.held import HeldConnections


class FakeConnection:
    """Stands for a connection and for SQLAlchemy's face of it."""

    def __init__(self) -> None:
        self.alive = True
        self.closed = False

    @property
    def connection(self) -> Any:
        return self

    def is_alive(self) -> bool:
        return self.alive

    async def close(self) -> None:
        self.closed = True


class Opened:
    """Counts what was opened."""

    def __init__(self) -> None:
        self.all: list[FakeConnection] = []

    async def __call__(self) -> FakeConnection:
        self.all.append(FakeConnection())
        return self.all[-1]


async def test_one_connection_serves_blocks_that_follow_each_other() -> None:
    opened = Opened()
    held = HeldConnections(opened, 3)
    for _ in range(5):
        async with held.lent(1):
            pass
    assert len(opened.all) == 1


async def test_no_more_are_lent_than_may_be_open() -> None:
    opened = Opened()
    held = HeldConnections(opened, 2)
    inside = 0

    async def use() -> None:
        nonlocal inside
        async with held.lent(5):
            inside += 1
            assert inside <= 2
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(use() for _ in range(10)))
    assert len(opened.all) == 2


async def test_waiting_has_an_end() -> None:
    held = HeldConnections(Opened(), 1)
    async with held.lent(1):
        with pytest.raises(TimeoutError):
            async with held.lent(0.01):
                pass
    async with asyncio.timeout(1), held.lent(1):
        pass


@pytest.mark.parametrize("when", ["in the block", "while idle"])
async def test_a_dead_connection_is_closed_and_replaced(when: str) -> None:
    opened = Opened()
    held = HeldConnections(opened, 1)
    async with held.lent(1) as one:
        one.alive = when != "in the block"
    one.alive = False
    async with held.lent(1) as other:
        assert other is not one
    assert one.closed


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_a_connection_that_was_being_opened_for_somebody_cancelled_is_kept(
    times: int,
) -> None:
    opened, may_open = Opened(), asyncio.Event()

    async def slowly() -> FakeConnection:
        await may_open.wait()
        return await opened()

    held = HeldConnections(slowly, 1)

    async def use() -> None:
        async with held.lent(1):
            pass

    given_up = asyncio.create_task(use())
    for _ in range(times):
        await asyncio.sleep(0)
        given_up.cancel()
    next_one = asyncio.create_task(use())
    await asyncio.sleep(0)
    may_open.set()
    await next_one
    await asyncio.wait((given_up,))
    assert given_up.cancelled()
    assert len(opened.all) == 1
    await held.aclose()
    assert opened.all[0].closed


async def test_closing_reaches_those_that_are_lent() -> None:
    opened = Opened()
    held = HeldConnections(opened, 2)
    async with held.lent(1), held.lent(1):
        await held.aclose()
        assert not any(one.closed for one in opened.all)
    assert all(one.closed for one in opened.all)
