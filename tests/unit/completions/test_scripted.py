from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from supportbot.completions.scripted import ScriptedCompleter, Turn
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    AttemptFailed,
    ChatMessage,
    Completion,
    FinishReason,
    Prompt,
    TextDelta,
    ToolCall,
)
from supportbot.model.message import Role

PROMPT = Prompt((ChatMessage(Role.USER, "Hello"),))


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


async def said(completer: ScriptedCompleter) -> Completion:
    events = [event async for event in completer.complete(PROMPT)]
    *texts, last = events
    assert isinstance(last, Completion)
    assert "".join(event.text for event in texts if isinstance(event, TextDelta)) == last.text
    return last


async def test_turns_are_played_in_order_and_prompts_are_kept() -> None:
    call = ToolCall("c", "handoff", "{}")
    completer = ScriptedCompleter(["One  two.\n three", Turn(tool_calls=(call,))], clock=now)
    first, second = await said(completer), await said(completer)
    assert (first.text, first.finish_reason) == ("One  two.\n three", FinishReason.STOP)
    assert (second.tool_calls, second.finish_reason) == ((call,), FinishReason.TOOL_CALLS)
    assert completer.prompts == [PROMPT, PROMPT]


async def test_function_answers_the_prompt() -> None:
    completer = ScriptedCompleter(lambda prompt: prompt.messages[-1].content, clock=now)
    assert (await said(completer)).text == "Hello"


async def test_turn_may_fail_after_some_text() -> None:
    error = CompletionError("server", "down", permanent=False)
    completer = ScriptedCompleter([Turn("half", error=error)], clock=now)
    events = completer.complete(PROMPT)
    assert await anext(events) == TextDelta("half")
    told = await anext(events)
    assert isinstance(told, AttemptFailed)
    assert told.completion.error_kind == "server"
    with pytest.raises(CompletionError) as caught:
        await anext(events)
    assert caught.value is error


async def test_turn_waits_for_its_gate() -> None:
    gate = asyncio.Event()
    completer = ScriptedCompleter([Turn("late", gate=gate)], clock=now)
    task = asyncio.create_task(said(completer))
    await asyncio.sleep(0.01)
    assert not task.done()
    gate.set()
    assert (await task).text == "late"


async def test_script_that_is_over_says_so() -> None:
    with pytest.raises(CompletionError, match="no further turn"):
        await said(ScriptedCompleter([], clock=now))


async def test_words_are_storable_as_those_of_a_server_are() -> None:
    turn = Turn("half \ud83d", tool_calls=(ToolCall("c1", "look\x00", '{"word": "\\u0000"}'),))
    last = await said(ScriptedCompleter([turn], clock=now))
    assert last.text == "half \ufffd"
    assert last.tool_calls == (ToolCall("c1", "look", '{"word": "\ufffd"}'),)
