from __future__ import annotations

import pytest

from supportbot.policy.phrases import found_phrase, plain


@pytest.mark.parametrize(
    "text",
    [
        "You get a FULL refund.",
        "a full\n  refund",
        "a **full** _refund_",
        "a full re\u200bfund",
        "full refunds for all",
        "\uff46\uff55\uff4c\uff4c refund",
    ],
)
def test_phrase_is_found_however_it_is_dressed(text: str) -> None:
    assert found_phrase(text, (plain("Full refund"),)) == "full refund"


def test_phrase_begins_where_a_word_begins() -> None:
    assert found_phrase("a carefree day", ("free",)) is None


def test_phrase_is_found_inside_scripts_without_word_borders() -> None:
    assert found_phrase("我们保证退款给您", ("保证退款",)) == "保证退款"


def test_empty_phrase_is_never_found() -> None:
    assert found_phrase("anything", ("",)) is None
