"""A retriever over a small glossary: what shares most words with the question comes first."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from supportbot.model.completion import Passage
from supportbot.model.question import Question


class Glossary:
    """Fulfils `supportbot.knowledge.base.Retriever`; keys begin with their collection."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages

    async def search(self, question: Question, limit: int) -> Sequence[Passage]:
        """Return the passages of the question's collections that share a word with it."""
        asked, found = _words(f"{question.last} {question.all}"), []
        for passage in self._passages:
            score = len(asked & _words(f"{passage.title} {passage.text}"))
            if score and passage.key.partition("/")[0] in question.collections:
                found.append(replace(passage, score=score))
        found.sort(key=lambda passage: (-passage.score, passage.key))
        return [replace(passage, rank=rank) for rank, passage in enumerate(found[:limit], 1)]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def build(_db: object) -> Glossary:
    """Read the glossary of this package; named by the entry point."""
    entries = json.loads(Path(__file__).with_name("glossary.json").read_bytes())
    return Glossary([Passage(**entry) for entry in entries])
