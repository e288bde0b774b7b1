from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import pytest

from supportbot.tools.attempt import Raised, attempt, attempt_async
from supportbot.tools.thread import in_thread


def _raise(error: BaseException) -> Callable[[], str]:
    def work() -> str:
        raise error

    return work


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), StopIteration()])
def test_what_foreign_code_raises_comes_back_as_a_value(error: BaseException) -> None:
    assert attempt(_raise(error)) == Raised(error)
    assert attempt(lambda: "done") == "done"


def test_ctrl_c_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        attempt(_raise(KeyboardInterrupt()))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()])
async def test_nothing_that_a_thread_raises_is_waited_for_in_vain(error: BaseException) -> None:
    assert await asyncio.wait_for(in_thread(_raise(error), "foreign"), 5) == Raised(error)


async def test_an_exit_in_a_task_leaves_the_loop_alone_and_a_cancelled_one_stays_cancelled() -> (
    None
):
    async def leave() -> None:
        await asyncio.sleep(0)
        sys.exit(3)

    left = await asyncio.create_task(attempt_async(leave()))
    assert isinstance(left, Raised)
    assert isinstance(left.error, SystemExit)
    asleep = asyncio.create_task(attempt_async(asyncio.sleep(20)))
    await asyncio.sleep(0)
    asleep.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asleep
