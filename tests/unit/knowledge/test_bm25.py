from __future__ import annotations

from collections import Counter

import pytest

from supportbot.knowledge import bm25


def test_a_word_of_the_title_counts_three_times() -> None:
    found = bm25.chunk_frequencies(Counter({"refund": 1}), Counter({"refund": 2, "bill": 1}))
    assert found == {"refund": 5, "bill": 1}


def test_repeating_a_word_in_a_question_saturates() -> None:
    assert bm25.question_weight(1) == 1
    assert bm25.question_weight(8) == pytest.approx(4.5)
    assert bm25.question_weight(1000) < 9


def test_a_rare_word_tells_more_and_no_word_tells_less_than_nothing() -> None:
    assert bm25.rarity(100, 1) > bm25.rarity(100, 50) > bm25.rarity(100, 100) > 0


def test_words_that_no_chunk_has_are_left_out() -> None:
    assert bm25.weigh_question({"a": 1, "b": 1}, {"b": 2}, 10).keys() == {"b"}
