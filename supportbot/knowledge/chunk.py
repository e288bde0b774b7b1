"""Cutting an article into pieces that can be quoted: by headings and paragraphs, code kept whole.

An article of at most 250 words stays in one piece. A longer one is cut before headings once a piece
has 80 words, and between paragraphs before it would exceed 250; only a paragraph, list or table
that is longer by itself is cut between lines or sentences. Pieces are verbatim parts of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

MIN_WORDS = 80
MAX_WORDS = 250

_CODE = frozenset({"fence", "code_block"})
#: A sentence or a line with the white space after it.
_SENTENCE = re.compile(r"\S.*?(?:[.!?](?=\s)|\n|\Z)\s*", re.DOTALL)
_WORDS = re.compile(rf"(?:\S+\s*){{1,{MAX_WORDS}}}")


@dataclass(frozen=True, slots=True)
class _Block:
    """A heading, paragraph, list, table or code block. `text` keeps the white space after it."""

    text: str
    kind: str

    @property
    def words(self) -> int:
        return len(self.text.split())


def chunks(text: str) -> tuple[str, ...]:
    """Cut a Markdown or plain text; at least one piece unless there is no text. Pure."""
    if len(text.split()) <= MAX_WORDS:
        return (text.strip(),) if text.strip() else ()
    blocks = [part for block in _blocks(text) for part in _fitting(block)]
    groups = _tail_joined(list(_grouped(blocks)))
    return tuple("".join(block.text for block in group).strip() for group in groups)


def _blocks(text: str) -> Iterator[_Block]:
    """Divide a text; each block reaches to the next, so that nothing between them is lost."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    tops = [(token.map[0], token.type) for token in tokens if token.level == 0 and token.map]
    lines = text.splitlines(keepends=True)
    for n, (start, kind) in enumerate(tops):
        end = tops[n + 1][0] if n + 1 < len(tops) else len(lines)
        yield _Block("".join(lines[start if n else 0 : end]), kind)


def _fitting(block: _Block) -> Iterator[_Block]:
    """Cut a block that is too long by itself between sentences, or at last between words."""
    if block.words <= MAX_WORDS or block.kind in _CODE:
        yield block
        return
    for sentence in _SENTENCE.findall(block.text):
        for part in _WORDS.findall(sentence):
            yield _Block(part, block.kind)


def _grouped(blocks: list[_Block]) -> Iterator[list[_Block]]:
    group: list[_Block] = []
    words = 0
    for block in blocks:
        is_heading = block.kind == "heading_open"
        full = words + block.words > MAX_WORDS or (is_heading and words >= MIN_WORDS)
        if group and full:
            # A heading at the end belongs to what follows it.
            carried = [group.pop()] if group[-1].kind == "heading_open" and len(group) > 1 else []
            yield group
            group, words = carried, sum(one.words for one in carried)
        group.append(block)
        words += block.words
    yield group


def _tail_joined(groups: list[list[_Block]]) -> list[list[_Block]]:
    """Join a last piece that is too short to stand alone with the one before."""
    if len(groups) > 1 and sum(block.words for block in groups[-1]) < MIN_WORDS:
        return [*groups[:-2], groups[-2] + groups[-1]]
    return groups
