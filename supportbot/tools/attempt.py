"""The one place that catches whatever the code of a bot folder raises.

That code is not ours: nothing that it raises may end a turn, a thread or the process. What it
raised comes back as a value; the model, or whoever checks the folder, is told of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Raised:
    """What was raised instead of a result."""

    error: BaseException


def attempt(
    work: Callable[[], _T], kinds: tuple[type[BaseException], ...] = (Exception, SystemExit)
) -> _T | Raised:
    """Call a function; return its result, or what it raised of these kinds.

    A thread of its own gives `BaseException`: whoever waits for it hears of nothing else.
    """
    try:
        return work()
    except kinds as error:
        return Raised(error)


async def attempt_async(work: Awaitable[_T]) -> _T | Raised:
    """Await work; return its result, or what it raised. Cancellation passes through.

    A task that ends with `SystemExit` or `KeyboardInterrupt` would take the loop with it.
    """
    try:
        return await work
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - not our code; the caller tells of it
        return Raised(error)
