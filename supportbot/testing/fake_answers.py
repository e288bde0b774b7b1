"""What a `FakeModel` may be told to do with a request: answer, refuse, or break in a named way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from supportbot.model.completion import ToolCall, Usage


@dataclass(frozen=True, slots=True)
class Said:
    """A whole answer."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    #: None: `tool_calls` where there are calls, else `stop`.
    finish_reason: str | None = None
    #: What it reports as used; None: an estimate.
    usage: Usage | None = None
    request_id: str = "req_fake"
    #: The model's own refusal, which comes instead of text.
    refusal: str | None = None
    #: False: the pieces of tool calls carry no `index`, as some servers send them.
    indexed: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """An error status with an error object."""

    status: int
    code: str | None = None
    message: str = "said no"
    request_id: str = "req_fake"
    headers: Mapping[str, str] = field(default_factory=dict)


class How(StrEnum):
    """In which way an answer breaks."""

    #: Nothing comes, not even headers, until the server stops.
    SILENT = "silent"
    #: The connection is reset before the response.
    HANGS_UP = "hangs_up"
    #: The connection is reset in mid-stream.
    CUT = "cut"
    #: The stream ends properly, without finish_reason.
    ENDS_EARLY = "ends_early"
    #: Nothing more comes in mid-stream.
    STALLS = "stalls"
    #: A chunk is no JSON.
    MALFORMED = "malformed"
    #: An error object in mid-stream, of code `server_error`.
    ERROR_CHUNK = "error_chunk"
    #: Status 200 and a web page.
    HTML = "html"
    #: Status 200 and an error object of code `insufficient_quota`.
    ERROR_BODY = "error_body"
    #: Status 200 and no choice.
    NO_CHOICES = "no_choices"


@dataclass(frozen=True, slots=True)
class Broken:
    """An answer that does not come to its end."""

    how: How
    #: What was said before it broke in mid-stream.
    text: str = "Half of an ans"
    request_id: str = "req_fake"


#: A text is a whole answer.
Answer = str | Said | Refused | Broken

#: Makes an answer out of the request's JSON.
Answering = Callable[[dict[str, Any]], Answer]


def in_turn(*answers: Answer) -> Answering:
    """Give one answer after the other; the last one stays."""
    left = list(answers)

    def following(_request: dict[str, Any]) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return following
