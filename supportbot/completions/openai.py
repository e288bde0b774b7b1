"""The chat completions API through the `openai` SDK: the only file that knows the SDK.

The SDK sends, signs and pools; lines, retries and errors are ours: its own retries would hide
minutes of waiting, and it takes a stream that just ends for a whole answer.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from supportbot.completions.failures import Failure, classify, completion_error
from supportbot.completions.stream import Accumulator, Answered, Lines, ServerSaid
from supportbot.completions.tokens import TokenCounter, estimate_prompt, estimate_tokens
from supportbot.completions.whole import whole_answer
from supportbot.completions.wire import Wire, request_body
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    Completion,
    CompletionEvent,
    Prompt,
    TextDelta,
    Usage,
)
from supportbot.model.time import Clock

VENDOR_URL = "https://api.openai.com/v1"

_TIMEOUT = httpx2.Timeout(connect=5, read=60, write=30, pool=5)
_CONNECTIONS = 100
# Quiet bots would pay a new TLS handshake for every message with the default of 5 seconds.
_KEEPALIVE_SECONDS = 60
_MAX_WHOLE_BYTES = 4_000_000
_DRAIN_SECONDS = 0.1


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


class OpenAICompleter:
    """One model behind one endpoint, with one long-lived client.

    The deadline is the caller's `asyncio.timeout`; cancelling gives the connection back.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        api_key: str,
        clock: Clock,
        base_url: str | None = None,
        endpoint: str | None = None,
        http_client: httpx2.AsyncClient | None = None,
        retrying: Retrying | None = None,
        count: TokenCounter = estimate_tokens,
    ) -> None:
        self.model = wire.model
        url = base_url or VENDOR_URL
        #: Shown and stored; a password in the URL is not.
        self.endpoint = endpoint or str(httpx2.URL(url).copy_with(username=None, password=None))
        self._wire = wire
        self._clock = clock
        self._retrying = retrying or Retrying()
        self._count = count
        self._client = openai.AsyncOpenAI(
            api_key=api_key,
            base_url=url,
            timeout=_TIMEOUT if http_client is None else http_client.timeout,
            max_retries=0,
            http_client=http_client or _http_client(),
        )
        # The SDK builds this on first touch, which takes 30 ms: better now than in an answer.
        self._create: Any = self._client.chat.completions.with_streaming_response.create

    async def complete(self, prompt: Prompt) -> AsyncGenerator[CompletionEvent, None]:
        """Ask the model; see `Completer.complete`. Retried only while no text was given out."""
        attempt = 1
        while True:
            spoken = False
            try:
                async with aclosing(self._attempt(prompt, attempt)) as events:
                    async for event in events:
                        spoken = True
                        yield event
            except CompletionError as error:
                wait = None if spoken else self._retrying.wait_seconds(error, attempt)
                if wait is None:
                    raise
            else:
                return
            await self._retrying.sleep(wait)
            attempt += 1

    async def aclose(self) -> None:
        """Close the client and its connections."""
        await self._client.close()

    async def _attempt(self, prompt: Prompt, attempt: int) -> AsyncGenerator[CompletionEvent, None]:
        watch = _Watch(self._clock)
        try:
            async with self._create(**request_body(prompt, self._wire)) as response:
                answer = _Answer()
                async with aclosing(answer.read(response)) as texts:
                    async for text in texts:
                        watch.heard()
                        if text:
                            yield TextDelta(text)
                # The body is whole: whatever the caller does next, the connection is free.
                request_id = response.request_id
        except openai.OpenAIError as error:
            raise self._classified(error) from error
        except httpx2.HTTPError as error:
            raise _broken(error) from error
        except ServerSaid as error:
            raise classify(error.failure, self._clock()) from error
        answered = answer.result()
        yield Completion(
            model=self.model,
            endpoint=self.endpoint,
            text=answered.text,
            finish_reason=answered.finish_reason,
            started_at=watch.started_at,
            latency_ms=watch.elapsed_ms(),
            tool_calls=answered.tool_calls,
            usage=answered.usage or self._estimated(prompt, answered),
            ttft_ms=watch.heard_ms,
            request_id=request_id,
            attempt=attempt,
        )

    def _estimated(self, prompt: Prompt, answered: Answered) -> Usage:
        said = answered.text + "".join(call.arguments for call in answered.tool_calls)
        return Usage(
            prompt=estimate_prompt(prompt, self._count), output=self._count(said), estimated=True
        )

    def _classified(self, error: openai.OpenAIError) -> CompletionError:
        match error:
            case openai.APITimeoutError():
                return completion_error(
                    "timeout", "The model did not answer in time.", permanent=False
                )
            case openai.APIConnectionError():
                return completion_error(
                    "connection", f"{self.endpoint} cannot be reached.", permanent=False
                )
            case openai.APIStatusError():
                failure = Failure(
                    message=error.message,
                    status=error.status_code,
                    code=error.code,
                    type=error.type,
                    headers=error.response.headers,
                )
                return classify(failure, self._clock())
            case _:
                return completion_error("client", str(error), permanent=True)


class _Answer:
    """The body of one response, as a stream or in one piece."""

    def __init__(self) -> None:
        self._stream: Accumulator | None = None
        self._whole: Answered | None = None

    async def read(self, response: Any) -> AsyncGenerator[str, None]:
        """Yield a text for each event that came, which may be empty.

        Raises:
            CompletionError: see `stream` and `whole`.
            ServerSaid: an error object came.
        """
        if "json" in response.headers.get("content-type", ""):
            self._whole = whole_answer(await _all(response))
            yield self._whole.text
            return
        self._stream, lines = Accumulator(), Lines()
        async with aclosing(response.iter_bytes()) as pieces:
            async for data in pieces:
                for line in lines.feed(data):
                    text = self._stream.feed(line)
                    if text or not line:
                        yield text
                if self._stream.done:
                    await _drain(pieces)
        for line in (lines.rest(), b""):
            if text := self._stream.feed(line):
                yield text

    def result(self) -> Answered:
        """Judge the answer after its last byte."""
        if self._whole is not None:
            return self._whole
        return (self._stream or Accumulator()).end()


class _Watch:
    """Measures one attempt: moments by the caller's clock, durations by the loop's."""

    def __init__(self, clock: Clock) -> None:
        self._loop = asyncio.get_running_loop()
        self.started_at = clock()
        self._started = self._loop.time()
        self.heard_ms: int | None = None

    def heard(self) -> None:
        """Note the first event."""
        if self.heard_ms is None:
            self.heard_ms = self.elapsed_ms()

    def elapsed_ms(self) -> int:
        """Return milliseconds since the start."""
        return round((self._loop.time() - self._started) * 1000)


async def _drain(pieces: AsyncGenerator[bytes, None]) -> None:
    """Read to the end after `[DONE]`, so that the connection can be used again.

    Some servers keep the socket open: then it is given up rather than waited for.
    """
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in pieces:
                pass


async def _all(response: Any) -> bytes:
    body = b""
    async for data in response.iter_bytes():
        body += data
        if len(body) > _MAX_WHOLE_BYTES:
            raise completion_error("too_large", "The answer has no end.", permanent=True)
    return body


def _broken(error: httpx2.HTTPError) -> CompletionError:
    if isinstance(error, httpx2.TimeoutException):
        return completion_error("timeout", "The stream stood still.", permanent=False)
    return completion_error("connection", f"The connection broke: {error}", permanent=False)


def _http_client() -> httpx2.AsyncClient:
    limits = httpx2.Limits(
        max_connections=_CONNECTIONS,
        max_keepalive_connections=_CONNECTIONS,
        keepalive_expiry=_KEEPALIVE_SECONDS,
    )
    return openai.DefaultAsyncHttpx2Client(timeout=_TIMEOUT, limits=limits)
