"""Bringing the files of `knowledge/` into the store, a transaction for each collection.

A collection is published whole or not at all; importing the same files again changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from supportbot.errors import ConflictError, KnowledgeError
from supportbot.knowledge import bm25
from supportbot.knowledge.chunk import chunks
from supportbot.knowledge.document import Document, KnowledgeProblems
from supportbot.knowledge.read import SUFFIXES, read_collection
from supportbot.knowledge.terms import Analyzer
from supportbot.store import knowledge as stored
from supportbot.store.database import Database
from supportbot.store.knowledge import IndexedChunk, IndexedDocument

_MAX_NAME_CHARS = 64


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did to a collection, counted in documents; `chunks` is what it has now."""

    collection: str
    added: int
    changed: int
    removed: int
    unchanged: int
    chunks: int
    #: Names of files of other kinds, which were not read.
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of importing a folder of collections."""

    reports: tuple[ImportReport, ...]
    #: Why the collections without report were left as they were.
    problems: tuple[KnowledgeError, ...]


async def import_folder(db: Database, folder: Path, now: datetime) -> Imported:
    """Import each folder below `knowledge/` as the collection of its name.

    A collection with a problem stays as it was; the others are imported. Nothing is raised for a
    file; the caller reports `problems` and fails.
    """
    reports: list[ImportReport] = []
    problems = list(_misplaced(folder))
    for source in sorted(path for path in _entries(folder) if path.is_dir()):
        try:
            reports.append(await import_collection(db, source, source.name, now))
        except KnowledgeProblems as error:
            problems += error.problems
    return Imported(tuple(reports), tuple(problems))


async def import_collection(
    db: Database, source: Path, collection: str, now: datetime
) -> ImportReport:
    """Make a collection hold exactly what a folder (or a single file) holds.

    Raises:
        KnowledgeProblems: all that cannot be read; the collection stays as it was.
    """
    if not 0 < len(collection) <= _MAX_NAME_CHARS or set("/#") & set(collection):
        said = f"a collection's name has 1 to {_MAX_NAME_CHARS} characters without / and #"
        raise KnowledgeProblems((KnowledgeError(said, path=source),))
    reading = await asyncio.to_thread(read_collection, source)
    if reading.problems:
        raise KnowledgeProblems(reading.problems)
    report = await publish(db, collection, reading.documents, now)
    ignored = tuple(str(path) for path in reading.ignored)
    return replace(report, ignored=ignored)


async def publish(
    db: Database, collection: str, documents: Sequence[Document], now: datetime
) -> ImportReport:
    """Make a collection hold exactly these documents; keys must differ. Unchanged ones are kept.

    Raises:
        ConflictError: the collection was changed by somebody else meanwhile.
    """
    async with db.reading() as work:
        known = await stored.versions(work, collection)
    plan = _planned(known, documents)
    # Cutting and counting takes a while: it happens before the transaction, off the loop.
    indexed = await asyncio.to_thread(index, plan.fresh)
    if plan.fresh or plan.gone:
        async with db.writing() as work:
            await stored.lock(work, collection)
            if await stored.versions(work, collection) != known:
                raise ConflictError(f"{collection} was imported by somebody else; import again")
            await stored.remove(work, collection, plan.outdated)
            await stored.add(work, collection, indexed, now)
            await stored.reweigh(work, collection, k1=bm25.K1, b=bm25.B)
    async with db.reading() as work:
        sizes = {size.name: size.chunks for size in await stored.sizes(work)}
    return ImportReport(
        collection=collection,
        added=len(plan.fresh) - len(plan.changed),
        changed=len(plan.changed),
        removed=len(plan.gone),
        unchanged=len(documents) - len(plan.fresh),
        chunks=sizes.get(collection, 0),
    )


def index(documents: Iterable[Document], language: str = "english") -> list[IndexedDocument]:
    """Cut documents and count their terms. Pure."""
    analyzer = Analyzer(language)
    return [_indexed(document, analyzer) for document in documents]


def _indexed(document: Document, analyzer: Analyzer) -> IndexedDocument:
    title = analyzer.count(document.title)
    return IndexedDocument(
        key=document.key,
        title=document.title,
        url=document.url,
        sha256=document.sha256,
        chunks=tuple(
            IndexedChunk(body, bm25.chunk_frequencies(title, analyzer.count(body)))
            for body in chunks(document.text)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What differs between the store and the files."""

    #: New or changed, in the order of their keys.
    fresh: tuple[Document, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def outdated(self) -> tuple[str, ...]:
        return self.changed + self.gone


def _planned(known: Mapping[str, str], documents: Sequence[Document]) -> _Plan:
    wanted = {document.key: document for document in documents}
    fresh = tuple(wanted[key] for key in sorted(wanted) if known.get(key) != wanted[key].sha256)
    return _Plan(
        fresh=fresh,
        changed=tuple(document.key for document in fresh if document.key in known),
        gone=tuple(sorted(known.keys() - wanted.keys())),
    )


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _misplaced(folder: Path) -> Iterator[KnowledgeError]:
    if not folder.is_dir():
        yield KnowledgeError("there is no such folder", path=folder)
    for path in _entries(folder):
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            said = "stands outside a collection; move it to a folder below, such as help/"
            yield KnowledgeError(said, path=path)
