"""What operators write in Slack's own styles reads the same where Markdown is shown."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.channels.slack.parsing.markup import as_markdown, readable


@pytest.mark.parametrize(
    ("typed", "markdown"),
    [
        ("*bold* and _italic_", "**bold** and _italic_"),
        ("*two words*, *again*!", "**two words**, **again**!"),
        ("~gone~ stays", "~~gone~~ stays"),
        ("*~both~*", "**~~both~~**"),
        ("• one\n• two\n    ◦ below", "- one\n- two\n    - below"),
        ("see <https://acme.example/a|here>", "see [here](https://acme.example/a)"),
        ("<https://acme.example/a>", "https://acme.example/a"),
        ("<https://acme.example|acme.example>", "https://acme.example"),
        ("<mailto:a@acme.example|write us>", "[write us](mailto:a@acme.example)"),
        ("<mailto:a@acme.example|a@acme.example>", "a@acme.example"),
        ("<https://acme.example/a|[1] here>", "[1] here (https://acme.example/a)"),
        ("ask <@U1|kim> in <#C1|help>", "ask @kim in #help"),
        ("`*code*` and *bold*", "`*code*` and **bold**"),
        ("```\n*a* ~b~\n• c\n```", "```\n*a* ~b~\n• c\n```"),
        ("2 * 3 * 4 = 24", "2 * 3 * 4 = 24"),
        ("a*b*c and ~/path ~ 5", "a*b*c and ~/path ~ 5"),
        ("**already** ~~so~~", "**already** ~~so~~"),
        ("&lt;b&gt; &amp; *c*", "<b> & **c**"),
        ("<@UBOT> *hello*", "**hello**"),
    ],
)
def test_styles_links_and_lists_are_kept(typed: str, markdown: str) -> None:
    assert as_markdown(typed, "UBOT") == markdown


@given(st.text(alphabet=st.characters(exclude_characters="*~•◦▪<>&`")))
def test_words_without_styles_stay_as_they_are(text: str) -> None:
    assert as_markdown(text, "UBOT") == readable(text, "UBOT") == text.strip()


@pytest.mark.parametrize("piece", ["*a ", "~", "*", "`", "```", "* ", "*a*", "<a|", "•"])
def test_long_texts_take_time_in_proportion(piece: str) -> None:
    short, long = (_seconds(piece * count) for count in (2_000, 20_000))
    assert long < max(0.2, short * 60)


def _seconds(text: str) -> float:
    begun = time.process_time()
    as_markdown(text, "UBOT")
    return time.process_time() - begun
