"""Parsers that may take long, each in a thread of its own, which is ended with it.

The loop's own threads would not do: a few parsers that hang would take them all, and whatever else
needs one would wait behind. Nor would a pool: its threads outlive what they did, so none of them
can be ended without harm to another parser, and the process waits for them at its end. Here a
parser that takes too long has `SystemExit` raised in its thread, which ends all that runs in
Python; a daemon keeps no process from ending. What hangs outside of Python, where no parser has
business, keeps its thread. So there is a bound: where all threads are kept, nothing is parsed, and
nothing is blamed for that; it stays on disk until a thread, or the process, has ended.
"""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

import structlog

from supportbot.orchestrator.guard import outcome_of

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")
_MOST_THREADS = 16
_LOOK_AGAIN_SECONDS = 0.1


class Parsers:
    """Runs parsers outside of the loop; see the module."""

    def __init__(self) -> None:
        #: Those that live, and some that have just ended.
        self._threads: list[threading.Thread] = []

    async def run(self, parse: Callable[[], _T], *, seconds: float) -> _T:
        """Return what a parser gives, or raise what it raises.

        The seconds count from its start; to wait for a thread costs none of them.

        Raises:
            TimeoutError: it took longer, or whatever it did ended its thread.
        """
        await self._place()
        ended: Future[_T | Exception] = Future()
        ended.set_running_or_notify_cancel()  # who stops to wait for it must not cancel it
        thread = threading.Thread(target=_run, args=(parse, ended), name="parser", daemon=True)
        thread.start()
        self._threads.append(thread)
        try:
            async with asyncio.timeout(seconds):
                outcome = await asyncio.wrap_future(ended)
        except (TimeoutError, asyncio.CancelledError):
            _end(thread)
            raise
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _place(self) -> None:
        """Wait until one more thread may be begun."""
        told = False
        while True:
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            if len(self._threads) < _MOST_THREADS:
                return
            if not told:
                _log.error("parsers_stuck", threads=len(self._threads), cure="start the bot again")
            told = True
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _run(parse: Callable[[], _T], ended: Future[_T | Exception]) -> None:
    with suppress(SystemExit):
        ended.set_result(outcome_of(parse))


def _end(thread: threading.Thread) -> None:
    """Raise `SystemExit` in a thread as soon as it is in Python; all it can still do is nobody's.

    https://docs.python.org/3/c-api/threads.html#c.PyThreadState_SetAsyncExc
    """
    if thread.ident is not None and thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
        )
