from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from supportbot.completions.characters import Joining, whole_characters, whole_json

ANYTHING = st.text(alphabet="ab\x00\ud83d\ude00\u00e9\U0001f600", max_size=12)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("plain", "plain"),
        ("\ud83d\ude00", "\U0001f600"),
        ("half \ud83d emoji", "half \ufffd emoji"),
        ("the other \ude00", "the other \ufffd"),
        ("\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        ("nul \x00 here", "nul  here"),
    ],
)
def test_halves_are_joined_or_replaced(said: str, kept: str) -> None:
    assert whole_characters(said) == kept


@given(st.lists(ANYTHING))
def test_pieces_add_up_to_the_whole(pieces: list[str]) -> None:
    joining = Joining()
    given_out = "".join(map(joining.feed, pieces)) + joining.rest()
    given_out.encode()
    assert given_out == whole_characters("".join(pieces))
    assert joining.rest() == ""


@pytest.mark.parametrize("escaped", [True, False])
@given(word=ANYTHING)
def test_arguments_hold_whole_characters_once_they_are_read(*, escaped: bool, word: str) -> None:
    kept = json.loads(whole_json(json.dumps({"word": word}, ensure_ascii=escaped)))["word"]
    assert kept == whole_characters(kept)
    if "\x00" not in word:
        assert kept == whole_characters(word)


#: What escapes are made of, whole ones, and what may stand inside one.
PARTS = (
    "\\",
    "\\u",
    "00",
    "0",
    "d8",
    "dc",
    "3d",
    r"\u0000",
    r"\ud83d",
    r"\ude00",
    "\x00",
    "\ud83d",
    "n",
)


@given(st.lists(st.sampled_from(PARTS), max_size=10))
@example([r"\u00", r"\u0000", "00"])
@example([r"\ud8", r"\u0000", "3d"])
@example([r"\u00", "\x00", "00"])
def test_no_arguments_come_to_life_broken(parts: list[str]) -> None:
    """Whatever is replaced makes no new escape of what stands around it."""
    arguments = whole_json(f'"{"".join(parts)}"')
    assert whole_json(arguments) == arguments
    try:
        kept = json.loads(arguments)
    except ValueError:
        return
    assert kept == whole_characters(kept)


@pytest.mark.parametrize("text", [r'{"path": "C:\\ud83d"}', r'{"emoji": "\ud83d\ude00"}', "{"])
def test_other_arguments_stay_as_they_are(text: str) -> None:
    assert whole_json(text) == text
