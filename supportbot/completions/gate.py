"""How much one process asks of the network and of a key at once. Per process: two share nothing.

Two queues, both bounded and first come, first served. Whoever waits does so within the deadline of
its caller, whose cancelling takes it out of the queue.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from supportbot.completions.failures import OVERLOADED, completion_error
from supportbot.errors import CompletionError

#: A start that was not answered by then is no longer work for the loop: the model thinks.
_START_SECONDS = 0.25
_MINUTE_SECONDS = 60.0
#: A wait is looked at again after so long: an answer may have given tokens back.
_LOOK_SECONDS = 1.0
#: The vendor writes `1s`, `6m0s`, `250ms`.
_SPAN = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)")
_UNIT_SECONDS: Mapping[str, float] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class StartGate:
    """Lets so many calls connect and send at the same time; answers in flight are not counted.

    Hundreds of starts at once would hold up the loop for seconds, until their own connect timeouts
    fire.
    """

    def __init__(self, starts: int, queued: int) -> None:
        self._free = asyncio.Semaphore(starts)
        self._queued = queued
        self._waiting = 0

    @asynccontextmanager
    async def starting(self) -> AsyncIterator[None]:
        """Hold a place until the body is left or a quarter of a second has passed.

        Raises:
            CompletionError: `overloaded`, too many wait already.
        """
        await self._enter()
        place = _Place(self._free)
        timer = asyncio.get_running_loop().call_later(_START_SECONDS, place.leave)
        try:
            yield
        finally:
            timer.cancel()
            place.leave()

    async def _enter(self) -> None:
        if self._free.locked() and self._waiting >= self._queued:
            raise overloaded()
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1


class _Place:
    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free: asyncio.Semaphore | None = free

    def leave(self) -> None:
        """Give the place back, once."""
        if self._free is not None:
            self._free.release()
            self._free = None


class Bucket:
    """Tokens that drip in by the minute: a whole minute's worth at most. Pure, given the time."""

    def __init__(self, per_minute: int | None) -> None:
        self._per_minute = per_minute
        self._level = float(per_minute or 0)
        self._at: float | None = None

    def wait_seconds(self, amount: float, now: float) -> float:
        """Say how long until `amount` can be taken; 0 where there is no limit.

        More than a minute's worth waits for the full bucket, and leaves it in debt.
        """
        if self._per_minute is None:
            return 0.0
        self._drip(now)
        missing = min(amount, float(self._per_minute)) - self._level
        return max(0.0, missing * _MINUTE_SECONDS / self._per_minute)

    def take(self, amount: float) -> None:
        """Take what was waited for; a negative amount gives back."""
        if self._per_minute is not None:
            self._level = min(self._level - amount, float(self._per_minute))

    def _drip(self, now: float) -> None:
        since = 0.0 if self._at is None else now - self._at
        self._at = now
        self.take(-since * (self._per_minute or 0) / _MINUTE_SECONDS)


@dataclass(slots=True)
class Reservation:
    """What one call took from its key's budget."""

    #: Tokens it really used, once that is known.
    used: int


class Rates:
    """The requests and tokens per minute of one key."""

    def __init__(
        self, requests_per_minute: int | None, tokens_per_minute: int | None, queued: int
    ) -> None:
        self._requests = Bucket(requests_per_minute)
        self._tokens = Bucket(tokens_per_minute)
        self._queued = queued
        self._waiting = 0
        self._turn = asyncio.Lock()
        self._shut_until = 0.0

    @asynccontextmanager
    async def reserved(self, tokens: int) -> AsyncIterator[Reservation]:
        """Wait until one request of so many tokens may be made; count it when the body is entered.

        Tokens that turn out unused are given back at the end; the request stays counted.

        Raises:
            CompletionError: `overloaded`, too many wait already.
        """
        if self._turn.locked() and self._waiting >= self._queued:
            raise overloaded()
        self._waiting += 1
        try:
            async with self._turn:
                await self._until_there(tokens)
                self._requests.take(1)
                self._tokens.take(tokens)
        finally:
            self._waiting -= 1
        reservation = Reservation(used=tokens)
        try:
            yield reservation
        finally:
            self._tokens.take(reservation.used - tokens)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Wait for the reset where the vendor says that nothing remains."""
        for what in ("requests", "tokens"):
            if headers.get(f"x-ratelimit-remaining-{what}") == "0":
                reset = span_seconds(headers.get(f"x-ratelimit-reset-{what}", ""))
                self._shut_until = max(self._shut_until, _now() + min(reset, _MINUTE_SECONDS))

    async def _until_there(self, tokens: int) -> None:
        # Time fills the bucket, not an event; what others give back is seen at the next look.
        while wait := self._wait_seconds(tokens, _now()):  # noqa: ASYNC110 - see above
            await asyncio.sleep(min(wait, _LOOK_SECONDS))

    def _wait_seconds(self, tokens: int, now: float) -> float:
        return max(
            self._requests.wait_seconds(1, now),
            self._tokens.wait_seconds(tokens, now),
            self._shut_until - now,
            0.0,
        )


def span_seconds(text: str) -> float:
    """Read `6m0s` or `250ms`; what cannot be read is 0."""
    parts = _SPAN.finditer(text)
    return sum(float(part["number"]) * _UNIT_SECONDS[part["unit"]] for part in parts)


def overloaded() -> CompletionError:
    """Make the error of a queue that is full."""
    return completion_error(OVERLOADED, "Too many model calls wait already.", permanent=False)


def _now() -> float:
    return asyncio.get_running_loop().time()
