from __future__ import annotations

from pathlib import Path

import pytest

from supportbot.errors import KnowledgeError
from supportbot.knowledge.document import Article
from supportbot.knowledge.markdown import read_markdown

HERE = Path("help/a.md")


def test_front_matter_names_title_and_url() -> None:
    text = "---\ntitle: No\nurl: https://x.org/a\n---\n# Head\n\nBody\n"
    assert read_markdown(HERE, text) == Article("# Head\n\nBody", "No", "https://x.org/a")


def test_the_first_heading_is_the_title_and_is_not_repeated() -> None:
    assert read_markdown(HERE, "# **Bold** `code`\n\nBody") == Article("Body", "Bold code")
    assert read_markdown(HERE, "Head\n====\n\nBody") == Article("Body", "Head")


def test_a_heading_further_down_stays_in_the_text() -> None:
    assert read_markdown(HERE, "Intro\n\n## Part\n\nBody") == Article(
        "Intro\n\n## Part\n\nBody", "Part"
    )


def test_without_a_heading_there_is_no_title() -> None:
    assert read_markdown(HERE, "Body\n") == Article("Body")


def test_a_hash_in_code_is_no_heading() -> None:
    assert read_markdown(HERE, "```\n# no\n```").title is None


def test_comments_are_dropped_but_not_from_code() -> None:
    text = "a <!-- not for\ncustomers --> b\n\n```html\n<!-- shown -->\n```\n`<!-- too -->`"
    assert read_markdown(HERE, text).text == "a  b\n\n```html\n<!-- shown -->\n```\n`<!-- too -->`"


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("title: A\nauthor: B", r"help/a\.md:3: unknown key 'author'; known keys are title, url"),
        ("title: A\ntitle: B", r"help/a\.md:3: title stands twice"),
        ("title: [A]", r"help/a\.md:2: title must be text"),
        ("url:", r"help/a\.md:2: url must be text"),
        ("title: A\nurl: 'x", r"help/a\.md:\d+: not YAML"),
        ("- a", r"help/a\.md:2: the front matter must be `key: value` lines"),
        ("title: \x07", r"help/a\.md:1: not YAML"),
    ],
)
def test_wrong_front_matter_is_refused_with_its_line(front: str, said: str) -> None:
    with pytest.raises(KnowledgeError, match=said):
        read_markdown(HERE, f"---\n{front}\n---\nBody")


def test_front_matter_that_never_ends_is_refused() -> None:
    with pytest.raises(KnowledgeError, match=r"a\.md:1: the front matter has no closing"):
        read_markdown(HERE, "---\ntitle: A\n\nBody")


def test_empty_front_matter_is_allowed() -> None:
    assert read_markdown(HERE, "---\n---\nBody") == Article("Body")
