"""Every failure a server can think of, over real sockets: its kind, and what is recorded of it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from supportbot.completions.attempts import Calling, Retrying
from supportbot.completions.connection import Connection, Place, Pool
from supportbot.completions.openai import OpenAICompleter
from supportbot.completions.wire import Wire
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    AttemptFailed,
    ChatMessage,
    Completion,
    CompletionEvent,
    FinishReason,
    Prompt,
    TextDelta,
    ToolCall,
    Usage,
)
from supportbot.model.message import Role
from supportbot.testing.fake_answers import Answer, Broken, How, Refused, Said, in_turn
from supportbot.testing.fake_model import FakeModel

PROMPT = Prompt((ChatMessage(Role.SYSTEM, "Be kind."), ChatMessage(Role.USER, "Hello there")))
MODEL = "gpt-5.4-mini"


def now() -> datetime:
    return datetime.now(UTC)


def completer_at(
    url: str, *, attempts: int = 1, pool: Pool | None = None, retrying: Retrying | None = None
) -> OpenAICompleter:
    patience = pool or Pool(connect_seconds=1, silence_seconds=0.3)
    connection = Connection(Place("k", url), http_client=patience.client())
    calling = Calling(now, retrying or Retrying(attempts=attempts, first_wait_seconds=0.01))
    return OpenAICompleter(Wire(MODEL), connection, calling)


async def heard(completer: OpenAICompleter) -> tuple[list[CompletionEvent], CompletionError | None]:
    """Ask once; return what came, and how it failed."""
    events: list[CompletionEvent] = []
    try:
        async with aclosing(completer.complete(PROMPT)) as stream:
            async for event in stream:
                events.append(event)  # noqa: PERF401 - what came before an error counts
    except CompletionError as error:
        return events, error
    else:
        return events, None
    finally:
        await completer.aclose()


async def failure_at(url: str) -> tuple[Completion, CompletionError]:
    """Fail once; return the attempt that is recorded and the error that is raised."""
    events, error = await heard(completer_at(url))
    told = events[-1]
    assert isinstance(told, AttemptFailed)
    assert error is not None
    assert told.completion.error_kind == error.kind
    return told.completion, error


@pytest.mark.parametrize(
    ("answer", "kind", "permanent"),
    [
        (Refused(429, "rate_limit_exceeded"), "rate_limit", False),
        (Refused(429, headers={"retry-after": "7"}), "rate_limit", False),
        (Refused(429, "insufficient_quota"), "quota", True),
        (Refused(500), "server", False),
        (Refused(503), "server", False),
        (Refused(529), "server", False),
        (Refused(408), "timeout", False),
        (Refused(401), "authentication", True),
        (Refused(403), "permission", True),
        (Refused(404), "not_found", True),
        (Refused(400), "bad_request", True),
        (Refused(400, "context_length_exceeded"), "context_length", True),
        (Refused(400, None, "the maximum context length is 8 tokens"), "context_length", True),
        (Refused(400, "content_filter"), "content_filter", True),
        (Broken(How.HTML), "not_api", True),
        (Broken(How.ERROR_BODY), "quota", True),
        (Broken(How.NO_CHOICES), "malformed", False),
        (Broken(How.MALFORMED), "malformed", False),
        (Broken(How.ERROR_CHUNK), "server", False),
        (Broken(How.ENDS_EARLY), "truncated", False),
        (Broken(How.ENDS_EARLY, text=""), "truncated", False),
        (Broken(How.CUT), "connection", False),
        (Broken(How.STALLS), "timeout", False),
        (Said("x", finish_reason="abort"), "malformed", False),
        (Said(finish_reason="tool_calls"), "malformed", False),
    ],
    ids=str,
)
async def test_failure_has_its_kind_and_names_the_call(
    answer: Answer,
    kind: str,
    permanent: bool,  # noqa: FBT001 - a column of the table
) -> None:
    async with FakeModel(in_turn(answer)) as model:
        completion, error = await failure_at(model.url)
    assert (error.kind, error.permanent) == (kind, permanent)
    assert (completion.model, completion.endpoint) == (MODEL, model.url)
    assert (completion.request_id, completion.attempt) == ("req_fake", 1)
    assert completion.tokens_estimated
    assert completion.finish_reason is None


@pytest.mark.parametrize(("how", "kind"), [(How.SILENT, "timeout"), (How.HANGS_UP, "connection")])
async def test_failure_before_the_response_has_no_request_id(how: How, kind: str) -> None:
    async with FakeModel(in_turn(Broken(how))) as model:
        completion, error = await failure_at(model.url)
    assert (error.kind, error.permanent, completion.request_id) == (kind, False, None)
    assert completion.usage == Usage()


async def test_wait_that_a_server_asks_for_is_kept() -> None:
    async with FakeModel(in_turn(Refused(429, headers={"retry-after": "7"}))) as model:
        _, error = await failure_at(model.url)
    assert error.retry_after_seconds == 7


async def test_nobody_listening_is_a_connection_failure() -> None:
    _, error = await failure_at("http://127.0.0.1:9/v1")
    assert (error.kind, error.permanent) == ("connection", False)


async def test_name_without_address_is_told_apart() -> None:
    _, error = await failure_at("http://nowhere.invalid/v1")
    assert (error.kind, error.permanent) == ("dns", False)


async def test_server_without_tls_is_told_apart() -> None:
    async with FakeModel(lambda _: "Hello") as model:
        _, error = await failure_at(model.url.replace("http://", "https://"))
    assert (error.kind, error.permanent) == ("tls", True)


async def test_pool_without_a_free_connection_is_a_timeout() -> None:
    async with FakeModel(in_turn(Broken(How.STALLS), "Hello")) as model:
        pool = Pool(connections=1, connect_seconds=0.1, silence_seconds=5)
        completer = completer_at(model.url, pool=pool)
        async with aclosing(completer.complete(PROMPT)) as first:
            assert isinstance(await anext(first), TextDelta)
            events, error = await heard(completer)
    assert isinstance(events[-1], AttemptFailed)
    assert error is not None
    assert (error.kind, error.permanent) == ("timeout", False)


async def test_text_that_began_is_billed() -> None:
    async with FakeModel(in_turn(Broken(How.CUT, text="Half of an answer"))) as model:
        completion, _ = await failure_at(model.url)
    assert completion.text == "Half of an answer"
    assert completion.usage.estimated
    assert completion.usage.prompt == completion.tokens_estimated
    assert completion.usage.output > 0
    assert completion.cost_nusd == 750 * completion.usage.prompt + 4500 * completion.usage.output
    assert completion.ttft_ms is not None


async def test_refusal_that_was_never_worked_on_costs_nothing() -> None:
    async with FakeModel(in_turn(Refused(503))) as model:
        completion, _ = await failure_at(model.url)
    assert (completion.usage, completion.cost_nusd) == (Usage(), 0)
    assert completion.price_version


async def test_every_failed_attempt_is_told_before_the_answer() -> None:
    answers = in_turn(Refused(503, request_id="a"), Broken(How.ENDS_EARLY, ""), "Hello.")
    async with FakeModel(answers) as model:
        events, error = await heard(completer_at(model.url, attempts=3))
    assert error is None
    *before, last = events
    failed = [event.completion for event in before if isinstance(event, AttemptFailed)]
    assert [(c.error_kind, c.attempt, c.request_id) for c in failed] == [
        ("server", 1, "a"),
        ("truncated", 2, "req_fake"),
    ]
    assert isinstance(last, Completion)
    assert (last.text, last.attempt, last.error_kind) == ("Hello.", 3, None)


async def test_nothing_is_asked_again_once_text_was_given_out() -> None:
    async with FakeModel(in_turn(Broken(How.CUT), "Hello."), seconds_per_chunk=0.01) as model:
        events, error = await heard(completer_at(model.url, attempts=3))
    assert error is not None
    assert isinstance(events[0], TextDelta)
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    ("said", "finish"),
    [
        (Said("x", finish_reason="length"), FinishReason.LENGTH),
        (Said("x", finish_reason="content_filter"), FinishReason.CONTENT_FILTER),
        (Said(refusal="I can't help with that."), FinishReason.CONTENT_FILTER),
        (Said(""), FinishReason.STOP),
        (Said(tool_calls=(ToolCall("a", "look", '{"n": 1}'),)), FinishReason.TOOL_CALLS),
    ],
)
async def test_answer_that_is_no_plain_text_says_why(said: Said, finish: FinishReason) -> None:
    """An empty answer, a refusal and a cut one are answers: what to do then is the caller's."""
    async with FakeModel(in_turn(said)) as model:
        events, error = await heard(completer_at(model.url))
    completion = events[-1]
    assert error is None
    assert isinstance(completion, Completion)
    assert completion.finish_reason is finish
    assert completion.text == said.text
    assert completion.tool_calls == said.tool_calls


async def test_parallel_tool_calls_come_together_with_and_without_index() -> None:
    calls = (ToolCall("a", "look", '{"order": 1}'), ToolCall("b", "look", '{"order": 22}'))
    for indexed in (True, False):
        said = Said(tool_calls=calls, indexed=indexed)
        async with FakeModel(in_turn(said)) as model:
            events, _ = await heard(completer_at(model.url))
        completion = events[-1]
        assert isinstance(completion, Completion)
        assert completion.tool_calls == calls


async def test_usage_and_request_id_are_the_servers_own() -> None:
    usage = Usage(prompt=1000, cached=800, output=20, reasoning=5)
    async with FakeModel(in_turn(Said("x", usage=usage, request_id="req_7"))) as model:
        events, _ = await heard(completer_at(model.url))
    completion = events[-1]
    assert isinstance(completion, Completion)
    assert (completion.usage, completion.request_id) == (usage, "req_7")
    assert completion.cost_nusd == 200 * 750 + 800 * 75 + 20 * 4500


async def test_slow_first_token_ends_with_the_callers_deadline() -> None:
    async with FakeModel(in_turn("Hello."), first_token_seconds=5) as model:
        completer = completer_at(model.url, pool=Pool(connections=1, silence_seconds=60))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await heard(completer)


async def cut_off(completer: OpenAICompleter, after_seconds: float) -> None:
    async with asyncio.timeout(after_seconds), aclosing(completer.complete(PROMPT)) as events:
        async for event in events:
            assert not isinstance(event, AttemptFailed)
        await asyncio.sleep(1)


async def test_cancelling_at_any_moment_gives_the_connection_back() -> None:
    """With one connection, each call works only if the cancelled one before it returned its own."""
    async with FakeModel(
        lambda _: "one two three four", first_token_seconds=0.02, seconds_per_chunk=0.005
    ) as model:
        pool = Pool(connections=1, connect_seconds=1)
        completer = completer_at(model.url, pool=pool)
        for n in range(20):
            with pytest.raises(TimeoutError):
                await cut_off(completer, after_seconds=0.003 * n)
        events_heard, error = await heard(completer)
    assert error is None
    assert isinstance(events_heard[-1], Completion)


async def test_vendor_that_says_nothing_remains_is_left_alone_until_its_reset() -> None:
    spent = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"}
    async with FakeModel(in_turn(Refused(429, headers=spent), "Hello.")) as model:
        began = asyncio.get_running_loop().time()
        events, error = await heard(completer_at(model.url, attempts=2))
        waited = asyncio.get_running_loop().time() - began
    assert error is None
    assert isinstance(events[-1], Completion)
    assert waited >= 0.3
    assert events[-1].latency_ms < 300, "what it waited for before is not the model's time"
