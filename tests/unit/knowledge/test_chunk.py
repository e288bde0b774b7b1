from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportbot.knowledge.chunk import MAX_WORDS, MIN_WORDS, chunks


def words(count: int, name: str = "word") -> str:
    return " ".join(f"{name}{n}" for n in range(count))


def test_a_short_article_stays_one_chunk() -> None:
    text = f"# One\n\n{words(100)}\n\n# Two\n\n{words(100)}"
    assert chunks(text) == (text,)


def test_nothing_has_no_chunks() -> None:
    assert chunks(" \n\n ") == ()


def test_a_long_article_is_cut_before_headings() -> None:
    sections = [f"## Part {name}\n\n{words(120, name)}" for name in "abc"]
    assert chunks("\n\n".join(sections)) == tuple(sections)


def test_short_sections_are_kept_together() -> None:
    sections = [f"## Part {n}\n\n{words(20)}" for n in range(20)]
    sizes = [len(chunk.split()) for chunk in chunks("\n\n".join(sections))]
    assert min(sizes) >= MIN_WORDS
    assert max(sizes) <= MAX_WORDS


def test_a_heading_is_not_the_end_of_a_chunk() -> None:
    text = f"{words(40)}\n\n## Next\n\n{words(240)}"
    assert chunks(text) == (words(40), f"## Next\n\n{words(240)}")


def test_code_is_kept_whole() -> None:
    code = "```sh\n" + "\n\n".join(words(10) for _ in range(40)) + "\n```"
    assert code in chunks(f"{words(100)}\n\n{code}\n\n{words(100)}")


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentences = " ".join(f"{words(30)} end{n}." for n in range(20))
    found = chunks(sentences)
    assert len(found) > 1
    assert all(chunk.endswith(".") for chunk in found)


def test_a_text_without_any_punctuation_is_cut_between_words() -> None:
    found = chunks(words(1000))
    assert " ".join(found) == words(1000)
    assert all(len(chunk.split()) <= MAX_WORDS for chunk in found)


def test_link_definitions_between_blocks_are_kept() -> None:
    text = f"{words(200)}\n\n[home]: https://example.com\n\n{words(200)}"
    assert "[home]: https://example.com" in "\n".join(chunks(text))


@pytest.mark.parametrize("tail", [1, MIN_WORDS - 1])
def test_a_short_tail_joins_the_chunk_before(tail: int) -> None:
    text = f"{words(240)}\n\n{words(tail, 'tail')}"
    assert chunks(text) == (text,)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["# Head", words(90), "- a\n- b", "```\nx y\n```", "> q", "a. b. " * 150, "===", "\t x"]
        ),
        max_size=12,
    )
)
def test_no_word_is_lost_or_moved(parts: list[str]) -> None:
    text = "\n\n".join(parts)
    found = chunks(text)
    assert " ".join(found).split() == text.split()
    assert all(chunk in text for chunk in found)
