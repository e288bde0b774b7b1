from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from supportbot.completions.gate import Bucket, Rates, StartGate, span_seconds
from supportbot.errors import CompletionError


async def settle() -> None:
    """Let every task run as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def drop(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def start(gate: StartGate, seconds: float = 60) -> None:
    async with gate.starting():
        await asyncio.sleep(seconds)


async def test_starts_beyond_the_limit_wait_their_turn() -> None:
    gate, begun = StartGate(1, 10), []

    async def one(n: int) -> None:
        async with gate.starting():
            begun.append(n)
            await asyncio.sleep(0)

    await asyncio.gather(*(one(n) for n in range(5)))
    assert begun == [0, 1, 2, 3, 4]


async def test_start_that_the_model_ponders_makes_room_for_the_next() -> None:
    gate = StartGate(1, 10)
    pondering = asyncio.create_task(start(gate))
    await settle()
    async with asyncio.timeout(2):
        await start(gate, 0)
    await drop([pondering])
    async with asyncio.timeout(1):
        await start(gate, 0)


async def test_queue_of_starts_is_bounded_and_the_cancelled_leave_it() -> None:
    gate = StartGate(1, 1)
    tasks = [asyncio.create_task(start(gate)) for _ in range(2)]
    await settle()
    with pytest.raises(CompletionError) as refused:
        await start(gate, 0)
    assert (refused.value.kind, refused.value.permanent) == ("overloaded", False)
    await drop(tasks)
    async with asyncio.timeout(1):
        await start(gate, 0)


def test_bucket_drips_a_minutes_worth_in_a_minute() -> None:
    bucket = Bucket(60)
    assert bucket.wait_seconds(60, 0) == 0
    bucket.take(60)
    assert bucket.wait_seconds(1, 0) == 1
    assert bucket.wait_seconds(10, 4) == 6
    assert bucket.wait_seconds(60, 1000) == 0
    bucket.take(60)
    assert bucket.wait_seconds(1, 1000) == 1, "a long rest fills it once only"


def test_more_than_a_minutes_worth_waits_for_the_full_bucket_and_leaves_a_debt() -> None:
    bucket = Bucket(60)
    assert bucket.wait_seconds(120, 0) == 0
    bucket.take(120)
    assert bucket.wait_seconds(1, 0) == 61


def test_bucket_without_a_limit_never_waits() -> None:
    bucket = Bucket(None)
    bucket.take(10**9)
    assert bucket.wait_seconds(10**9, 0) == 0


async def reserve(rates: Rates, tokens: int, used: int | None = None) -> None:
    async with rates.reserved(tokens) as reservation:
        if used is not None:
            reservation.used = used


async def test_tokens_that_were_not_used_are_given_back() -> None:
    rates = Rates(None, 1000, 10)
    async with asyncio.timeout(1):
        for _ in range(5):
            await reserve(rates, 900, used=10)


async def test_call_beyond_the_budget_waits_within_its_deadline() -> None:
    rates = Rates(1, None, 10)
    await reserve(rates, 0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await reserve(rates, 0)


async def test_budget_serves_whoever_came_first() -> None:
    rates, served = Rates(600, None, 10), []
    for _ in range(600):
        await reserve(rates, 0)

    async def one(n: int) -> None:
        async with rates.reserved(0):
            served.append(n)

    async with asyncio.timeout(5):
        await asyncio.gather(*(one(n) for n in range(3)))
    assert served == [0, 1, 2]


async def test_queue_for_the_budget_is_bounded() -> None:
    rates = Rates(1, None, 1)
    await reserve(rates, 0)
    waiting = asyncio.create_task(reserve(rates, 0))
    await settle()
    with pytest.raises(CompletionError, match="wait already"):
        await reserve(rates, 0)
    await drop([waiting])


async def test_vendor_that_has_nothing_left_is_waited_for() -> None:
    rates = Rates(None, None, 10)
    rates.learn({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "80ms"})
    loop = asyncio.get_running_loop()
    before = loop.time()
    await reserve(rates, 0)
    assert loop.time() - before >= 0.08
    rates.learn({"x-ratelimit-remaining-tokens": "9", "x-ratelimit-reset-tokens": "60s"})
    async with asyncio.timeout(1):
        await reserve(rates, 0)


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("6m0s", 360), ("250ms", 0.25), ("1h2m3.5s", 3723.5), ("", 0)]
)
def test_reset_is_read_as_the_vendor_writes_it(text: str, seconds: float) -> None:
    assert span_seconds(text) == seconds
