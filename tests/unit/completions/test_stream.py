from __future__ import annotations

import json
from typing import Any

import pytest

from supportbot.completions.stream import Accumulator, Answered, Lines, ServerSaid
from supportbot.errors import CompletionError
from supportbot.model.completion import FinishReason, ToolCall, Usage

STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def call(index: int | None, id_: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    piece: dict[str, Any] = {"id": id_, "function": function}
    if index is not None:
        piece["index"] = index
    return delta(tool_calls=[piece])


def read(*chunks: object) -> Answered:
    stream = Accumulator()
    for chunk in chunks:
        stream.feed(b"data: " + (chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode()))
        stream.feed(b"")
    return stream.end()


def test_text_is_put_together() -> None:
    answered = read(
        delta(role="assistant", content=""), delta(content="Hel"), delta(content="lo"), STOP
    )
    assert answered == Answered("Hello", FinishReason.STOP, (), None)


def test_stream_without_finish_reason_is_an_error() -> None:
    with pytest.raises(CompletionError) as caught:
        read(delta(content="looks whole."), b"[DONE]")
    assert (caught.value.kind, caught.value.permanent) == ("truncated", False)


@pytest.mark.parametrize("usage_at", [1, 2])
def test_last_usage_is_kept_wherever_it_stands(usage_at: int) -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    chunks: list[dict[str, Any]] = [delta(content="a"), {**STOP, "usage": None}]
    chunks.insert(usage_at, {"choices": [], "usage": usage})
    assert read(*chunks, {"choices": [], "usage": None}).usage == Usage(9, 5, 4, 2)


def test_first_chunk_without_choices_is_fine() -> None:
    assert read({"choices": [], "prompt_filter_results": []}, delta(content="a"), STOP).text == "a"


def test_tool_calls_are_keyed_by_index() -> None:
    answered = read(
        call(0, "a", "one", ""), call(1, "b", "two", '{"x":'), call(0, None, None, "{}"),
        call(1, None, None, "1}"), delta("tool_calls"),
    )  # fmt: skip
    assert answered.tool_calls == (ToolCall("a", "one", "{}"), ToolCall("b", "two", '{"x":1}'))


def test_tool_calls_without_index_are_keyed_by_id_else_the_last() -> None:
    answered = read(
        call(None, "a", "one", "{"), call(None, None, None, "}"), call(None, "b", "two", "{}"),
        delta("stop"),
    )  # fmt: skip
    assert answered.tool_calls == (ToolCall("a", "one", "{}"), ToolCall("b", "two", "{}"))
    assert answered.finish_reason is FinishReason.TOOL_CALLS


def test_tool_call_without_id_gets_one_and_object_arguments_become_text() -> None:
    piece = {"index": 0, "function": {"name": "one", "arguments": {"x": 1}}}
    answered = read(delta(tool_calls=[piece]), delta("tool_calls"))
    assert answered.tool_calls == (ToolCall("call_0", "one", '{"x": 1}'),)


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("stop", FinishReason.STOP),
        ("end_turn", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("SAFETY", FinishReason.CONTENT_FILTER),
    ],
)
def test_finish_reasons_of_vendors_are_known(given: str, known: FinishReason) -> None:
    assert read(delta(given, content="a")).finish_reason is known


def test_refusal_counts_as_content_filter() -> None:
    assert read(delta(refusal="No."), STOP).finish_reason is FinishReason.CONTENT_FILTER


def test_other_choices_are_not_mixed_in() -> None:
    second = {"choices": [{"index": 1, "delta": {"content": "B"}, "finish_reason": "stop"}]}
    assert read(delta(content="A"), second, STOP).text == "A"


@pytest.mark.parametrize(
    "chunk",
    [
        b"{broken",
        b"[]",
        b'"text"',
        {"choices": ["x"]},
        {"choices": 5},
        {"choices": [{"index": 0, "delta": "x"}]},
        delta(content=[{"type": "text"}]),
        delta(tool_calls=["x"]),
        delta(tool_calls=[{"index": [], "function": {}}]),
        delta(tool_calls=[{"index": 0, "function": "x"}]),
        delta("abort"),
        delta("tool_calls"),
        delta("tool_calls", tool_calls=[{"index": 0, "function": {"arguments": "{}"}}]),
        b"[" * 100_000,
    ],
)
def test_broken_chunk_is_malformed_and_may_be_tried_again(chunk: object) -> None:
    with pytest.raises(CompletionError) as caught:
        read(chunk)
    assert (caught.value.kind, caught.value.permanent) == ("malformed", False)


def test_error_object_is_the_servers_word() -> None:
    with pytest.raises(ServerSaid) as caught:
        read(delta(content="a"), {"error": {"message": "Overloaded", "code": 529, "type": "x"}})
    failure = caught.value.failure
    assert (failure.message, failure.code, failure.type) == ("Overloaded", "529", "x")


def test_error_that_is_only_text_is_the_servers_word() -> None:
    with pytest.raises(ServerSaid, match="out of memory"):
        read({"error": "out of memory"})


def test_answer_without_end_is_too_large() -> None:
    with pytest.raises(CompletionError) as caught:
        read(*[delta(content="x" * 300_000)] * 4)
    assert caught.value.kind == "too_large"


def test_too_many_tool_calls_are_too_large() -> None:
    with pytest.raises(CompletionError) as caught:
        read(*[call(n, "x", "x", "") for n in range(65)])
    assert caught.value.kind == "too_large"


def test_comments_fields_and_data_after_done_are_passed_over() -> None:
    stream = Accumulator()
    lines = [b": ping", b"event: message", b"id: 1", b"data:" + json.dumps(STOP).encode(), b""]
    for line in [*lines, b"data: [DONE]", b"", b"data: {broken", b""]:
        stream.feed(line)
    assert stream.done
    assert stream.end().finish_reason is FinishReason.STOP


def test_data_over_several_lines_is_one_object() -> None:
    stream = Accumulator()
    for line in json.dumps(STOP, indent=1).encode().splitlines():
        stream.feed(b"data: " + line)
    stream.feed(b"")
    assert stream.end().finish_reason is FinishReason.STOP


def test_page_instead_of_a_stream_is_no_api() -> None:
    stream = Accumulator()
    stream.feed(b"<html>")
    with pytest.raises(CompletionError, match="base_url") as caught:
        stream.end()
    assert (caught.value.kind, caught.value.permanent) == ("not_api", True)


def test_lines_end_at_line_feeds_only() -> None:
    lines = Lines()
    assert lines.feed("a\u2028b\x85c\r\nd".encode()) == ["a\u2028b\x85c".encode()]
    assert lines.feed(b"e\n\n") == [b"de", b""]
    assert lines.rest() == b""


def test_line_without_end_is_too_large() -> None:
    lines = Lines()
    lines.feed(b"x" * 4_000_000)
    with pytest.raises(CompletionError, match="no end"):
        lines.feed(b"x")


def test_an_emoji_that_comes_in_two_halves_is_put_together() -> None:
    stream, given = Accumulator(), []
    for chunk in (delta(content="so \ud83d"), delta(content="\ude00 ok \ud83d"), STOP):
        given.append(stream.feed(b"data: " + json.dumps(chunk).encode()))
        given.append(stream.feed(b""))
    given.append(stream.rest())
    assert "".join(given) == stream.end().text == "so \U0001f600 ok \ufffd"


def test_tool_calls_are_storable() -> None:
    piece = call(0, "c\x00", "look\ud83d", '{"word": "\\ud83d\\u0000"}')
    (made,) = read(piece, delta("tool_calls")).tool_calls
    assert made == ToolCall("c", "look\ufffd", '{"word": "\ufffd\ufffd"}')
