from __future__ import annotations

import pytest

from supportbot.knowledge.document import Document


def test_the_version_is_the_same_for_the_same_content() -> None:
    first, second = Document("a", "T", "x"), Document("b", "T", "x")
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    "other", [Document("a", "U", "x"), Document("a", "T", "y"), Document("a", "T", "x", "http://u")]
)
def test_title_text_and_url_make_the_version(other: Document) -> None:
    assert other.sha256 != Document("a", "T", "x").sha256
