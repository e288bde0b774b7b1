"""Parsers that hang are ended, and take nobody's thread or time with them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn

import pytest

from supportbot.orchestrator import parsers as module
from supportbot.orchestrator.parsers import Parsers

#: Its process ends although a parser never will.
_ENDS = """
import asyncio, threading
from supportbot.orchestrator.parsers import Parsers

async def hang():
    await Parsers().run(threading.Event().wait, seconds=0.05)

try:
    asyncio.run(hang())
except TimeoutError:
    print("gave up")
"""


def spin() -> NoReturn:
    while True:
        pass


@pytest.fixture
def free() -> Iterator[threading.Event]:
    """What blocks outside of Python until it is set."""
    free = threading.Event()
    yield free
    free.set()


def alive() -> int:
    return sum(thread.name == "parser" for thread in threading.enumerate())


async def all_ended() -> None:
    async with asyncio.timeout(10):
        while alive():  # noqa: ASYNC110 - a thread has no event
            await asyncio.sleep(0.01)


async def test_what_a_parser_gives_or_raises_is_handed_on() -> None:
    parsers = Parsers()
    assert await parsers.run(lambda: "heard", seconds=5) == "heard"
    with pytest.raises(ZeroDivisionError):
        await parsers.run(lambda: 1 // 0, seconds=5)


async def test_a_parser_that_takes_too_long_is_ended_with_its_thread() -> None:
    parsers = Parsers()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await parsers.run(spin, seconds=0.05)
    await all_ended()


async def test_a_parser_that_nobody_waits_for_any_more_is_ended() -> None:
    waiting = asyncio.create_task(Parsers().run(spin, seconds=60))
    while not alive():  # noqa: ASYNC110 - a thread has no event
        await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait((waiting,))
    await all_ended()


async def test_waiting_for_a_thread_costs_no_time(
    free: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_THREADS", 1)
    parsers = Parsers()
    slow = asyncio.create_task(parsers.run(free.wait, seconds=60))
    quick = asyncio.create_task(parsers.run(lambda: "heard", seconds=0.2))
    await asyncio.sleep(0.4)
    assert not quick.done()
    free.set()
    assert await quick == "heard"
    assert await slow


async def test_parsers_that_cannot_be_ended_take_so_many_threads_and_no_more(
    free: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_THREADS", 3)
    await all_ended()  # those of other tests
    parsers = Parsers()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await parsers.run(free.wait, seconds=0.05)
    assert await parsers.run(lambda: "heard", seconds=5) == "heard"
    with pytest.raises(TimeoutError):
        await parsers.run(free.wait, seconds=0.05)
    waiting = [asyncio.create_task(parsers.run(lambda: "heard", seconds=5)) for _ in range(4)]
    await asyncio.sleep(0.2)
    assert alive() == 3
    free.set()
    assert await asyncio.gather(*waiting) == ["heard"] * 4


def test_a_process_ends_although_a_parser_hangs() -> None:
    run = [sys.executable, "-c", _ENDS]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "gave up\n"
