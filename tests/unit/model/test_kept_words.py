"""What of a prompt still stands in a ticket."""

from __future__ import annotations

import pytest

from supportbot.model.excerpt import head_and_tail
from supportbot.model.fence import fence
from supportbot.model.kept_words import KeptWords

TOKEN = "0123456789abcdef"
LONG = " ".join(f"word{n}" for n in range(99))


def user(*blocks: str) -> dict[str, object]:
    return {"role": "user", "content": "\n\n".join(blocks), "tool_calls": []}


def asked(text: str) -> str:
    return fence("customer", TOKEN, {}, text)


@pytest.mark.parametrize(
    ("part", "holds"),
    [
        (user(asked("stands"), asked("two\n\nlines")), True),
        (user(asked("stands"), asked("gone")), False),
        (user(asked("stand")), False),
        (user(asked(head_and_tail(LONG, 60))), True),
        (user(asked(head_and_tail(LONG.upper(), 60))), False),
        (user(asked("stands"), fence("passage", TOKEN, {"name": "x"}, "knowledge")), True),
        (user(asked("stands"), fence("file", TOKEN, {"name": "a.txt"}, "two")), True),
        (user(asked("stands"), fence("file", TOKEN, {"name": "gone.txt"}, "two")), False),
        (user(fence("tool", TOKEN, {"name": "look", "arguments": "gone"}, "two")), False),
        (user("gone"), False),
        ({"role": "assistant", "content": "gone", "tool_calls": []}, False),
        ({"role": "assistant", "content": "", "tool_calls": [["c", "look", "gone"]]}, False),
        ({"role": "assistant", "content": "", "tool_calls": [["c", "look", "two"]]}, True),
        ({"role": "tool", "content": "gone", "tool_calls": []}, False),
        ({"role": "system", "content": "the policy", "tool_calls": []}, True),
    ],
)
def test_a_part_holds_while_all_its_words_stand(part: dict[str, object], *, holds: bool) -> None:
    assert KeptWords(["stands", "two\n\nlines", LONG, "a.txt"]).holds(part) is holds
