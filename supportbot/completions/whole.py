"""Reading an answer that came in one piece although a stream was asked for. Pure.

Some compatible servers ignore `stream`; a wrong base URL answers 200 with something else.
"""

from __future__ import annotations

import json
from typing import Any

from supportbot.completions.characters import whole_characters
from supportbot.completions.stream import (
    Answered,
    checked_finish,
    finish_reason,
    made_call,
    malformed,
    parsed,
    raise_error_object,
    usage_of,
)
from supportbot.model.completion import FinishReason, ToolCall


def whole_answer(data: bytes) -> Answered:
    """Read a `chat.completion` object.

    Here, and only here, a missing finish_reason means stop: the body itself has an end.

    Raises:
        CompletionError: `malformed`, it is something else or holds no choice.
        ServerSaid: it is an error object.
    """
    body = parsed(data)
    raise_error_object(body)
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise malformed("it has no choices")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise malformed("its choice has no message")
    text = message.get("content") or ""
    if not isinstance(text, str):
        raise malformed("content is no text")
    calls = tuple(_call(n, call) for n, call in enumerate(message.get("tool_calls") or ()))
    finish = finish_reason(str(choices[0].get("finish_reason") or "stop"))
    if message.get("refusal"):
        finish = FinishReason.CONTENT_FILTER
    usage = usage_of(body.get("usage"))
    return Answered(whole_characters(text), checked_finish(finish, calls), calls, usage)


def _call(n: int, call: Any) -> ToolCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        raise malformed("a tool call is no object")
    arguments = function.get("arguments") or ""
    said = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return made_call(n, str(call.get("id") or ""), str(function.get("name") or ""), said)
