"""What every completer promises, as tests.

Derive a class in your own tests and override the fixtures; the tests are coroutines, so run them
with pytest-asyncio in its auto mode::

    class TestMyCompleter(CompleterContract):
        @pytest.fixture
        def completer(self) -> Completer: ...

        @pytest.fixture
        def failing(self) -> Completer: ...
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from supportbot.completions.base import Completer
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    AttemptFailed,
    ChatMessage,
    Completion,
    CompletionEvent,
    FinishReason,
    Prompt,
    TextDelta,
)
from supportbot.model.fence import PASSAGE, QUESTION, fence
from supportbot.model.message import Role

_TOKEN = "0123456789abcdef"  # noqa: S105 - a fence, not a secret


def a_prompt() -> Prompt:
    """A question with the passage that answers it, as `policy.compose` would write it."""
    facts = {"key": "help/returns#0", "title": "Returning an item"}
    passage = fence(PASSAGE, _TOKEN, facts, "You can return an item within thirty days.")
    question = fence(QUESTION, _TOKEN, {}, "Within how many days can I return an item?")
    return Prompt(
        messages=(
            ChatMessage(Role.SYSTEM, "You answer questions about a shop."),
            ChatMessage(Role.USER, f"{question}\n\n{passage}"),
        )
    )


async def events_of(completer: Completer, prompt: Prompt) -> list[CompletionEvent]:
    """Ask once and return everything that came."""
    async with aclosing(completer.complete(prompt)) as events:
        return [event async for event in events]


async def _listen(completer: Completer, told: list[CompletionEvent]) -> None:
    async with aclosing(completer.complete(a_prompt())) as events:
        async for event in events:
            told.append(event)  # noqa: PERF401 - what came before an error counts


class CompleterContract:
    """Derive, override `completer` and `failing`, and all of this must hold."""

    @pytest.fixture
    async def completer(self) -> Completer:
        """Return a completer that answers `a_prompt()`, several times over, with some text."""
        raise NotImplementedError("override completer in the derived class")

    @pytest.fixture
    async def failing(self) -> Completer:
        """Return a completer whose model refuses every call."""
        raise NotImplementedError("override failing in the derived class")

    async def test_it_says_which_model_it_is_and_where(self, completer: Completer) -> None:
        """Both are stored with every completion."""
        assert completer.model
        assert completer.endpoint

    async def test_the_whole_completion_comes_last_and_once(self, completer: Completer) -> None:
        """Everything before it is text."""
        *before, last = await events_of(completer, a_prompt())
        assert isinstance(last, Completion)
        assert all(isinstance(event, TextDelta) for event in before)

    async def test_the_pieces_are_the_text(self, completer: Completer) -> None:
        """What streamed in, put together, is the completion's text."""
        *pieces, last = await events_of(completer, a_prompt())
        assert isinstance(last, Completion)
        assert last.text.strip()
        assert "".join(p.text for p in pieces if isinstance(p, TextDelta)) == last.text

    async def test_the_completion_tells_what_is_recorded(self, completer: Completer) -> None:
        """Model, endpoint, finish reason, moment and time taken; no error."""
        last = (await events_of(completer, a_prompt()))[-1]
        assert isinstance(last, Completion)
        assert last.model
        assert last.endpoint == completer.endpoint
        assert last.finish_reason in (FinishReason.STOP, FinishReason.TOOL_CALLS)
        assert last.started_at.tzinfo is not None
        assert last.latency_ms >= 0
        assert last.usage.prompt >= 0
        assert last.error_kind is None

    async def test_calls_do_not_know_of_each_other(self, completer: Completer) -> None:
        """Several at once each get a whole completion of their own."""
        all_events = await asyncio.gather(*(events_of(completer, a_prompt()) for _ in range(3)))
        for *pieces, last in all_events:
            assert isinstance(last, Completion)
            assert "".join(p.text for p in pieces if isinstance(p, TextDelta)) == last.text

    async def test_it_can_be_closed_early_and_used_again(self, completer: Completer) -> None:
        """A caller that has read enough closes the generator; the next call works."""
        async with aclosing(completer.complete(a_prompt())) as events:
            await anext(events)
        assert isinstance((await events_of(completer, a_prompt()))[-1], Completion)

    async def test_nothing_is_asked_before_it_is_read(self, failing: Completer) -> None:
        """`complete` itself gives a generator and never raises."""
        async with aclosing(failing.complete(a_prompt())):
            pass

    async def test_failure_is_a_completion_error_with_its_kind(self, failing: Completer) -> None:
        """`kind` is stored; `permanent` decides whether trying again makes sense."""
        with pytest.raises(CompletionError) as failed:
            await events_of(failing, a_prompt())
        assert failed.value.kind
        assert len(failed.value.kind) <= 32  # noqa: PLR2004 - the column's width
        assert isinstance(failed.value.permanent, bool)

    async def test_the_attempt_that_failed_is_told_before_the_error(
        self, failing: Completer
    ) -> None:
        """It is recorded: who was asked, why it failed, what it cost."""
        told: list[CompletionEvent] = []
        with pytest.raises(CompletionError) as failed:
            await _listen(failing, told)
        last = told[-1]
        assert isinstance(last, AttemptFailed)
        assert last.completion.error_kind == failed.value.kind
        assert last.completion.model == failing.model
        assert last.completion.attempt == len(told)

    async def test_it_can_be_given_back(self, completer: Completer) -> None:
        """`aclose` works after a call."""
        await events_of(completer, a_prompt())
        await completer.aclose()
