"""Reading the body of one response: a stream of events, or a whole answer in one piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

import httpx2

from supportbot.completions.failures import completion_error
from supportbot.completions.stream import Accumulator, Answered, Lines
from supportbot.completions.whole import whole_answer

_MAX_WHOLE_BYTES = 4_000_000
_DRAIN_SECONDS = 0.1


class Body(Protocol):
    """A response, as far as it is read here."""

    @property
    def headers(self) -> httpx2.Headers:
        """The response's headers."""

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Give the body as it comes."""


class Reading:
    """One body, read as it comes. What was heard stays readable when it breaks."""

    def __init__(self) -> None:
        self._stream = Accumulator()
        self._whole: Answered | None = None

    @property
    def text(self) -> str:
        """All text that came so far."""
        return self._whole.text if self._whole else self._stream.text

    async def texts(self, response: Body) -> AsyncGenerator[str, None]:
        """Yield the text of each piece that brought events; it may be empty.

        Raises:
            CompletionError: see `stream` and `whole`.
            ServerSaid: an error object came.
        """
        if "json" in response.headers.get("content-type", ""):
            self._whole = whole_answer(await _all(response))
            yield self._whole.text
            return
        lines = Lines()
        pieces = response.aiter_bytes()
        async for data in pieces:
            complete = lines.feed(data)
            text = self._stream.feed_all(complete)
            if text or b"" in complete:
                yield text
            if self._stream.done:
                await _drain(pieces)
                break
        if text := self._stream.feed_all([lines.rest(), b""]) + self._stream.rest():
            yield text

    def result(self) -> Answered:
        """Judge the answer after its last byte.

        Raises:
            CompletionError: it did not come to its end; nothing of it may be used.
        """
        return self._whole or self._stream.end()


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read to the end after `[DONE]`, so that the connection can be used again.

    Some servers keep the socket open, others cut it: the answer is whole all the same.
    """
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in pieces:
                pass
    except (TimeoutError, httpx2.HTTPError):
        return


async def _all(response: Body) -> bytes:
    body = b""
    async for data in response.aiter_bytes():
        body += data
        if len(body) > _MAX_WHOLE_BYTES:
            raise completion_error("too_large", "The answer has no end.", permanent=True)
    return body
