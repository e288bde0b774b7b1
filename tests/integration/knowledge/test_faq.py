"""Quality and equality on a public set of questions, where the shared folder holds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from supportbot.knowledge.importer import import_collection
from supportbot.knowledge.search import PostingsRetriever
from supportbot.model.completion import Passage
from supportbot.model.question import Question
from supportbot.store import schema
from supportbot.store.database import Database

FAQ = Path(__file__).parents[4] / "shared" / "data" / "faq"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
#: Every so many questions are asked of PostgreSQL too.
SAMPLE_STEP = 10

pytestmark = pytest.mark.skipif(not FAQ.is_dir(), reason="the faq set is not beside the project")


def questions() -> dict[str, str]:
    rows = (json.loads(line) for line in (FAQ / "queries.jsonl").read_text().splitlines())
    return {row["id"]: row["text"] for row in rows}


def answers() -> set[tuple[str, str]]:
    lines = (FAQ / "qrels.tsv").read_text().splitlines()
    return {(query, document) for query, document in (line.split("\t") for line in lines)}


async def search(retriever: PostingsRetriever, text: str) -> Sequence[Passage]:
    return await retriever.search(Question(text, text, ("faq",)), 20)


async def test_nine_of_ten_questions_find_an_answer_and_stores_agree(
    sqlite_db: Database, make_postgres: Callable[[], str]
) -> None:
    postgres_db = Database(make_postgres())
    await schema.prepare(postgres_db)
    for db in (sqlite_db, postgres_db):
        report = await import_collection(db, FAQ / "corpus.jsonl", "faq", NOW)
        assert report.added == 719
    on_sqlite, on_postgres = PostingsRetriever(sqlite_db), PostingsRetriever(postgres_db)
    relevant = answers()
    hits = 0
    asked = questions()
    for n, (query, text) in enumerate(asked.items()):
        found = await search(on_sqlite, text)
        documents = [passage.key.removeprefix("faq/").partition("#")[0] for passage in found[:5]]
        hits += any((query, document) in relevant for document in documents)
        if n % SAMPLE_STEP == 0:
            assert await search(on_postgres, text) == found
    await postgres_db.aclose()
    assert hits / len(asked) >= 0.9
