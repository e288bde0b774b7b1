"""Turns begin while the loop has time."""

from __future__ import annotations

import asyncio
import time

from supportbot.orchestrator.pace import Pace

_ROUND_SECONDS = 0.002


async def busy(rounds: int) -> None:
    """Keep the loop from everything else for a while, round after round."""
    for _ in range(rounds):
        time.sleep(_ROUND_SECONDS)  # noqa: ASYNC251 - that is what it is for
        await asyncio.sleep(0)


async def test_a_turn_begins_at_once_where_nothing_else_is_done() -> None:
    async with asyncio.timeout(1):
        await Pace().admit()


async def test_a_turn_waits_until_what_is_under_way_is_done() -> None:
    working = asyncio.create_task(busy(5))
    await asyncio.sleep(0)
    await Pace().admit()
    assert working.done()


async def test_turns_begin_even_if_the_loop_never_has_time() -> None:
    working = asyncio.create_task(busy(1000))
    await asyncio.sleep(0)
    await Pace().admit()
    assert not working.done()
    working.cancel()


async def test_turns_begin_in_the_order_they_came() -> None:
    pace, begun = Pace(), list[int]()

    async def begin(number: int) -> None:
        await pace.admit()
        begun.append(number)

    await asyncio.gather(*(begin(number) for number in range(10)))
    assert begun == list(range(10))


async def test_who_gives_up_waiting_holds_nobody_up() -> None:
    pace = Pace()
    working = asyncio.create_task(busy(5))
    waiting = [asyncio.create_task(pace.admit()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting, working, return_exceptions=True)
    assert [one.cancelled() for one in waiting] == [True, True, False]
