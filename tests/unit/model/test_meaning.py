from __future__ import annotations

import pytest

from supportbot.model.meaning import changes_meaning

LONG = "I have tried to export the report of last month twice and each time the page stays empty"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("How do I export?", "how do i EXPORT ?!"),
        ("How do I exprot my data?", "How do I export my data?"),
        ("Where's my parcel", "Where\u2019s  my parcel?"),
        ("Can you help me\nwith it", "Can you help me with it"),
        (LONG, LONG.replace("each time", "every time")),
        (LONG, f"{LONG} again"),
        ("", "..."),
    ],
)
def test_case_spacing_typing_errors_and_a_word_in_many_change_nothing(
    before: str, after: str
) -> None:
    assert not changes_meaning(before, after)
    assert not changes_meaning(after, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("How do I export as PDF?", "How do I export as CSV?"),
        ("How do I export?", "How do I export?\n\nAnd how do I delete my account?"),
        (LONG, f"{LONG}, order 4711"),
        (LONG.replace("month", "month 4"), LONG.replace("month", "month 5")),
        (f"{LONG}, do cancel it", f"{LONG}, do not cancel it"),
        ("", "Help"),
        ("\u8fd4\u54c1\u3057\u305f\u3044", "\u4ea4\u63db\u3057\u305f\u3044"),
    ],
)
def test_another_tenth_a_number_or_a_not_change_the_meaning(before: str, after: str) -> None:
    assert changes_meaning(before, after)
    assert changes_meaning(after, before)


def test_very_long_texts_are_compared_in_no_time() -> None:
    words = ["".join(chr(97 + n // 26**i % 26) for i in range(3)) for n in range(9000)]
    assert changes_meaning(" ".join(words), " ".join(word[::-1] for word in words))
