"""The adapter against odd answers: an own transport gives bytes that no honest server sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from supportbot.completions.attempts import Calling, Retrying
from supportbot.completions.connection import Connection, Place
from supportbot.completions.openai import OpenAICompleter
from supportbot.completions.wire import Wire
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    AttemptFailed,
    ChatMessage,
    Completion,
    FinishReason,
    Prompt,
    TextDelta,
    ToolCall,
    Usage,
)
from supportbot.model.message import Role

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
PROMPT = Prompt((ChatMessage(Role.SYSTEM, "Be kind."), ChatMessage(Role.USER, "Hello there")))
HELLO = {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": None}]}
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}


def now() -> datetime:
    return NOW


def sse(*chunks: object) -> bytes:
    shown = (
        c if isinstance(c, bytes) else json.dumps(c, ensure_ascii=False).encode() for c in chunks
    )
    return b"".join(b"data: " + chunk + b"\n\n" for chunk in shown)


GOOD = sse(HELLO, STOP, USAGE, b"[DONE]")


class Bytes(httpx2.AsyncByteStream):
    """Gives pieces, then fails or hangs if told to."""

    def __init__(self, *pieces: bytes | Exception | asyncio.Event) -> None:
        self.pieces = pieces
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, asyncio.Event):
                await piece.wait()
                continue
            yield piece

    async def aclose(self) -> None:
        self.closed = True


class FakeTransport(httpx2.AsyncBaseTransport):
    """Answers each request with the next response; keeps the requests."""

    def __init__(self, *responses: httpx2.Response | Exception) -> None:
        self.responses = list(responses)
        self.requests: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(json.loads(await request.aread()))
        response = self.responses.pop(0)
        if isinstance(response, Exception):
            raise response
        return response


def streamed(*pieces: bytes | Exception | asyncio.Event, **headers: str) -> httpx2.Response:
    shown = {"content-type": "text/event-stream", **headers}
    return httpx2.Response(200, headers=shown, stream=Bytes(*pieces))


def failed(status: int, code: str | None = None, **headers: str) -> httpx2.Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    error = {"message": "said no", "code": code, "type": code}
    return httpx2.Response(status, json={"error": error}, headers=named)


@pytest.fixture
def waits() -> list[float]:
    """Waits between attempts, which take no time here."""
    return []


Make = Callable[..., OpenAICompleter]


@pytest.fixture
async def make(waits: list[float]) -> AsyncIterator[Make]:
    made: list[OpenAICompleter] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    def build(transport: FakeTransport, **changes: Any) -> OpenAICompleter:
        retrying = Retrying(jitter=lambda: 0.0, **{"sleep": note, **changes})
        place = Place("k", "http://fake/v1")
        connection = Connection(place, http_client=httpx2.AsyncClient(transport=transport))
        completer = OpenAICompleter(Wire("m"), connection, Calling(now, retrying))
        made.append(completer)
        return completer

    yield build
    for completer in made:
        await completer.aclose()


async def ask(completer: OpenAICompleter) -> tuple[list[str], Completion]:
    texts: list[str] = []
    async with aclosing(completer.complete(PROMPT)) as events:
        async for event in events:
            if isinstance(event, Completion):
                return texts, event
            if isinstance(event, TextDelta):
                texts.append(event.text)
    raise AssertionError("no completion came")


async def failure(awaited: Awaitable[object]) -> CompletionError:
    with pytest.raises(CompletionError) as caught:
        await awaited
    return caught.value


async def test_answer_carries_text_usage_request_id_and_times(make: Make) -> None:
    transport = FakeTransport(streamed(GOOD, **{"x-request-id": "req-1"}))
    texts, completion = await ask(make(transport))
    assert texts == ["Hello"]
    assert completion == Completion(
        model="m",
        endpoint="http://fake/v1",
        text="Hello",
        finish_reason=FinishReason.STOP,
        started_at=NOW,
        latency_ms=completion.latency_ms,
        usage=Usage(prompt=7, output=2),
        ttft_ms=completion.ttft_ms,
        request_id="req-1",
        tokens_estimated=completion.tokens_estimated,
    )
    assert completion.tokens_estimated
    assert completion.ttft_ms is not None
    assert completion.ttft_ms <= completion.latency_ms
    (request,) = transport.requests
    assert request["messages"][0] == {"role": "system", "content": "Be kind."}
    assert request["stream"] is True


async def test_bytes_may_be_cut_anywhere(make: Make) -> None:
    odd = {"choices": [{"index": 0, "delta": {"content": "é\u2028\x85🙂"}}]}
    raw = b": hello\r\n\r\n" + sse(odd, STOP, b"[DONE]").replace(b"\n", b"\r\n")
    pieces = [raw[n : n + 1] for n in range(len(raw))]
    _, completion = await ask(make(FakeTransport(streamed(*pieces))))
    assert completion.text == "é\u2028\x85🙂"


async def test_server_that_does_not_count_is_estimated(make: Make) -> None:
    _, completion = await ask(make(FakeTransport(streamed(sse(HELLO, STOP)))))
    assert completion.usage.estimated
    assert completion.usage.prompt > 0
    assert completion.usage.output == 2


async def test_usage_before_the_last_chunk_is_kept(make: Make) -> None:
    _, completion = await ask(make(FakeTransport(streamed(sse(USAGE, HELLO, STOP)))))
    assert completion.usage == Usage(prompt=7, output=2)


async def test_first_chunk_without_choices_is_passed_over(make: Make) -> None:
    body = sse({"choices": [], "prompt_filter_results": []}, HELLO, STOP)
    assert (await ask(make(FakeTransport(streamed(body)))))[1].text == "Hello"


async def test_tool_call_without_index_is_read(make: Make) -> None:
    call = {"id": "a", "function": {"name": "handoff", "arguments": "{}"}}
    chunk = {"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    texts, completion = await ask(make(FakeTransport(streamed(sse(chunk)))))
    assert texts == []
    assert completion.tool_calls == (ToolCall("a", "handoff", "{}"),)
    assert completion.ttft_ms is not None


async def test_server_that_ignores_streaming_is_understood(make: Make) -> None:
    body = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    texts, completion = await ask(make(FakeTransport(httpx2.Response(200, json=body))))
    assert (texts, completion.text) == (["Hello"], "Hello")


async def test_server_that_keeps_the_socket_open_after_done_costs_little(make: Make) -> None:
    stream = Bytes(GOOD, asyncio.Event())
    async with asyncio.timeout(2):
        _, completion = await ask(make(FakeTransport(httpx2.Response(200, stream=stream))))
    assert completion.text == "Hello"
    assert stream.closed


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ((sse(HELLO),), "truncated"),
        ((sse(HELLO, b"[DONE]"),), "truncated"),
        ((sse(HELLO), sse(b"{broken")), "malformed"),
        ((sse(HELLO), sse({"error": {"message": "x", "code": "overloaded"}})), "server"),
        ((sse(HELLO), sse({"error": {"message": "x", "code": "insufficient_quota"}})), "quota"),
        ((sse(HELLO), httpx2.RemoteProtocolError("cut")), "connection"),
        ((sse(HELLO), httpx2.ReadError("reset")), "connection"),
        ((sse(HELLO), httpx2.ReadTimeout("stall")), "timeout"),
    ],
)
async def test_stream_that_breaks_after_text_fails_at_once(
    body: tuple[bytes | Exception, ...], kind: str, make: Make, waits: list[float]
) -> None:
    transport = FakeTransport(streamed(*body), streamed(GOOD))
    events = make(transport).complete(PROMPT)
    assert await anext(events) == TextDelta("Hello")
    told = await anext(events)
    assert isinstance(told, AttemptFailed)
    assert (told.completion.error_kind, told.completion.text) == (kind, "Hello")
    assert (await failure(anext(events))).kind == kind
    assert (len(transport.requests), waits) == (1, [])


async def test_text_that_broke_before_it_was_given_out_is_asked_for_again(make: Make) -> None:
    broken = streamed(sse(HELLO, b"{broken"))
    texts, completion = await ask(make(FakeTransport(broken, streamed(GOOD))))
    assert (texts, completion.attempt) == (["Hello"], 2)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (lambda: streamed(b""), "truncated"),
        (lambda: streamed(sse(b"{broken")), "malformed"),
        (lambda: streamed(sse({"error": {"message": "x", "type": "server_error"}})), "server"),
        (lambda: httpx2.Response(200, json={"choices": []}), "malformed"),
        (lambda: failed(500), "server"),
        (lambda: failed(408), "timeout"),
        (lambda: failed(409), "conflict"),
        (lambda: failed(429, "rate_limit_exceeded"), "rate_limit"),
        (lambda: httpx2.ConnectError("refused"), "connection"),
        (lambda: httpx2.ConnectTimeout("slow"), "timeout"),
        (lambda: httpx2.PoolTimeout("full"), "timeout"),
        (lambda: httpx2.ReadTimeout("slow"), "timeout"),
    ],
)
async def test_failure_before_the_first_text_is_tried_again(
    response: Callable[[], httpx2.Response | Exception], kind: str, make: Make, waits: list[float]
) -> None:
    error = await failure(ask(make(FakeTransport(response()), attempts=1)))
    assert (error.kind, error.permanent) == (kind, False)
    _, completion = await ask(make(FakeTransport(response(), streamed(GOOD))))
    assert (completion.attempt, waits) == (2, [0.5])


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (failed(400), "bad_request"),
        (failed(401), "authentication"),
        (failed(403), "permission"),
        (failed(404), "not_found"),
        (failed(422), "bad_request"),
        (failed(429, "insufficient_quota"), "quota"),
        (failed(400, "context_length_exceeded"), "context_length"),
        (failed(400, "content_filter"), "content_filter"),
        (failed(503, x_should_retry="false"), "server"),
        (httpx2.Response(200, html="<html>Welcome</html>"), "not_api"),
        (httpx2.Response(200, json={"error": {"code": "insufficient_quota"}}), "quota"),
        (httpx2.Response(404, html="<html>nothing here</html>"), "not_found"),
    ],
)
async def test_failure_that_waiting_cannot_cure_is_final(
    response: httpx2.Response, kind: str, make: Make, waits: list[float]
) -> None:
    transport = FakeTransport(response, streamed(GOOD))
    error = await failure(ask(make(transport)))
    assert (error.kind, error.permanent, waits) == (kind, True, [])
    assert len(transport.requests) == 1


async def test_attempts_are_bounded_and_wait_longer_each_time(
    make: Make, waits: list[float]
) -> None:
    transport = FakeTransport(failed(500), failed(502), failed(503), streamed(GOOD))
    error = await failure(ask(make(transport)))
    assert (error.kind, error.permanent, waits) == ("server", False, [0.5, 1.0])


async def test_server_is_waited_for_as_long_as_it_asks(make: Make, waits: list[float]) -> None:
    await ask(make(FakeTransport(failed(429, retry_after="7"), streamed(GOOD))))
    assert waits == [7.0]


async def test_server_that_asks_for_too_much_patience_is_given_up(
    make: Make, waits: list[float]
) -> None:
    error = await failure(ask(make(FakeTransport(failed(429, retry_after="3600")))))
    assert (error.kind, error.retry_after_seconds, waits) == ("rate_limit", 3600.0, [])


async def test_deadline_of_the_caller_ends_the_waiting(make: Make) -> None:
    transport = FakeTransport(failed(429, retry_after="15"), streamed(GOOD))
    completer = make(transport, sleep=asyncio.sleep)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ask(completer)
    assert len(transport.requests) == 1


async def test_response_is_closed_when_the_caller_stops_reading(make: Make) -> None:
    stream = Bytes(sse(HELLO), asyncio.Event())
    completer = make(FakeTransport(httpx2.Response(200, stream=stream)))
    async with aclosing(completer.complete(PROMPT)) as events:
        assert await anext(events) == TextDelta("Hello")
    assert stream.closed
