from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from supportbot.model.message import Message, Role, told
from supportbot.model.ticket import BOT


def message(text: str, role: Role = Role.ASSISTANT, **data: Any) -> Message:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return Message(1, 1, 1, 1, role, BOT, text, at, data=data)


def test_words_are_told_as_they_are() -> None:
    assert told(message("Hello.")) == "Hello."


def test_a_call_is_told_by_its_name_and_arguments() -> None:
    calls = [["c1", "find_order", '{"number":"7"}']]
    assert told(message("", tool_calls=calls)) == 'calls find_order({"number":"7"})'
    assert told(message("A moment.", tool_calls=calls)).startswith("A moment.\ncalls find_order")


def test_a_result_is_told_by_the_tool_that_gave_it() -> None:
    assert told(message("shipped", Role.TOOL, name="find_order")) == "find_order gave back: shipped"
