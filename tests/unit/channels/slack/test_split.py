from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.channels.slack.replies.split import split_markdown

CHARS = 400
LINES = (
    "",
    "a plain line of words",
    "word " * 30,
    "nospaces" * 70,
    "# A heading",
    "- an item of a list",
    "```",
    "```python",
    "~~~",
    "    ```",
    "> ```sh",
    "> quoted",
    "1. ```",
    "a line with ``` in it and ```words```",
    "```not code```",
    "| a | b |",
    "|---|:-:|",
    "| " + "cell " * 20 + "| x |",
    "<https://example.org>",
)


def letters(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w", text))


def ends_in_code(piece: str) -> bool:
    """Follow the fences of a piece the plainest way."""
    run = ""
    for line in piece.split("\n"):
        found = re.match(r"[ \t>]*(?:\d+\. +)?(`{3,}|~{3,})([^`]*)$", line)
        if found and not run:
            run = found[1]
        elif found and found[1].startswith(run) and not found[2].strip():
            run = ""
    return bool(run)


def test_short_text_stays_in_one_piece() -> None:
    assert split_markdown("a\n\nb", 200) == ("a\n\nb",)


def test_text_is_cut_between_paragraphs() -> None:
    first, second = "a" * 250, "b" * 250
    assert split_markdown(f"{first}\n\n{second}", CHARS) == (first, second)


def test_fence_that_is_cut_is_closed_and_opened_again() -> None:
    code = "\n".join(f"line {number}" for number in range(60))
    pieces = split_markdown(f"Before\n```python\n{code}\n```\nAfter", CHARS)
    assert len(pieces) > 1
    assert all(piece.count("```") % 2 == 0 for piece in pieces)
    assert all(piece.startswith("```python\n") for piece in pieces[1:])
    assert pieces[-1].endswith("After")


def test_code_moves_on_whole_where_a_paragraph_before_it_ends_well() -> None:
    before, code = "words " * 40, "x = 1\n" * 40
    assert split_markdown(f"{before}\n\n```\n{code}```", CHARS) == (before, f"```\n{code}```")


def test_code_in_a_list_is_closed_where_it_stands_and_opened_outside() -> None:
    code = "\n".join(f"   line {number}" for number in range(60))
    first, second, *_ = split_markdown(f"1. ```sh\n{code}\n   ```", CHARS)
    assert first.endswith("\n   ```")
    assert second.startswith("```sh\n   line")


def test_table_that_is_cut_begins_again_with_its_head() -> None:
    head = "| Plan | Price |\n|---|--:|"
    rows = [f"| Plan {number} | {number} EUR |" for number in range(60)]
    pieces = split_markdown("\n".join([head, *rows, "", "Behind"]), CHARS)
    assert len(pieces) > 2
    assert all(piece.startswith(head) for piece in pieces)
    assert [line for piece in pieces for line in piece.split("\n") if line in rows] == rows
    assert pieces[-1].endswith("Behind")


def test_heading_stays_with_what_stands_below_it() -> None:
    text = f"{'a' * 250}\n\n# Heading\n\n{'b' * 250}"
    assert split_markdown(text, CHARS) == ("a" * 250, f"# Heading\n\n{'b' * 250}")


def test_line_longer_than_a_piece_is_cut_at_a_space() -> None:
    pieces = split_markdown("word " * 200, CHARS)
    assert " ".join(pieces).split() == ["word"] * 200


def test_fence_so_deep_that_it_would_fill_a_piece_is_no_code() -> None:
    pieces = split_markdown("> " * 97 + "```\n" + "words\n" * 200, CHARS)
    assert len(pieces) < 6
    pieces = split_markdown("> " * 1000 + "```\n" + "words\n" * 200, CHARS)
    assert all(len(piece) <= CHARS for piece in pieces)
    assert letters("".join(pieces)) == letters("words" * 200)


def test_nothing_but_white_space_is_one_empty_piece() -> None:
    assert split_markdown(" \n" * 1000, CHARS) == ("",)


@pytest.mark.parametrize(
    "unit",
    ["> ", "- ", "1. ", "`", "~", "|-", "| ", " ", "\n", "```\n", "|\n|-|\n", "> ~~~\n", "x"],
)
@pytest.mark.parametrize("before", ["", "```\n", "|a|\n|-"])
def test_hostile_text_takes_linear_time(
    before: str, unit: str, grows_linearly: Callable[..., None]
) -> None:
    grows_linearly(lambda n: split_markdown(f"{before}{unit * n}```x\nx", CHARS), 5_000)


@given(st.text(alphabet="ab `~\n|->1.", max_size=3000))
def test_no_piece_is_too_long_and_no_word_is_lost(text: str) -> None:
    pieces = split_markdown(text, CHARS)
    assert all(len(piece) <= CHARS for piece in pieces)
    kept, given_ = letters("".join(pieces)), letters(text)
    assert all(kept[letter] >= count for letter, count in given_.items())


@given(st.lists(st.sampled_from(LINES), max_size=80))
def test_fences_are_balanced_and_lines_stay_in_order(lines: list[str]) -> None:
    text = "\n".join(lines)
    pieces = split_markdown(text, CHARS)
    assert all(len(piece) <= CHARS for piece in pieces)
    if len(pieces) > 1:
        assert not any(map(ends_in_code, pieces))
    shown = iter("\n".join(pieces).split("\n"))
    short = [line for line in lines if line.strip() and len(line) < 200]
    assert all(line in shown for line in short), "a line is lost or out of its place"


@given(st.lists(st.text(alphabet="abcdef ", min_size=1, max_size=600), max_size=20))
def test_words_without_code_stand_there_once(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert "".join("".join(split_markdown(text, CHARS)).split()) == "".join(text.split())
