"""A fake model that costs next to nothing: the answer is written once, and sent to everybody.

`supportbot.testing.FakeModel` makes each chunk anew, which at some hundred answers a second takes a
processor for itself and would be measured as latency of the program.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

_NUMBER = re.compile(rb"\[n(\d+)\]")
#: Chunks that leave together where there is no pause between them, as a fast model's do.
_TOGETHER = 5


@dataclass(frozen=True, slots=True)
class Speaking:
    """How the model speaks."""

    first_token_seconds: float = 0.0
    chunks: int = 50
    seconds_per_chunk: float = 0.0

    @property
    def seconds(self) -> float:
        """What an answer takes by itself."""
        return self.first_token_seconds + self.chunks * self.seconds_per_chunk


class SwiftModel:
    """`POST /v1/chat/completions`, streamed; tells the number `[n7]` of the last question."""

    def __init__(
        self,
        text: str,
        speaking: Speaking,
        asked: Callable[[int], None],
        ended: Callable[[int], None],
    ) -> None:
        self.url = ""
        self._speaking = speaking
        self._pieces, self._end = _rendered(text, speaking)
        self._asked = asked
        self._ended = ended
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=2048).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        numbers = _NUMBER.findall(await request.read())
        if not numbers:
            raise ValueError("the model was asked without the customer's words")
        number = int(numbers[-1])
        self._asked(number)
        await asyncio.sleep(self._speaking.first_token_seconds)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in self._pieces:
            await response.write(piece)
            if self._speaking.seconds_per_chunk:
                await asyncio.sleep(self._speaking.seconds_per_chunk)
        self._ended(number)
        await response.write(self._end)
        return response


def _rendered(text: str, speaking: Speaking) -> tuple[list[bytes], bytes]:
    """Return what is written one after the other, and the end of the stream."""
    size = -(-len(text) // speaking.chunks)
    chunks = [
        _event(choices=[{"index": 0, "delta": {"content": text[start : start + size]}}])
        for start in range(0, len(text), size)
    ]
    together = 1 if speaking.seconds_per_chunk else _TOGETHER
    pieces = [b"".join(chunks[n : n + together]) for n in range(0, len(chunks), together)]
    usage = {"prompt_tokens": 900, "completion_tokens": 120, "total_tokens": 1020}
    last = _event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    return pieces, last + _event(choices=[], usage=usage) + b"data: [DONE]\n\n"


def _event(**fields: Any) -> bytes:
    chunk = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_767_225_600,
        "model": "bench",
        **fields,
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
