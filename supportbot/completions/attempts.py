"""What one try of a call becomes: a Completion, answered or failed, with all that is recorded."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from supportbot.completions.prices import PRICES, PriceTable
from supportbot.completions.stream import Answered
from supportbot.completions.tokens import TokenCounter, estimate_tokens
from supportbot.errors import CompletionError
from supportbot.model.completion import AttemptFailed, Completion, Usage
from supportbot.model.time import Clock


@dataclass(frozen=True, slots=True)
class Retrying:
    """When a call that failed before its first text is made again."""

    attempts: int = 3
    first_wait_seconds: float = 0.5
    #: A server that asks for more patience than this is not waited for.
    longest_wait_seconds: float = 20.0
    #: Between 0 and 1: how much of a quarter of the wait is taken off.
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def wait_seconds(self, error: CompletionError, attempt: int) -> float | None:
        """Say how long to wait after failed attempt 1, 2, ...; None = give up."""
        if error.permanent or attempt >= self.attempts:
            return None
        if error.retry_after_seconds is not None:
            asked = error.retry_after_seconds
            return asked if asked <= self.longest_wait_seconds else None
        wait = min(self.first_wait_seconds * 2.0 ** (attempt - 1), self.longest_wait_seconds)
        return wait * (1 - self.jitter() / 4)


@dataclass(frozen=True, slots=True)
class Calling:
    """How calls are timed, counted, priced and repeated."""

    clock: Clock
    retrying: Retrying = field(default_factory=Retrying)
    #: Uncalibrated: what it says is stored beside what the server counted.
    count: TokenCounter = estimate_tokens
    prices: PriceTable = PRICES


class Attempt:
    """One try: moments by the caller's clock, durations by the loop's."""

    def __init__(self, calling: Calling, blank: Completion) -> None:
        """Begin. `blank` says which model, where, the number of the try and the estimate."""
        self.request_id: str | None = None
        #: True once text of it was given out: nothing may be tried again then.
        self.given = False
        self._calling = calling
        self._blank = blank
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._ttft_ms: int | None = None

    def begins(self) -> None:
        """Note that the request leaves now: what it waited for before is not the model's time."""
        self._blank = replace(self._blank, started_at=self._calling.clock())
        self._began = self._loop.time()

    def heard(self) -> None:
        """Note the first event."""
        if self._ttft_ms is None:
            self._ttft_ms = self._elapsed_ms()

    def answered(self, answer: Answered) -> Completion:
        """Return the completion of a whole answer."""
        said = answer.text + "".join(call.arguments for call in answer.tool_calls)
        return self._closed(
            replace(
                self._blank,
                text=answer.text,
                finish_reason=answer.finish_reason,
                tool_calls=answer.tool_calls,
                usage=answer.usage or self._estimated(said),
            )
        )

    def failed(self, error: CompletionError, text: str = "") -> AttemptFailed:
        """Return the completion of a try that failed after `text`, which is billed if there is."""
        usage = self._estimated(text) if text else Usage()
        failed = replace(self._blank, text=text, usage=usage, error_kind=error.kind)
        return AttemptFailed(self._closed(failed))

    def _closed(self, completion: Completion) -> Completion:
        return self._calling.prices.priced(
            replace(
                completion,
                latency_ms=self._elapsed_ms(),
                ttft_ms=self._ttft_ms,
                request_id=self.request_id,
            )
        )

    def _estimated(self, said: str) -> Usage:
        prompt = self._blank.tokens_estimated or 0
        return Usage(prompt=prompt, output=self._calling.count(said), estimated=True)

    def _elapsed_ms(self) -> int:
        return round((self._loop.time() - self._began) * 1000)
