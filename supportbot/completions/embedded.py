"""kb-extractive behind the real SDK: an in-process transport that speaks the wire.

So the default of a first run goes the way every model goes: request body, events, usage, finish.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from supportbot.completions.attempts import Calling
from supportbot.completions.base import EMBEDDED
from supportbot.completions.connection import Connection, Place
from supportbot.completions.extractive import MODEL, answer
from supportbot.completions.openai import OpenAICompleter
from supportbot.completions.wire import Wire
from supportbot.model.time import Clock

_URL = "http://embedded/v1"
_NO_KEY = "embedded"


def embedded_completer(*, clock: Clock) -> OpenAICompleter:
    """Build kb-extractive. It opens no socket."""
    connection = Connection(
        Place(_NO_KEY, _URL, shown=EMBEDDED),
        http_client=httpx2.AsyncClient(transport=EmbeddedTransport()),
    )
    return OpenAICompleter(Wire(model=MODEL), connection, Calling(clock))


class EmbeddedTransport(httpx2.AsyncBaseTransport):
    """Answers chat completions requests from `extractive.answer`, streamed or whole."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request; anything but chat completions is 404, no JSON is 400."""
        if not request.url.path.endswith("/chat/completions"):
            return _refusal(404, "only chat completions are served")
        content = await request.aread()
        try:
            body = json.loads(content)
            completion = answer(body)
        except (ValueError, TypeError, LookupError) as error:
            return _refusal(400, f"not a chat completions request: {error}")
        headers = {"x-request-id": f"kb-{hashlib.sha256(content).hexdigest()[:16]}"}
        if not body.get("stream"):
            return httpx2.Response(200, json=completion, headers=headers)
        headers["content-type"] = "text/event-stream"
        return httpx2.Response(200, headers=headers, stream=_Events(chunks(completion)))


class _Events(httpx2.AsyncByteStream):
    def __init__(self, parts: list[dict[str, Any]]) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield f"data: {json.dumps(part, ensure_ascii=False)}\n\n".encode()
        yield b"data: [DONE]\n\n"


def chunks(completion: dict[str, Any]) -> list[dict[str, Any]]:
    """Cut a whole completion into the chunks of a stream; usage comes last, as with a vendor."""
    choice = completion["choices"][0]
    message = choice["message"]
    head = {key: completion[key] for key in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    delta: dict[str, Any] = {"role": "assistant", "content": message["content"]}
    if calls := message.get("tool_calls"):
        delta["tool_calls"] = [{"index": n, **call} for n, call in enumerate(calls)]
    end = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    return [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [end]},
        {**head, "choices": [], "usage": completion["usage"]},
    ]


def _refusal(status: int, message: str) -> httpx2.Response:
    error = {"message": message, "type": "invalid_request_error", "code": None}
    return httpx2.Response(status, json={"error": error})
