"""The built-in retriever on both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from supportbot.knowledge.base import Retriever
from supportbot.knowledge.document import Document
from supportbot.knowledge.importer import publish
from supportbot.knowledge.search import PostingsRetriever
from supportbot.model.completion import Passage
from supportbot.model.question import Question
from supportbot.store import schema
from supportbot.store.database import Database
from supportbot.testing.contracts.retriever import MakeRetriever, RetrieverContract

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class TestPostingsRetriever(RetrieverContract):
    @pytest.fixture
    def make_retriever(self, db: Database) -> MakeRetriever:
        async def make(known: Mapping[str, Sequence[Document]]) -> Retriever:
            for collection, documents in known.items():
                await publish(db, collection, documents, NOW)
            return PostingsRetriever(db)

        return make


@pytest.fixture
async def both(
    tmp_path: Path, make_postgres: Callable[[], str]
) -> AsyncIterator[tuple[Database, Database]]:
    opened = (Database(f"sqlite:///{tmp_path / 'both.db'}"), Database(make_postgres()))
    for db in opened:
        await schema.prepare(db)
    yield opened
    for db in opened:
        await db.aclose()


async def search(db: Database, text: str, *collections: str, before: str = "") -> list[Passage]:
    question = Question(text, f"{before}\n{text}", collections or ("help",))
    return list(await PostingsRetriever(db).search(question, 20))


async def test_both_stores_give_the_same_list(both: tuple[Database, Database]) -> None:
    # Equal articles, names that sort differently by language and by byte, and ids in another order.
    fruit = ("apple", "pear", "fig")
    names = ["a", "B", "\u00e4", "_", "Z9", "z10", "\U0001f600", "\uffee"]
    documents = [Document(f"{name}/{one}", one, f"{one} tree") for name in names for one in fruit]
    for db, order in zip(both, (1, -1), strict=True):
        for n in range(0, len(documents), 5):
            await publish(db, "help", documents[::order][: n + 5], NOW)
    for text in ("apple", "tree", "pear and fig tree", "apple apple fig"):
        first, second = [await search(db, text, before="a pear") for db in both]
        assert first == second
        assert len(first) >= len(names)


async def test_equal_passages_are_ordered_by_place(db: Database) -> None:
    for keys in ("c", "bc", "abc"):
        await publish(db, "help", [Document(key, "Title", "same words") for key in keys], NOW)
    await publish(db, "also", [Document("z", "Title", "same words")], NOW)
    found = await search(db, "same", "help", "also")
    assert [passage.key for passage in found] == [
        "also/z#0",
        "help/a#0",
        "help/b#0",
        "help/c#0",
    ]


async def test_other_collections_change_nothing(db: Database) -> None:
    mine = [Document("a", "Apple", "apple pear"), Document("b", "Pear", "pear pear fig")]
    await publish(db, "help", mine, NOW)
    before = await search(db, "apple pear fig")
    await publish(db, "other", [Document(str(n), "Apple", "apple fig") for n in range(30)], NOW)
    assert await search(db, "apple pear fig") == before


async def test_a_word_is_as_rare_as_in_all_the_collections_of_the_question(db: Database) -> None:
    """A word that all of a small collection has can still be rare for the product."""
    await publish(db, "small", [Document("tax", "Tax number", "the tax number is 7")], NOW)
    await publish(
        db, "large", [Document(str(n), "Phone number", "a number to call") for n in range(40)], NOW
    )
    assert (await search(db, "number for tax", "small", "large"))[0].key == "small/tax#0"


async def test_a_question_of_stop_words_finds_something(db: Database) -> None:
    await publish(
        db, "help", [Document("it", "What is IT?", "A desk."), Document("b", "B", "x")], NOW
    )
    assert [passage.key for passage in await search(db, "what is it?")] == ["help/it#0"]


async def test_the_title_counts_on_every_chunk(db: Database) -> None:
    sections = "\n\n".join(f"## Part {n}\n\n{'word ' * 200}" for n in range(3))
    await publish(db, "help", [Document("a", "Refund", sections), Document("b", "B", "x")], NOW)
    found = await search(db, "refund")
    assert {passage.key for passage in found} == {"help/a#0", "help/a#1", "help/a#2"}
    assert all(passage.title == "Refund" for passage in found)
    assert len({passage.version for passage in found}) == 1


async def test_the_version_changes_with_the_text(db: Database) -> None:
    await publish(db, "help", [Document("a", "T", "old refund")], NOW)
    (old,) = await search(db, "refund")
    await publish(db, "help", [Document("a", "T", "new refund")], NOW)
    (new,) = await search(db, "refund")
    assert (old.key, old.text) == (new.key, "old refund")
    assert old.version != new.version


async def test_all_turns_and_the_last_turn_are_fused(db: Database) -> None:
    await publish(
        db,
        "help",
        [
            Document("domain", "Moving a domain", "unlock the domain"),
            Document("price", "Prices", "what it costs"),
            Document("both", "Price of moving a domain", "it costs ten"),
        ],
        NOW,
    )
    alone = await search(db, "costs")
    assert {passage.key for passage in alone} == {"help/price#0", "help/both#0"}
    found = await search(db, "costs", before="I am moving a domain")
    assert found[0].key == "help/both#0"
    assert {passage.key for passage in found} > {passage.key for passage in alone}
