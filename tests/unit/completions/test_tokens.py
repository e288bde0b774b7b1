from __future__ import annotations

import pytest

from supportbot.completions.tokens import estimate_prompt, estimate_tokens
from supportbot.model.completion import ChatMessage, Prompt
from supportbot.model.message import Role


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("   \n\t ", 0, 0),
        ("How do I reset my password?", 7, 9),
        ("2026-11-24 order 1234567890", 12, 18),
        ("你好请问如何退货", 6, 9),
        ("🙂🙂🙂", 7, 10),
        ("مرحبا", 2, 4),
        ('{"a": [1, 2]}', 6, 14),
        ("Donaudampfschifffahrtsgesellschaft", 6, 9),
    ],
)
def test_estimate_suits_the_script(text: str, least: int, most: int) -> None:
    assert least <= estimate_tokens(text) <= most


def test_a_megabyte_is_counted() -> None:
    assert estimate_tokens("word " * 200_000) == pytest.approx(220_000, rel=0.01)


def test_prompt_costs_its_messages_and_their_frames() -> None:
    one = Prompt((ChatMessage(Role.USER, "hello"),))
    assert estimate_prompt(one, len) == 5 + 3 + 3
