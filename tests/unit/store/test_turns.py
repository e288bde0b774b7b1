"""One writer at a time, whoever is waited for first."""

from __future__ import annotations

import asyncio

import pytest

from supportbot.store.turns import Turns


async def queued(turns: Turns, *names: str) -> tuple[list[str], list[asyncio.Task[None]]]:
    """Queue tasks behind the turn that the caller holds; those in upper case are urgent."""
    entered: list[str] = []

    async def take(name: str) -> None:
        async with turns.turn(urgent=name.isupper()):
            entered.append(name)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(take(name)) for name in names]
    await asyncio.sleep(0)
    return entered, tasks


async def test_urgent_ones_go_first_and_equals_in_order() -> None:
    turns = Turns()
    async with turns.turn(urgent=False):
        entered, tasks = await queued(turns, "a", "b", "C", "d", "E")
        assert entered == []
    await asyncio.gather(*tasks)
    assert entered == ["C", "E", "a", "b", "d"]


async def test_only_one_is_in_at_a_time() -> None:
    turns, inside = Turns(), 0

    async def take() -> None:
        nonlocal inside
        async with turns.turn(urgent=False):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(take() for _ in range(20)))


async def test_a_turn_ends_with_an_error() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="broken"):
        async with turns.turn(urgent=False):
            raise ValueError("broken")
    async with asyncio.timeout(1), turns.turn(urgent=False):
        pass


@pytest.mark.parametrize("given", [False, True], ids=["still waiting", "already given the turn"])
async def test_who_is_cancelled_holds_nobody_up(*, given: bool) -> None:
    turns = Turns()
    async with turns.turn(urgent=False):
        entered, tasks = await queued(turns, "a", "b")
        if not given:
            tasks[0].cancel()
            await asyncio.sleep(0)
    if given:
        tasks[0].cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(*tasks, return_exceptions=True)
    assert entered == ["b"]
    async with asyncio.timeout(1), turns.turn(urgent=True):
        pass
