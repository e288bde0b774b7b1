"""A chat completions server on loopback: answers by a function, keeps every request it was sent.

    async with FakeModel(lambda request: "Hello.") as model:
        ...  # OPENAI_BASE_URL = model.url
        assert model.requests[0]["model"] == "test"

    FakeModel(in_turn(Refused(429, headers={"retry-after": "1"}), Broken(How.CUT), "Hello."))

It speaks the streaming and the plain form of `POST /v1/chat/completions`
(https://platform.openai.com/docs/api-reference/chat) and refuses what the real API refuses: no key,
no model, no messages, unknown roles. `fake_answers` has what else it can be told to do.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any, Self

from aiohttp import web

from supportbot.model.completion import ToolCall, Usage
from supportbot.testing.fake_answers import Answering, Broken, How, Refused, Said

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_SSE = "text/event-stream"
#: Tool calls come in so many pieces.
_CALL_PIECES = 2


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
        #: The key each of them came with.
        self.keys: list[str] = []
        self.url = ""
        self._answer = answer
        self._first_token_seconds = first_token_seconds
        self._seconds_per_chunk = seconds_per_chunk
        self._chunks = chunks
        self._port = port
        #: Told a streamed request once its last piece of text has left.
        self._on_last_token = on_last_token
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()
        #: Pieces of an answer that are said, and what tells that their number changed.
        self._most_pieces: int | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Listen on 127.0.0.1."""
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def hold(self, pieces: int = 0) -> None:
        """Say so many pieces of each answer, and no more before this or `go_on` is called."""
        self._most_pieces = pieces
        self._changed.set()

    def go_on(self) -> None:
        """Say all of every answer."""
        self._most_pieces = None
        self._changed.set()

    async def _until_allowed(self, piece: int) -> None:
        while self._most_pieces is not None and piece >= self._most_pieces:
            self._changed.clear()
            await self._changed.wait()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not key:
            return _refused(Refused(401, "invalid_api_key", "You didn't provide an API key."))
        body: dict[str, Any] = await request.json()
        problem = _problem(body)
        if problem:
            return _refused(Refused(400, "invalid_request_error", problem))
        self.requests.append(body)
        self.keys.append(key)
        answer = self._answer(body)
        await asyncio.sleep(self._first_token_seconds)
        await self._until_allowed(0)
        match answer:
            case Refused():
                return _refused(answer)
            case Broken():
                return await self._break(request, body, answer)
            case _:
                return await self._say(request, body, answer)

    async def _say(
        self, request: web.Request, body: dict[str, Any], answer: str | Said
    ) -> web.StreamResponse:
        said = Said(answer) if isinstance(answer, str) else answer
        if body.get("stream"):
            return await self._stream(request, body, said)
        headers = {"x-request-id": said.request_id, **said.headers}
        return web.json_response(_whole(body, said), headers=headers)

    async def _stream(
        self, request: web.Request, body: dict[str, Any], said: Said
    ) -> web.StreamResponse:
        response = await self._started(request, said.request_id, **said.headers)
        await self._pieces(response, body, said.text)
        for delta in _deltas(said):
            await _write(response, _envelope(body, {"index": 0, "delta": delta}))
        self._on_last_token(body)
        last = {"index": 0, "delta": {}, "finish_reason": _finish(said)}
        await _write(response, _envelope(body, last))
        if (body.get("stream_options") or {}).get("include_usage"):
            await _write(response, _envelope(body) | {"usage": _usage(body, said)})
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _pieces(self, response: web.StreamResponse, body: dict[str, Any], text: str) -> None:
        size = max(1, -(-len(text) // self._chunks))
        for piece, start in enumerate(range(0, len(text), size)):
            await self._until_allowed(piece)
            delta = {"role": "assistant", "content": text[start : start + size]}
            await _write(response, _envelope(body, {"index": 0, "delta": delta}))
            if self._seconds_per_chunk:
                await asyncio.sleep(self._seconds_per_chunk)

    async def _break(
        self, request: web.Request, body: dict[str, Any], broken: Broken
    ) -> web.StreamResponse:
        headers = {"x-request-id": broken.request_id}
        match broken.how:
            case How.HTML:
                page = "<html>\n<title>Welcome</title>\n</html>"
                return web.Response(text=page, content_type="text/html", headers=headers)
            case How.ERROR_BODY:
                error = _error(Refused(200, "insufficient_quota"))
                return web.json_response(error, headers=headers)
            case How.NO_CHOICES:
                return web.json_response(_envelope(body), headers=headers)
            case How.SILENT:
                await self._stopping.wait()
                return web.Response(status=503)
            case How.HANGS_UP:
                _hang_up(request)
                return web.Response()
            case _:
                return await self._break_off(request, body, broken)

    async def _break_off(
        self, request: web.Request, body: dict[str, Any], broken: Broken
    ) -> web.StreamResponse:
        response = await self._started(request, broken.request_id)
        await self._pieces(response, body, broken.text)
        match broken.how:
            case How.STALLS:
                await self._stopping.wait()
            case How.MALFORMED:
                await response.write(b'data: {"choices": [{"delta"\n\n')
            case How.ERROR_CHUNK:
                await _write(response, _error(Refused(500, "server_error")))
            case How.CUT:
                _hang_up(request)
        return response

    async def _started(
        self, request: web.Request, request_id: str, **headers: str
    ) -> web.StreamResponse:
        named = {"content-type": _SSE, "x-request-id": request_id, **headers}
        response = web.StreamResponse(headers=named)
        await response.prepare(request)
        return response


def _problem(body: dict[str, Any]) -> str | None:
    if not body.get("model"):
        return "you must provide a model parameter"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages must be a non-empty array"
    roles = {message.get("role") for message in messages}
    return f"unknown role in messages: {sorted(map(str, roles))}" if roles - _ROLES else None


def _whole(body: dict[str, Any], said: Said) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
    message["refusal"] = said.refusal
    if said.tool_calls:
        message["tool_calls"] = [_call(call, call.arguments) for call in said.tool_calls]
    choice = {"index": 0, "message": message, "finish_reason": _finish(said)}
    return _envelope(body, choice) | {"usage": _usage(body, said)}


def _deltas(said: Said) -> Iterator[dict[str, Any]]:
    """Yield refusal and tool calls in pieces, several calls at once in turns."""
    if said.refusal is not None:
        yield {"refusal": said.refusal}
    for piece in range(_CALL_PIECES):
        for n, call in enumerate(said.tool_calls):
            half = -(-len(call.arguments) // _CALL_PIECES)
            arguments = call.arguments[piece * half : (piece + 1) * half]
            # Without an index the id tells whose piece it is.
            named = piece == 0 or not said.indexed
            shown = _call(call, arguments) if named else {"function": {"arguments": arguments}}
            yield {"tool_calls": [{"index": n, **shown} if said.indexed else shown]}


def _call(call: ToolCall, arguments: str) -> dict[str, Any]:
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _finish(said: Said) -> str:
    return said.finish_reason or ("tool_calls" if said.tool_calls else "stop")


def _envelope(body: dict[str, Any], *choices: dict[str, Any]) -> dict[str, Any]:
    kind = "chat.completion.chunk" if body.get("stream") else "chat.completion"
    return {
        "id": "chatcmpl-fake",
        "object": kind,
        "created": 1_767_225_600,
        "model": body["model"],
        "choices": list(choices),
    }


def _usage(body: dict[str, Any], said: Said) -> dict[str, Any]:
    asked, answered = len(json.dumps(body["messages"])) // 4, max(1, len(said.text) // 4)
    used = said.usage or Usage(prompt=asked, output=answered)
    return {
        "prompt_tokens": used.prompt,
        "completion_tokens": used.output,
        "total_tokens": used.prompt + used.output,
        "prompt_tokens_details": {
            "cached_tokens": used.cached,
            "cache_write_tokens": used.cache_written,
        },
        "completion_tokens_details": {"reasoning_tokens": used.reasoning},
    }


async def _write(response: web.StreamResponse, chunk: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _error(refused: Refused) -> dict[str, Any]:
    code = refused.code
    return {"error": {"message": refused.message, "type": code, "param": None, "code": code}}


def _refused(refused: Refused) -> web.Response:
    headers = {"x-request-id": refused.request_id, **refused.headers}
    return web.json_response(_error(refused), status=refused.status, headers=headers)
