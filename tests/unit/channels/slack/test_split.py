from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from supportbot.channels.slack.split import split_markdown


def test_short_text_stays_in_one_piece() -> None:
    assert split_markdown("a\n\nb", 200) == ("a\n\nb",)


def test_text_is_cut_between_paragraphs() -> None:
    first, second = "a" * 250, "b" * 250
    assert split_markdown(f"{first}\n\n{second}", 400) == (first, second)


def test_fence_that_is_cut_is_closed_and_opened_again() -> None:
    code = "\n".join(f"line {number}" for number in range(60))
    pieces = split_markdown(f"Before\n```python\n{code}\n```\nAfter", 400)
    assert len(pieces) > 1
    assert all(piece.count("```") % 2 == 0 for piece in pieces)
    assert all(piece.startswith("```python\n") for piece in pieces[1:])
    assert pieces[-1].endswith("After")


def test_line_longer_than_a_piece_is_cut_at_a_space() -> None:
    pieces = split_markdown("word " * 200, 400)
    assert " ".join(pieces).split() == ["word"] * 200


@given(st.text(alphabet="ab `~\n", max_size=3000))
def test_no_piece_is_too_long_and_no_word_is_lost(text: str) -> None:
    pieces = split_markdown(text, 400)
    assert all(len(piece) <= 400 for piece in pieces)
    kept = "".join(pieces)
    assert kept.count("a") == text.count("a")
    assert kept.count("b") == text.count("b")
