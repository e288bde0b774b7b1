"""One model behind one connection: attempts, retries, and what each of them came to.

The deadline is the caller's `asyncio.timeout`; cancelling gives the connection back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from supportbot.completions.attempts import Attempt, Calling
from supportbot.completions.connection import REQUEST_ID, Connection, Refused, encoded
from supportbot.completions.failures import OVERLOADED, classify
from supportbot.completions.reading import Reading
from supportbot.completions.stream import ServerSaid
from supportbot.completions.tokens import estimate_prompt
from supportbot.completions.wire import Wire, request_body
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    Completion,
    CompletionEvent,
    Prompt,
    TextDelta,
)


class OpenAICompleter:
    """One model, asked over a connection that others may share."""

    def __init__(self, wire: Wire, connection: Connection, calling: Calling) -> None:
        self.model = wire.model
        self.endpoint = connection.endpoint
        self._wire = wire
        self._connection = connection
        self._calling = calling

    async def complete(self, prompt: Prompt) -> AsyncGenerator[CompletionEvent, None]:
        """Ask the model; see `Completer.complete`. Retried only while no text was given out."""
        asked = self._asked(prompt)
        number = 1
        while True:
            attempt = Attempt(self._calling, self._blank(asked, number))
            reading = Reading()
            try:
                async with aclosing(self._attempt(asked, attempt, reading)) as events:
                    async for event in events:
                        yield event
            except CompletionError as error:
                failure = error
            else:
                return
            yield attempt.failed(failure, reading.text)
            wait = self._patience(failure, attempt, number)
            if wait is None:
                raise failure
            await self._calling.retrying.sleep(wait)
            number += 1

    async def aclose(self) -> None:
        """Close the connection."""
        await self._connection.aclose()

    async def _attempt(
        self, asked: _Asked, attempt: Attempt, reading: Reading
    ) -> AsyncGenerator[CompletionEvent, None]:
        async with self._connection.rates.reserved(asked.tokens) as reservation:
            attempt.begins()
            try:
                async with aclosing(self._texts(asked, attempt, reading)) as texts:
                    async for text in texts:
                        attempt.given = True
                        yield TextDelta(text)
                # The body is whole: whatever the caller does next, the connection is free.
                completion = attempt.answered(reading.result())
            except CompletionError:
                reservation.used = asked.estimate if reading.text else 0
                raise
            reservation.used = completion.usage.prompt + completion.usage.output
        yield completion

    async def _texts(
        self, asked: _Asked, attempt: Attempt, reading: Reading
    ) -> AsyncGenerator[str, None]:
        now = self._calling.clock()
        try:
            async with (
                self._connection.post(asked.body, now) as response,
                aclosing(reading.texts(response)) as texts,
            ):
                attempt.request_id = response.headers.get(REQUEST_ID)
                async for text in texts:
                    attempt.heard()
                    if text:
                        yield text
        except Refused as refused:
            attempt.request_id = refused.request_id
            raise refused.error from refused
        except ServerSaid as error:
            raise classify(error.failure, now) from error

    def _asked(self, prompt: Prompt) -> _Asked:
        estimate = estimate_prompt(prompt, self._calling.count)
        output = prompt.max_output_tokens or self._wire.max_output_tokens or 0
        return _Asked(encoded(request_body(prompt, self._wire)), estimate, estimate + output)

    def _blank(self, asked: _Asked, number: int) -> Completion:
        return Completion(
            model=self.model,
            endpoint=self.endpoint,
            text="",
            finish_reason=None,
            started_at=self._calling.clock(),
            latency_ms=0,
            attempt=number,
            tokens_estimated=asked.estimate,
        )

    def _patience(self, failure: CompletionError, attempt: Attempt, number: int) -> float | None:
        if attempt.given or failure.kind == OVERLOADED:
            return None
        return self._calling.retrying.wait_seconds(failure, number)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prompt as it goes out, the same for every try."""

    body: bytes
    #: Tokens of the prompt.
    estimate: int
    #: Tokens it may use, the answer included.
    tokens: int
