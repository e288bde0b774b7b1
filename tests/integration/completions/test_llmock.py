"""The adapter against a real server over loopback: faults, pools and cancelling need sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime

import pytest
from llmock.pytest_plugin import LLMock

from supportbot.completions.attempts import Calling, Retrying
from supportbot.completions.base import Completer
from supportbot.completions.choice import ModelChoice
from supportbot.completions.connection import Connection, Place, Pool
from supportbot.completions.openai import OpenAICompleter
from supportbot.completions.registry import build_completer
from supportbot.completions.wire import Wire
from supportbot.errors import CompletionError
from supportbot.model.completion import ChatMessage, Completion, FinishReason, Prompt, TextDelta
from supportbot.model.message import Role
from supportbot.tools.handoff import handoff_tool


def now() -> datetime:
    return datetime.now(UTC)


def prompt(text: str) -> Prompt:
    return Prompt((ChatMessage(Role.SYSTEM, "Be kind."), ChatMessage(Role.USER, text)))


Make = Callable[..., OpenAICompleter]


@pytest.fixture
async def make(llmock: LLMock) -> AsyncIterator[Make]:
    made: list[OpenAICompleter] = []

    def build(
        *, connections: int = 10, read_seconds: float = 5, attempts: int = 3
    ) -> OpenAICompleter:
        pool = Pool(connections=connections, connect_seconds=1, silence_seconds=read_seconds)
        connection = Connection(Place("k", llmock.base_url()), http_client=pool.client())
        retrying = Retrying(attempts=attempts, first_wait_seconds=0.05)
        completer = OpenAICompleter(Wire("m"), connection, Calling(now, retrying))
        made.append(completer)
        return completer

    yield build
    for completer in made:
        await completer.aclose()


async def ask(completer: Completer, asked: Prompt) -> Completion:
    async with aclosing(completer.complete(asked)) as events:
        async for event in events:
            if isinstance(event, Completion):
                return event
    raise AssertionError("no completion came")


async def failed(completer: Completer, asked: Prompt) -> CompletionError:
    with pytest.raises(CompletionError) as caught:
        await ask(completer, asked)
    return caught.value


async def test_answer_comes_with_usage(llmock: LLMock, make: Make) -> None:
    llmock.reply("Hello from the server.")
    completion = await ask(make(), prompt("plain"))
    assert completion.text == "Hello from the server."
    assert completion.finish_reason is FinishReason.STOP
    assert completion.usage.prompt > 0
    assert not completion.usage.estimated


async def test_tool_call_comes_through(llmock: LLMock, make: Make) -> None:
    llmock.call_tool("handoff", {"reason": "asked", "message": "Soon."})
    asked = Prompt(prompt("tool").messages, tools=(handoff_tool(),))
    completion = await ask(make(), asked)
    (call,) = completion.tool_calls
    assert (call.name, completion.finish_reason) == ("handoff", FinishReason.TOOL_CALLS)


async def test_rate_limit_is_waited_for(llmock: LLMock, make: Make) -> None:
    llmock.rate_limit(times=2, retry_after=0.2)
    completion = await ask(make(), prompt("rate"))
    assert completion.attempt == 3
    llmock.assert_resilient()


async def test_outage_is_given_up_after_the_attempts(llmock: LLMock, make: Make) -> None:
    llmock.outage()
    assert (await failed(make(), prompt("outage"))).kind == "server"
    assert len(llmock.requests) == 3
    llmock.assert_resilient()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, None, "authentication"),
        (404, None, "not_found"),
        (429, "insufficient_quota", "quota"),
        (400, "context_length_exceeded", "context_length"),
    ],
)
async def test_hopeless_request_is_made_once(
    status: int, code: str | None, kind: str, llmock: LLMock, make: Make
) -> None:
    llmock.fail(status, code=code)
    error = await failed(make(), prompt(f"hopeless {status} {code}"))
    assert (error.kind, error.permanent) == (kind, True)
    assert len(llmock.requests) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("truncate", "truncated"), ("disconnect", "connection"), ("corrupt", "malformed")],
)
async def test_broken_stream_is_never_an_answer(
    fault: str, kind: str, llmock: LLMock, make: Make
) -> None:
    llmock.reply("one two three four five six seven eight nine ten")
    getattr(llmock, fault)(after_chunks=3)
    assert (await failed(make(attempts=1), prompt(f"broken {fault}"))).kind == kind


async def test_stall_is_a_timeout(llmock: LLMock, make: Make) -> None:
    llmock.stall(after_chunks=2, seconds=2)
    assert (await failed(make(read_seconds=0.2), prompt("stall"))).kind == "timeout"


async def test_nobody_there_is_a_connection_failure() -> None:
    choice = ModelChoice(name="m", base_url="http://127.0.0.1:9/v1", attempts=1)
    completer = build_completer(choice, clock=now)
    assert (await failed(completer, prompt("nobody"))).kind == "connection"
    await completer.aclose()


async def test_cancelling_in_an_answer_gives_the_connection_back(
    llmock: LLMock, make: Make
) -> None:
    """With two connections, a third call works only if both cancelled ones were returned."""
    completer = make(connections=2)
    llmock.pace(20)

    async def consume(text: str, started: asyncio.Event) -> None:
        async with aclosing(completer.complete(prompt(text))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    started.set()
                    await asyncio.sleep(60)

    for n in range(2):
        started = [asyncio.Event(), asyncio.Event()]
        tasks = [
            asyncio.create_task(consume(f"cancelled {n} {k}", event))
            for k, event in enumerate(started)
        ]
        async with asyncio.timeout(5):
            await asyncio.gather(*(event.wait() for event in started))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    llmock.pace(0)
    assert (await ask(completer, prompt("third"))).text


async def test_connection_is_used_again_after_a_whole_answer() -> None:
    connections, hung_up = 0, asyncio.Event()
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    body = chunk + b"data: [DONE]\n\n"
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                length = int(request.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                writer.write(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
                await writer.drain()
        writer.close()
        hung_up.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    choice = ModelChoice(name="m", base_url=f"http://127.0.0.1:{port}/v1")
    completer = build_completer(choice, clock=now)
    for n in range(4):
        assert (await ask(completer, prompt(f"again {n}"))).text == "Hi"
    await completer.aclose()
    await hung_up.wait()
    server.close()
    assert connections == 1
