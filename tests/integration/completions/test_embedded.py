"""kb-extractive through the SDK: request body, transport, events and completion."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import pytest

from supportbot.completions.choice import ModelChoice
from supportbot.completions.embedded import EmbeddedTransport
from supportbot.completions.registry import build_completer
from supportbot.model.completion import (
    ChatMessage,
    Completion,
    CompletionEvent,
    FinishReason,
    Prompt,
    TextDelta,
    Usage,
)
from supportbot.model.fence import PASSAGE, QUESTION, fence
from supportbot.model.handoff import parse_handoff
from supportbot.model.message import Role
from supportbot.model.policy import HandoffReason
from supportbot.tools.handoff import handoff_tool

TOKEN = "0123456789abcdef"
HELP = fence(
    PASSAGE, TOKEN, {"key": "k", "title": "Opening", "url": "https://h/o"}, "We open at nine."
)


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


async def ask(question: str) -> list[CompletionEvent]:
    content = f"{HELP}\n\n{fence(QUESTION, TOKEN, {}, question)}"
    messages = (ChatMessage(Role.SYSTEM, "Be kind."), ChatMessage(Role.USER, content))
    completer = build_completer(ModelChoice(), clock=now)
    events = [event async for event in completer.complete(Prompt(messages, (), (handoff_tool(),)))]
    await completer.aclose()
    return events


async def test_quote_comes_through_the_sdk_labelled() -> None:
    quoted = "We open at nine.\n\nSource: [Opening](https://h/o)"
    text, completion = await ask("When do you open?")
    assert text == TextDelta(quoted)
    assert isinstance(completion, Completion)
    assert (completion.model, completion.endpoint) == ("kb-extractive-1", "embedded")
    assert (completion.text, completion.finish_reason) == (quoted, FinishReason.STOP)
    assert completion.usage == Usage()
    assert completion.request_id is not None


async def test_handoff_comes_through_the_sdk() -> None:
    (completion,) = await ask("I want to talk to a person")
    assert isinstance(completion, Completion)
    (call,) = completion.tool_calls
    assert parse_handoff(call.arguments).reason is HandoffReason.ASKED


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/v1/embeddings", b"{}", 404),
        ("/v1/chat/completions", b"{", 400),
        ("/v1/chat/completions", b"[]", 400),
        ("/v1/chat/completions", b"{}", 400),
        ("/v1/chat/completions", b'{"messages": []}', 200),
    ],
)
async def test_transport_speaks_http(path: str, content: bytes, status: int) -> None:
    async with httpx2.AsyncClient(transport=EmbeddedTransport()) as client:
        response = await client.post(f"http://embedded{path}", content=content)
    assert response.status_code == status
    assert ("error" in response.json()) is (status != 200)
