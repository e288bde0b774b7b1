from __future__ import annotations

import json
from typing import Any

import pytest

from supportbot.completions.stream import Answered, ServerSaid
from supportbot.completions.whole import whole_answer
from supportbot.errors import CompletionError
from supportbot.model.completion import FinishReason, ToolCall, Usage


def body(finish: str | None = "stop", **message: Any) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}]}).encode()


def test_whole_answer_is_read() -> None:
    given = json.loads(body(content="Hello"))
    given["usage"] = {"prompt_tokens": 3, "completion_tokens": 1}
    answered = whole_answer(json.dumps(given).encode())
    assert answered == Answered("Hello", FinishReason.STOP, (), Usage(prompt=3, output=1))


def test_missing_finish_reason_means_stop_here() -> None:
    assert whole_answer(body(None, content="a")).finish_reason is FinishReason.STOP


def test_tool_calls_and_refusals_are_read() -> None:
    calls = [{"id": "a", "function": {"name": "look", "arguments": "{}"}}]
    answered = whole_answer(body("stop", content=None, tool_calls=calls))
    assert answered.tool_calls == (ToolCall("a", "look", "{}"),)
    assert answered.finish_reason is FinishReason.TOOL_CALLS
    assert whole_answer(body(refusal="No.")).finish_reason is FinishReason.CONTENT_FILTER


@pytest.mark.parametrize(
    "data",
    [
        b"<html>",
        b"{}",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [{"message": null}]}',
        body(content=5),
        body(tool_calls=["x"]),
        body("tool_calls"),
    ],
)
def test_anything_else_is_malformed(data: bytes) -> None:
    with pytest.raises(CompletionError) as caught:
        whole_answer(data)
    assert caught.value.kind == "malformed"


def test_error_object_with_status_200_is_the_servers_word() -> None:
    with pytest.raises(ServerSaid, match="no"):
        whole_answer(b'{"error": {"message": "no"}}')


def test_what_no_store_can_hold_is_replaced() -> None:
    called = {"id": "c1", "function": {"name": "look", "arguments": '{"word": "\\u0000\\ud83d"}'}}
    answered = whole_answer(
        body("tool_calls", content="half \ud83d, nul \x00", tool_calls=[called])
    )
    assert answered.text == "half \ufffd, nul "
    assert answered.tool_calls[0].arguments == '{"word": "\ufffd\ufffd"}'
