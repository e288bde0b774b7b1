"""The model of a chaos run: it names the questions it was asked, and calls tools for some."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from supportbot.model.completion import ToolCall
from supportbot.testing.fake_answers import Said
from tests.chaos.conversation import questions_in

#: Several sentences, which are seen one after the other where the model is slow.
_STEPS = "Open Websites > Backups. Choose a day. Press Restore. It takes ten minutes."
#: Which questions need tools, by their number within the conversation.
_BOOKED, _POSTED = frozenset({3, 6}), frozenset({5})


def answer(request: dict[str, Any]) -> Said:
    """Name the questions since the last answer, once the tools the newest one needs are done."""
    since = _since_the_last_answer(request["messages"])
    asked = [q for said in since if said["role"] == "user" for q in questions_in(said["content"])]
    if not asked:
        return Said("I was asked nothing.")
    if since[-1]["role"] == "user" and request.get("tools"):
        known = [said["content"] for said in since if said["role"] == "tool"]
        calls = _calls(*asked[-1]) if not _named_in(known, *asked[-1]) else ()
        if calls:
            return Said(tool_calls=calls)
    numbers = ", ".join(str(number) for _, number in asked)
    return Said(f"Covered {asked[0][0]}: {numbers}. {_STEPS}")


def _named_in(results: Sequence[str], name: str, number: int) -> bool:
    """Tell whether a tool was at work for a question already."""
    return any(re.search(rf"\b{name} no {number}\b", result) for result in results)


def _since_the_last_answer(messages: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Return the end of the conversation: tool calls are no answer, what was said is one."""
    said = [
        n
        for n, message in enumerate(messages)
        if message["role"] == "assistant" and not message.get("tool_calls")
    ]
    return messages[max(said, default=-1) + 1 :]


def _calls(name: str, number: int) -> tuple[ToolCall, ...]:
    arguments = json.dumps({"question": f"{name} no {number}"})
    tools = ("look_up", "book") if number in _BOOKED else ("post",) if number in _POSTED else ()
    return tuple(ToolCall(f"call_{number}_{tool}", tool, arguments) for tool in tools)
