from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from supportbot.model.markdown import inert


@pytest.mark.parametrize(
    "words",
    [
        "[Approve](https://evil.example)",
        "\\[Approve](https://evil.example)",
        "\\\\[Approve](https://evil.example)",
        "![Approve](https://evil.example/x.png)",
        "<https://evil.example>",
        "`code` and ``more``",
        "**bold**, *slanted*, __bold__ and _slanted_",
        "a\\",
    ],
)
def test_words_without_power_read_as_they_were_written(words: str) -> None:
    (_, inline, _) = MarkdownIt().parse(f"**{inert(words)}**")
    children = [one for one in inline.children or () if one.content or one.type != "text"]
    assert [one.type for one in children if one.type not in {"text", "text_special"}] == [
        "strong_open",
        "strong_close",
    ]
    assert "".join(one.content for one in children) == words
