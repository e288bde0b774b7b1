"""What was looked up is believed for a while, and of a bounded number of things."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from supportbot.model.time import Clock

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Remembered(Generic[_Key, _Value]):
    """Answers by question; where many ask at once, one asks and the others find the answer."""

    def __init__(self, clock: Clock, most: int) -> None:
        """Take how many answers are kept at most; those learned first are forgotten first."""
        self._clock = clock
        self._most = most
        self._known: OrderedDict[_Key, tuple[datetime, _Value]] = OrderedDict()
        self._asking = asyncio.Lock()
        #: Counts what was forgotten: an answer from before is not kept.
        self._forgotten = 0

    async def answer(
        self,
        key: _Key,
        ask: Callable[[], Awaitable[_Value]],
        seconds: Callable[[_Value], float],
    ) -> _Value:
        """Return what is known, else ask, and believe the answer for so many seconds."""
        if (known := self._fresh(key)) is not None:
            return known[1]
        async with self._asking:
            if (known := self._fresh(key)) is not None:
                return known[1]
            before = self._forgotten
            value = await ask()
            if before == self._forgotten:
                self._keep(key, value, seconds(value))
            return value

    def forget(self, about: Callable[[_Key], bool]) -> None:
        """Forget the answers to some questions, and those that are on their way."""
        self._forgotten += 1
        for key in [key for key in self._known if about(key)]:
            del self._known[key]

    def _fresh(self, key: _Key) -> tuple[datetime, _Value] | None:
        known = self._known.get(key)
        return known if known is not None and self._clock() < known[0] else None

    def _keep(self, key: _Key, value: _Value, seconds: float) -> None:
        self._known[key] = (self._clock() + timedelta(seconds=seconds), value)
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
