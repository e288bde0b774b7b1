"""What a model is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from supportbot.model.file import Image
from supportbot.model.message import Role


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function the model may call: its name, what it is for, its arguments as JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model asks for; `arguments` is JSON text exactly as it came."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message on the wire."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    #: Pictures shown with it; its text names them.
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of knowledge that was found for a question."""

    #: `collection/document#ordinal`; stable while the document keeps its text.
    key: str
    title: str
    text: str
    url: str | None
    #: sha256 of the document's text: its version.
    version: str
    score: float = 0.0
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything one model call is given. Passages stand in the messages too, fenced as data."""

    messages: tuple[ChatMessage, ...]
    passages: tuple[Passage, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    max_output_tokens: int | None = None


class FinishReason(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `estimated` where the server did not count."""

    prompt: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    estimated: bool = False
    #: Part of the prompt that was put into the vendor's cache, which some bill higher.
    cache_written: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text, as it streams in."""

    text: str


@dataclass(frozen=True, slots=True)
class Completion:
    """One whole call of the chat completions API, answered or failed."""

    model: str
    endpoint: str
    text: str
    finish_reason: FinishReason | None
    started_at: datetime
    latency_ms: int
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    ttft_ms: int | None = None
    request_id: str | None = None
    attempt: int = 1
    #: None when answered; else the kind of failure, such as `rate_limit` or `timeout`.
    error_kind: str | None = None
    #: Billionths of a US dollar, by the price table of that version; None = unpriced.
    cost_nusd: int | None = None
    price_version: str | None = None
    #: Our own estimate of the prompt's tokens, made before it was sent; calibrates the next ones.
    tokens_estimated: int | None = None


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """A call that failed; another one, or a CompletionError, follows. Its text was not used."""

    completion: Completion


#: What a completer yields: text as it comes, failed attempts, and one Completion as the last item.
CompletionEvent = TextDelta | AttemptFailed | Completion
