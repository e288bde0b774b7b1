"""Calls a blocking function in a thread of its own, as a future of the running loop.

The thread is a daemon: a function that never returns must not hold up the end of the process, and
cannot use up a pool that others wait for.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

from supportbot.tools.attempt import Raised, attempt

_T = TypeVar("_T")


def in_thread(function: Callable[[], _T], name: str) -> asyncio.Future[_T | Raised]:
    """Start calling a function in a thread of that name; the future holds what comes of it.

    To cancel the future does not stop the function: nothing can.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T | Raised] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> None:
        came = attempt(lambda: context.run(function), (BaseException,))
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(_arrive, future, came)

    Thread(target=work, name=name, daemon=True).start()
    return future


def _arrive(future: asyncio.Future[_T], came: _T) -> None:
    if not future.done():
        future.set_result(came)
