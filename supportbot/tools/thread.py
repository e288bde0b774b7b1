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
from types import TracebackType
from typing import Self


class _Carrier:
    """Carries what a function returned or raised from its thread to the loop that waits for it."""

    def __init__(self, future: asyncio.Future[object]) -> None:
        self._future = future
        self._loop = future.get_loop()
        self.returned: object = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            self._loop.call_soon_threadsafe(self._arrive, error)
        return True

    def _arrive(self, error: BaseException | None) -> None:
        if self._future.done():
            return
        if isinstance(error, StopIteration):  # a future cannot hold it
            error = RuntimeError("the function raised StopIteration")
        if error is None:
            self._future.set_result(self.returned)
        else:
            self._future.set_exception(error)


def in_thread(function: Callable[[], object], name: str) -> asyncio.Future[object]:
    """Start calling a function in a thread of that name; the future holds what comes of it.

    To cancel the future does not stop the function: nothing can.
    """
    future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    context = contextvars.copy_context()

    def work() -> None:
        with _Carrier(future) as carrier:
            carrier.returned = context.run(function)

    Thread(target=work, name=name, daemon=True).start()
    return future
