"""Reading a streamed answer from its raw bytes. Pure and strict where the SDK is silent.

Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) with one JSON
object each. An answer counts only if it came to an end: a stream without `finish_reason` is an
error, however complete its text looks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from supportbot.completions.characters import Joining, whole_characters, whole_json
from supportbot.completions.failures import Failure, completion_error
from supportbot.errors import CompletionError
from supportbot.model.completion import FinishReason, ToolCall, Usage

_MAX_LINE_BYTES = 4_000_000
_MAX_CHARACTERS = 1_000_000
_MAX_TOOL_CALLS = 64

#: As vendors spell it. What is not listed here is not a whole answer.
_FINISH: Mapping[str, FinishReason] = {
    **dict.fromkeys(("stop", "eos", "end_turn", "stop_sequence"), FinishReason.STOP),
    **dict.fromkeys(("length", "max_tokens", "model_length"), FinishReason.LENGTH),
    **dict.fromkeys(("tool_calls", "function_call", "tool_use"), FinishReason.TOOL_CALLS),
    **dict.fromkeys(
        ("content_filter", "refusal", "safety", "recitation", "blocklist", "prohibited_content"),
        FinishReason.CONTENT_FILTER,
    ),
}


class ServerSaid(Exception):
    """An error object stood where an answer was expected."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message)


class Lines:
    """Cuts bytes into lines. Only LF and CRLF end one: U+2028 inside JSON must not."""

    def __init__(self) -> None:
        self._open = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that are complete now.

        Raises:
            CompletionError: `too_large`, a line does not end.
        """
        *lines, self._open = (self._open + data).split(b"\n")
        if len(self._open) > _MAX_LINE_BYTES:
            raise completion_error("too_large", "A line of the stream has no end.", permanent=True)
        return [line.removesuffix(b"\r") for line in lines]

    def rest(self) -> bytes:
        """Return what stands after the last line end."""
        return self._open


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that came to its end."""

    text: str
    finish_reason: FinishReason
    tool_calls: tuple[ToolCall, ...]
    #: None: the server did not count.
    usage: Usage | None


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Accumulator:
    """One streamed answer, put together as its lines come."""

    def __init__(self) -> None:
        self._usage: Usage | None = None
        self._started = False
        self._data: list[bytes] = []
        self._done = False
        self._finish: str | None = None
        self._refused = False
        self._text: list[str] = []
        self._joining = Joining()
        self._characters = 0
        self._calls: dict[int | str, _Call] = {}
        self._strange: bytes | None = None

    @property
    def done(self) -> bool:
        """True once `[DONE]` was read."""
        return self._done

    @property
    def text(self) -> str:
        """All text that came so far."""
        return "".join(self._text)

    def feed_all(self, lines: Iterable[bytes]) -> str:
        """Take the lines of one piece; return the text they add together. Raises like `feed`."""
        return "".join(map(self.feed, lines))

    def feed(self, line: bytes) -> str:
        """Take one line; return the text it adds, usually a little, often none.

        Raises:
            CompletionError: `malformed` or `too_large`.
            ServerSaid: an error object came.
        """
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
            return ""
        if not line:
            return self._dispatch()
        if not line.startswith((b":", b"event:", b"id:", b"retry:")) and self._strange is None:
            self._strange = line
        return ""

    def rest(self) -> str:
        """Return the text that still waited for its other half; nothing more comes."""
        return self._keep(self._joining.rest())

    def end(self) -> Answered:
        """Judge the answer after the last byte.

        Raises:
            CompletionError: `truncated`, `not_api` or `malformed`; nothing of it may be used.
        """
        if self._strange is not None and not self._started:
            raise completion_error("not_api", "The answer is no event stream.", permanent=True)
        if self._finish is None:
            raise completion_error(
                "truncated", "The stream ended without finish_reason.", permanent=False
            )
        finish = FinishReason.CONTENT_FILTER if self._refused else finish_reason(self._finish)
        self.rest()
        calls = tuple(
            made_call(n, call.id, call.name, "".join(call.arguments))
            for n, call in enumerate(self._calls.values())
        )
        return Answered(self.text, checked_finish(finish, calls), calls, self._usage)

    def _dispatch(self) -> str:
        if not self._data:
            return ""
        data, self._data = b"\n".join(self._data), []
        if self._done:
            return ""
        if data.strip() == b"[DONE]":
            self._done = True
            return ""
        return self._chunk(parsed(data))

    def _chunk(self, chunk: dict[str, Any]) -> str:
        self._started = True
        raise_error_object(chunk)
        self._usage = usage_of(chunk.get("usage")) or self._usage
        choices = chunk.get("choices")
        # The first chunk of some servers and the usage chunk of all have no choice in them.
        if not choices:
            return ""
        try:
            choice = next(one for one in choices if one.get("index") in (0, None))
        except StopIteration:
            return ""
        except (AttributeError, TypeError) as error:
            raise malformed("choices are no objects") from error
        return self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> str:
        if choice.get("finish_reason"):
            self._finish = str(choice["finish_reason"])
        delta = choice.get("delta") or {}
        if not isinstance(delta, dict):
            raise malformed("delta is no object")
        self._refused = self._refused or bool(delta.get("refusal"))
        for call in delta.get("tool_calls") or ():
            self._tool_call(call)
        text = delta.get("content") or ""
        if not isinstance(text, str):
            raise malformed("content is no text")
        self._count(len(text))
        return self._keep(self._joining.feed(text))

    def _keep(self, text: str) -> str:
        if text:
            self._text.append(text)
        return text

    def _tool_call(self, piece: Any) -> None:
        function = piece.get("function") or {} if isinstance(piece, dict) else None
        if not isinstance(function, dict):
            raise malformed("a tool call is no object")
        call = self._call(piece)
        call.id = call.id or str(piece.get("id") or "")
        call.name = call.name or str(function.get("name") or "")
        arguments = function.get("arguments") or ""
        if not isinstance(arguments, str):  # some servers send the object itself
            arguments = json.dumps(arguments)
        self._count(len(arguments))
        call.arguments.append(arguments)

    def _call(self, piece: dict[str, Any]) -> _Call:
        """Find the call a piece belongs to: by index, else by id, else the last one."""
        key = piece.get("index")
        if key is None:
            key = piece.get("id") or next(reversed(self._calls), 0)
        if not isinstance(key, (int, str)):
            raise malformed("a tool call has a strange index")
        if key not in self._calls and len(self._calls) >= _MAX_TOOL_CALLS:
            raise completion_error("too_large", "Too many tool calls.", permanent=True)
        return self._calls.setdefault(key, _Call())

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > _MAX_CHARACTERS:
            raise completion_error("too_large", "The answer has no end.", permanent=True)


def parsed(data: bytes) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        CompletionError: `malformed`.
    """
    try:
        # Decoded here, which spares json the guessing of the encoding, chunk after chunk.
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise malformed("a chunk is no JSON") from error
    if not isinstance(value, dict):
        raise malformed("a chunk is no object")
    return value


def raise_error_object(body: Mapping[str, Any]) -> None:
    """Raise ServerSaid if the body is an error object, as `{"error": {...}}` or `{"error": ""}`."""
    error = body.get("error")
    if not error:
        return
    facts = error if isinstance(error, dict) else {"message": str(error)}
    raise ServerSaid(
        Failure(
            message=str(facts.get("message") or "The server reported an error."),
            code=_text(facts.get("code")),
            type=_text(facts.get("type")),
        )
    )


def finish_reason(given: str) -> FinishReason:
    """Translate a vendor's word.

    Raises:
        CompletionError: `malformed`, nobody knows what it means (`abort`, `error`).
    """
    known = _FINISH.get(given.lower())
    if known is None:
        raise malformed(f"finish_reason is {given!r}")
    return known


def checked_finish(finish: FinishReason, calls: tuple[ToolCall, ...]) -> FinishReason:
    """Let finish reason and tool calls agree: some servers say `stop` after a call.

    Raises:
        CompletionError: `malformed`, calls are announced and none came, or one has no name.
    """
    if not all(call.name for call in calls):
        raise malformed("a tool call has no name")
    if finish is FinishReason.TOOL_CALLS and not calls:
        raise malformed("tool calls are announced, but none came")
    return FinishReason.TOOL_CALLS if calls and finish is FinishReason.STOP else finish


def made_call(n: int, call_id: str, name: str, arguments: str) -> ToolCall:
    """Make the n-th tool call of an answer, every word of it storable."""
    call_id, name = whole_characters(call_id), whole_characters(name)
    return ToolCall(call_id or f"call_{n}", name, whole_json(arguments))


def usage_of(given: Any) -> Usage | None:
    """Read a usage object; None where there is none."""
    if not isinstance(given, dict):
        return None
    return Usage(
        prompt=_number(given, "prompt_tokens"),
        cached=_number(given.get("prompt_tokens_details"), "cached_tokens"),
        cache_written=_number(given.get("prompt_tokens_details"), "cache_write_tokens"),
        output=_number(given, "completion_tokens"),
        reasoning=_number(given.get("completion_tokens_details"), "reasoning_tokens"),
    )


def malformed(what: str) -> CompletionError:
    """Make the error of an answer that breaks the protocol; another try may go better."""
    return completion_error("malformed", f"The answer is broken: {what}.", permanent=False)


def _number(given: Any, key: str) -> int:
    value = given.get(key) if isinstance(given, dict) else None
    return value if isinstance(value, int) else 0


def _text(value: object) -> str | None:
    return None if value is None else str(value)
