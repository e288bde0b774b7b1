"""A chat completions server on loopback: answers by a function, keeps every request it was sent.

    async with FakeModel(lambda request: "Hello.") as model:
        ...  # OPENAI_BASE_URL = model.url
        assert model.requests[0]["model"] == "test"

It speaks the streaming and the plain form of `POST /v1/chat/completions`
(https://platform.openai.com/docs/api-reference/chat) and refuses what the real API refuses: no key,
no model, no messages, unknown roles.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

#: Makes an answer's text out of the request's JSON.
Answering = Callable[[dict[str, Any]], str]

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


class FakeModel:
    """One server; `url` is its base URL. Enter it as an async context manager."""

    def __init__(
        self,
        answer: Answering,
        *,
        first_token_seconds: float = 0.0,
        seconds_per_chunk: float = 0.0,
        chunks: int = 8,
        port: int = 0,
        on_last_token: Callable[[dict[str, Any]], None] = lambda _request: None,
    ) -> None:
        #: Every request's JSON, oldest first.
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self._answer = answer
        self._first_token_seconds = first_token_seconds
        self._seconds_per_chunk = seconds_per_chunk
        self._chunks = chunks
        self._port = port
        #: Told a streamed request once its last piece of text has left.
        self._on_last_token = on_last_token
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen on 127.0.0.1."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return _refused(401, "invalid_api_key", "You didn't provide an API key.")
        body: dict[str, Any] = await request.json()
        problem = _problem(body)
        if problem:
            return _refused(400, "invalid_request_error", problem)
        self.requests.append(body)
        text = self._answer(body)
        await asyncio.sleep(self._first_token_seconds)
        if not body.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response(_envelope(body, choice) | {"usage": _usage(body, text)})
        return await self._stream(request, body, text)

    async def _stream(
        self, request: web.Request, body: dict[str, Any], text: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"content-type": "text/event-stream", "x-request-id": "req_fake"}
        )
        await response.prepare(request)
        size = max(1, -(-len(text) // self._chunks))
        for start in range(0, len(text), size):
            delta = {"role": "assistant", "content": text[start : start + size]}
            await _write(response, _envelope(body, {"index": 0, "delta": delta}))
            if self._seconds_per_chunk:
                await asyncio.sleep(self._seconds_per_chunk)
        self._on_last_token(body)
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        await _write(response, _envelope(body, last))
        if (body.get("stream_options") or {}).get("include_usage"):
            await _write(response, _envelope(body) | {"usage": _usage(body, text)})
        await response.write(b"data: [DONE]\n\n")
        return response


def _problem(body: dict[str, Any]) -> str | None:
    if not body.get("model"):
        return "you must provide a model parameter"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages must be a non-empty array"
    roles = {message.get("role") for message in messages}
    return f"unknown role in messages: {sorted(map(str, roles))}" if roles - _ROLES else None


def _envelope(body: dict[str, Any], *choices: dict[str, Any]) -> dict[str, Any]:
    kind = "chat.completion.chunk" if body.get("stream") else "chat.completion"
    return {
        "id": "chatcmpl-fake",
        "object": kind,
        "created": 1_767_225_600,
        "model": body["model"],
        "choices": list(choices),
    }


def _usage(body: dict[str, Any], text: str) -> dict[str, int]:
    asked = len(json.dumps(body["messages"])) // 4
    said = max(1, len(text) // 4)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


async def _write(response: web.StreamResponse, chunk: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")


def _refused(status: int, code: str, message: str) -> web.Response:
    error = {"message": message, "type": code, "param": None, "code": code}
    return web.json_response({"error": error}, status=status)
