"""Importing and searching a synthetic collection of 1,000 articles."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from supportbot.knowledge.document import Document
from supportbot.knowledge.importer import publish
from supportbot.knowledge.search import PostingsRetriever
from supportbot.model.question import Question
from supportbot.store import schema
from supportbot.store.database import Database

_ARTICLES = 1000
_WORDS_PER_ARTICLE = 150
_VOCABULARY = 5000
_QUESTIONS = 200
_WORDS_PER_QUESTION = 12


@dataclass(frozen=True, slots=True)
class Found:
    """What it took."""

    import_seconds: float
    search_ms: tuple[float, ...]


async def measure_search(folder: Path) -> Found:
    """Import once, then ask questions one after the other."""
    chance = random.Random(7)
    db = Database(f"sqlite:///{folder / 'articles.db'}")
    try:
        await schema.prepare(db)
        articles = [_article(chance, number) for number in range(_ARTICLES)]
        begun = time.perf_counter()
        await publish(db, "bench", articles, datetime.now(UTC))
        imported = time.perf_counter() - begun
        return Found(imported, await _asked(chance, PostingsRetriever(db)))
    finally:
        await db.aclose()


async def _asked(chance: random.Random, retriever: PostingsRetriever) -> tuple[float, ...]:
    taken = []
    for _ in range(_QUESTIONS):
        text = _text(chance, _WORDS_PER_QUESTION)
        begun = time.perf_counter()
        await retriever.search(Question(text, text, ("bench",)), 5)
        taken.append((time.perf_counter() - begun) * 1000)
    return tuple(taken)


def _article(chance: random.Random, number: int) -> Document:
    title = _text(chance, 4)
    return Document(f"{number:04d}.md", title, _text(chance, _WORDS_PER_ARTICLE))


def _text(chance: random.Random, words: int) -> str:
    """Some words are frequent and most are rare, as in real text."""
    return " ".join(f"word{int(_VOCABULARY * chance.random() ** 3)}" for _ in range(words))
