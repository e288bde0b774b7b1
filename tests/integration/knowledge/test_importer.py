"""Importing files into both stores."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from supportbot.errors import ConflictError
from supportbot.knowledge import bm25
from supportbot.knowledge.document import Document, KnowledgeProblems
from supportbot.knowledge.importer import ImportReport, import_collection, import_folder, publish
from supportbot.knowledge.search import PostingsRetriever
from supportbot.model.question import Question
from supportbot.store import knowledge as stored
from supportbot.store.database import Database
from supportbot.store.knowledge import CollectionSize
from supportbot.store.tables.knowledge import KnowledgeChunkRow, KnowledgePostingRow

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)
    return folder


async def keys(db: Database, text: str, *collections: str) -> list[str]:
    question = Question(text, text, collections or ("help",))
    return [passage.key for passage in await PostingsRetriever(db).search(question, 10)]


async def chunk_ids(db: Database) -> set[int]:
    async with db.reading() as work:
        return set((await work.connection.execute(select(KnowledgeChunkRow.id))).scalars())


async def test_a_folder_becomes_a_collection(db: Database, tmp_path: Path) -> None:
    write(tmp_path / "help", refund="# Refund\n\nTen days.", hours="# Hours\n\nNine to five.")
    imported = await import_folder(db, tmp_path, NOW)
    assert imported.reports == (ImportReport("help", 2, 0, 0, 0, 2),)
    assert not imported.problems
    assert await keys(db, "refund") == ["help/refund.md#0"]


async def test_importing_the_same_again_changes_nothing(db: Database, tmp_path: Path) -> None:
    folder = write(tmp_path / "help", a="one", b="two")
    await import_collection(db, folder, "help", NOW)
    before = await chunk_ids(db)
    report = await import_collection(db, folder, "help", NOW)
    assert report == ImportReport("help", 0, 0, 0, 2, 2)
    assert await chunk_ids(db) == before


async def test_only_what_differs_is_rewritten(db: Database, tmp_path: Path) -> None:
    folder = write(tmp_path / "help", kept="kept words", edited="old words", gone="gone words")
    await import_collection(db, folder, "help", NOW)
    before = await chunk_ids(db)
    (folder / "gone.md").unlink()
    write(folder, edited="new words", added="added words")
    report = await import_collection(db, folder, "help", NOW)
    assert report == ImportReport("help", added=1, changed=1, removed=1, unchanged=1, chunks=3)
    assert len(before & await chunk_ids(db)) == 1
    assert await keys(db, "old gone") == []
    assert set(await keys(db, "new added kept")) == {
        "help/added.md#0",
        "help/edited.md#0",
        "help/kept.md#0",
    }


async def test_an_emptied_folder_empties_the_collection(db: Database, tmp_path: Path) -> None:
    folder = write(tmp_path / "help", a="one")
    await import_collection(db, folder, "help", NOW)
    (folder / "a.md").unlink()
    assert (await import_collection(db, folder, "help", NOW)).removed == 1
    async with db.reading() as work:
        assert await stored.sizes(work) == ()
        assert not (await work.connection.execute(select(KnowledgePostingRow.term))).all()


async def test_a_collection_with_a_problem_stays_as_it_was(db: Database, tmp_path: Path) -> None:
    write(tmp_path / "good", a="apple")
    write(tmp_path / "help", a="apple", b="banana")
    await import_folder(db, tmp_path, NOW)
    write(tmp_path / "good", a="cherry")
    write(tmp_path / "help", a="cherry", b="---\nauthor: me\n---\nx", c=" ")
    (tmp_path / "loose.md").write_text("x")
    imported = await import_folder(db, tmp_path, NOW)
    assert [report.collection for report in imported.reports] == ["good"]
    said = [str(problem) for problem in imported.problems]
    assert said[0].startswith(f"{tmp_path}/loose.md: stands outside a collection")
    assert said[1].startswith(f"{tmp_path}/help/b.md:2: unknown key 'author'")
    assert said[2].startswith(f"{tmp_path}/help/c.md: c.md has no text")
    assert await keys(db, "apple cherry", "good") == ["good/a.md#0"]
    assert await keys(db, "cherry banana", "help") == ["help/b.md#0"]


async def test_all_problems_are_raised_together(db: Database, tmp_path: Path) -> None:
    folder = write(tmp_path, a=" ", b="---\nx")
    with pytest.raises(KnowledgeProblems) as caught:
        await import_collection(db, folder, "help", NOW)
    assert len(caught.value.problems) == len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("name", ["", "a/b", "a#b", "x" * 65])
async def test_a_name_that_keys_could_not_carry_is_refused(
    sqlite_db: Database, tmp_path: Path, name: str
) -> None:
    with pytest.raises(KnowledgeProblems, match="a collection's name has"):
        await import_collection(sqlite_db, tmp_path, name, NOW)


async def test_a_missing_folder_is_named(sqlite_db: Database, tmp_path: Path) -> None:
    (problem,) = (await import_folder(sqlite_db, tmp_path / "knowledge", NOW)).problems
    assert str(problem) == f"{tmp_path}/knowledge: there is no such folder"


async def test_collections_are_listed_with_their_sizes(db: Database) -> None:
    await publish(db, "b", [Document("1", "T", "word " * 600)], NOW)
    await publish(db, "a", [Document("1", "T", "x"), Document("2", "T", "y")], NOW)
    async with db.reading() as work:
        assert await stored.sizes(work) == (CollectionSize("a", 2, 2), CollectionSize("b", 1, 3))


async def test_weights_follow_the_average_length(db: Database) -> None:
    long = Document("long", "T", "apple " + "pear " * 50)
    await publish(db, "help", [Document("short", "T", "apple"), long], NOW)
    await publish(db, "help", [long], NOW)
    async with db.reading() as work:
        (weight,) = await work.connection.execute(
            select(KnowledgePostingRow.weight).where(KnowledgePostingRow.term == "appl")
        )
    # Alone, it is of average length: f * (k1 + 1) / (f + k1) with f = 1.
    assert weight[0] == pytest.approx((bm25.K1 + 1) / (1 + bm25.K1))


async def test_documents_without_a_word_are_kept_and_never_found(db: Database) -> None:
    empty = [Document("none", "?", ""), Document("marks", "!", "?!")]
    assert (await publish(db, "help", empty, NOW)).chunks == 1
    assert await keys(db, "?!") == []


async def test_two_imports_at_once_do_not_mix(db: Database) -> None:
    first = [Document(str(n), "T", "apple") for n in range(50)]
    second = [Document(str(n), "T", "pear") for n in range(50)]
    ended = await asyncio.gather(
        publish(db, "help", first, NOW), publish(db, "help", second, NOW), return_exceptions=True
    )
    assert {type(one) for one in ended} <= {ImportReport, ConflictError}
    assert sorted((await _found(db, "apple"), await _found(db, "pear"))) == [0, 10]


async def _found(db: Database, word: str) -> int:
    return len(await keys(db, word))
