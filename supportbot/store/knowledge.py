"""Knowledge documents, their chunks and the postings that find them; the same SQL on both stores.

Raw counts are kept beside the weights, so that `reweigh` can follow every change of a collection
within the transaction that makes the change visible.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    Float,
    FromClause,
    Integer,
    Numeric,
    Select,
    String,
    Text,
    bindparam,
    cast,
    collate,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSON

from supportbot.store.tables.knowledge import (
    KnowledgeChunkRow,
    KnowledgeDocumentRow,
    KnowledgePostingRow,
)
from supportbot.store.unit_of_work import UnitOfWork

#: Scores that differ by less are equal: the order of a sum must not decide between two chunks.
SCORE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A piece of a document and the weighted count of each term in it."""

    body: str
    frequencies: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """A document ready to be stored; `sha256` is its version."""

    key: str
    title: str
    url: str | None
    sha256: str
    chunks: tuple[IndexedChunk, ...]


@dataclass(frozen=True, slots=True)
class CollectionSize:
    """How much a collection holds."""

    name: str
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class TermCounts:
    """How many chunks there are in some collections, and in how many of them each term stands."""

    chunks: int
    #: Only terms that stand somewhere.
    containing: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found."""

    collection: str
    document: str
    ordinal: int
    title: str
    url: str | None
    sha256: str
    body: str
    #: Rounded to `SCORE_DIGITS`.
    score: float


async def lock(work: UnitOfWork, collection: str) -> None:
    """Let no other transaction change this collection until this one ends."""
    # SQLite has one writer anyway.
    if work.connection.dialect.name == "postgresql":
        key = func.hashtextextended(f"knowledge:{collection}", 0)
        await work.connection.execute(select(func.pg_advisory_xact_lock(key)))


async def sizes(work: UnitOfWork) -> tuple[CollectionSize, ...]:
    """List all collections by name."""
    name = KnowledgeDocumentRow.collection
    rows = await work.connection.execute(
        select(
            name,
            func.count(KnowledgeDocumentRow.id.distinct()),
            func.count(KnowledgeChunkRow.id),
        )
        .outerjoin(KnowledgeChunkRow, KnowledgeChunkRow.document_id == KnowledgeDocumentRow.id)
        .group_by(name)
    )
    return tuple(sorted((CollectionSize(*row) for row in rows), key=lambda size: size.name))


async def versions(work: UnitOfWork, collection: str) -> dict[str, str]:
    """Return the sha256 of each document of a collection by its key."""
    rows = await work.connection.execute(
        select(KnowledgeDocumentRow.key, KnowledgeDocumentRow.sha256).where(
            KnowledgeDocumentRow.collection == collection
        )
    )
    return {row.key: row.sha256 for row in rows}


async def remove(work: UnitOfWork, collection: str, keys: Sequence[str]) -> None:
    """Delete documents with all that belongs to them."""
    if not keys:
        return
    await work.connection.execute(
        delete(KnowledgeDocumentRow).where(
            KnowledgeDocumentRow.collection == collection,
            KnowledgeDocumentRow.key == bindparam("gone"),
        ),
        [{"gone": key} for key in keys],
    )


async def add(
    work: UnitOfWork, collection: str, documents: Sequence[IndexedDocument], now: datetime
) -> None:
    """Write new documents. Their weights are missing until `reweigh`."""
    if not documents:
        return
    made = await work.connection.execute(
        insert(KnowledgeDocumentRow).returning(
            KnowledgeDocumentRow.id, sort_by_parameter_order=True
        ),
        [
            {
                "collection": collection,
                "key": document.key,
                "title": document.title,
                "url": document.url,
                "sha256": document.sha256,
                "imported_at": now,
            }
            for document in documents
        ],
    )
    await _add_chunks(work, list(zip(made.scalars(), documents, strict=True)))


async def _add_chunks(work: UnitOfWork, documents: list[tuple[int, IndexedDocument]]) -> None:
    chunks = [
        (document_id, ordinal, chunk)
        for document_id, document in documents
        for ordinal, chunk in enumerate(document.chunks)
    ]
    if not chunks:
        return
    made = await work.connection.execute(
        insert(KnowledgeChunkRow).returning(KnowledgeChunkRow.id, sort_by_parameter_order=True),
        [
            {
                "document_id": document_id,
                "ordinal": ordinal,
                "body": chunk.body,
                "length": sum(chunk.frequencies.values()),
            }
            for document_id, ordinal, chunk in chunks
        ],
    )
    # In the order of the primary key, which is how SQLite keeps them.
    postings = sorted(
        (term, chunk_id, frequency)
        for chunk_id, (_, _, chunk) in zip(made.scalars(), chunks, strict=True)
        for term, frequency in chunk.frequencies.items()
    )
    if not postings:
        return
    await work.connection.execute(
        insert(KnowledgePostingRow),
        [
            {"term": term, "chunk_id": chunk_id, "frequency": frequency, "weight": 0.0}
            for term, chunk_id, frequency in postings
        ],
    )


async def reweigh(work: UnitOfWork, collection: str, *, k1: float, b: float) -> None:
    """Work out all weights of a collection anew: BM25's part that depends on the chunk alone.

    `f * (k1 + 1) / (f + k1 * (1 - b + b * length / average length))`, in double precision.
    """
    of_collection = (
        select(KnowledgeChunkRow.id)
        .join(KnowledgeDocumentRow, KnowledgeDocumentRow.id == KnowledgeChunkRow.document_id)
        .where(KnowledgeDocumentRow.collection == collection)
    )
    measured = await work.connection.execute(
        select(func.sum(KnowledgeChunkRow.length), func.count()).where(
            KnowledgeChunkRow.id.in_(of_collection)
        )
    )
    total, chunks = measured.one()
    if not total:
        return
    average = int(total) / chunks
    length = (
        select(cast(KnowledgeChunkRow.length, Float(53)))
        .where(KnowledgeChunkRow.id == KnowledgePostingRow.chunk_id)
        .scalar_subquery()
    )
    f = cast(KnowledgePostingRow.frequency, Float(53))
    at_once, by_length = literal(k1 * (1 - b), Float(53)), literal(k1 * b / average, Float(53))
    weight = f * literal(k1 + 1, Float(53)) / (f + at_once + by_length * length)
    await work.connection.execute(
        update(KnowledgePostingRow)
        .where(KnowledgePostingRow.chunk_id.in_(of_collection))
        .values(weight=weight)
    )


async def count_terms(
    work: UnitOfWork, terms: Sequence[str], collections: Sequence[str]
) -> TermCounts:
    """Count in how many chunks of these collections each of the terms stands."""
    rows = await work.execute(
        _COUNTING[work.store],
        {"terms": _table(dict.fromkeys(terms, 1.0)), "collections": list(collections)},
        quick=False,
    )
    counted = rows.all()
    return TermCounts(
        chunks=counted[0].total if counted else 0,
        containing={row.term: row.containing for row in counted},
    )


async def find(
    work: UnitOfWork, weights: Mapping[str, float], collections: Sequence[str], limit: int
) -> list[Hit]:
    """Return the chunks whose weighted terms add up to most; equal ones in order of their place."""
    rows = await work.execute(
        _FINDING[work.store],
        {"terms": _table(weights), "collections": list(collections), "most": limit},
        quick=False,
    )
    return [
        Hit(
            collection=row.collection,
            document=row.key,
            ordinal=row.ordinal,
            title=row.title,
            url=row.url,
            sha256=row.sha256,
            body=row.body,
            score=round(row.score, SCORE_DIGITS),
        )
        for row in rows
    ]


def _table(weights: Mapping[str, float]) -> str:
    """Write terms and their weights as one parameter.

    A question has as many terms as its writer liked: `VALUES` would end at the number of parameters
    that a store allows, and be another statement to prepare for each number of terms.
    """
    return json.dumps(weights, ensure_ascii=False)


def _matches(dialect: str) -> tuple[FromClause, FromClause, FromClause]:
    """Return the terms asked for (key, value), their postings, and both joined."""
    columns = (column("key", String), column("value", String))
    posting = KnowledgePostingRow.__table__
    terms = bindparam("terms", type_=Text)
    if dialect == "sqlite":
        asked = func.json_each(terms).table_valued(*columns, name="asked")
        return asked, posting, asked.join(posting, posting.c.term == asked.c.key)
    asked = func.json_each_text(cast(terms, JSON)).table_valued(*columns, name="asked")
    # PostgreSQL expects a hundred terms and would read the whole table; OFFSET 0 has it look up
    # each term instead (measured: 4 times faster).
    looked_up = select(posting).where(posting.c.term == asked.c.key).offset(0).lateral("posting")
    return asked, looked_up, asked.join(looked_up, true())


def _first(statement: Select[*tuple[Any, ...]]) -> CTE:
    """Have the store begin with this: by terms few rows are found, by collections nearly all."""
    return statement.cte("found").prefix_with("MATERIALIZED")


def _within_collections(found: CTE, *shown: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*shown)
        .join_from(found, KnowledgeChunkRow, KnowledgeChunkRow.id == found.c.chunk_id)
        .join(KnowledgeDocumentRow, KnowledgeDocumentRow.id == KnowledgeChunkRow.document_id)
        .where(KnowledgeDocumentRow.collection.in_(bindparam("collections", expanding=True)))
    )


def _counting(dialect: str) -> Select[*tuple[Any, ...]]:
    _, posting, both = _matches(dialect)
    found = _first(select(posting.c.term, posting.c.chunk_id).select_from(both))
    total = (
        select(func.count())
        .select_from(KnowledgeChunkRow)
        .join(KnowledgeDocumentRow, KnowledgeDocumentRow.id == KnowledgeChunkRow.document_id)
        .where(KnowledgeDocumentRow.collection.in_(bindparam("collections", expanding=True)))
        .scalar_subquery()
        .correlate(None)
    )
    return _within_collections(
        found, found.c.term, func.count().label("containing"), total.label("total")
    ).group_by(found.c.term)


def _finding(dialect: str) -> Select[*tuple[Any, ...]]:
    document, chunk = KnowledgeDocumentRow, KnowledgeChunkRow
    asked, posting, both = _matches(dialect)
    score = func.sum(posting.c.weight * cast(asked.c.value, Float(53))).label("score")
    found = _first(select(posting.c.chunk_id, score).select_from(both).group_by(posting.c.chunk_id))
    # PostgreSQL rounds only exact numbers, and would sort names by the database's language.
    exact, collation = (Numeric, "C") if dialect == "postgresql" else (Float(53), "BINARY")
    place = (
        collate(document.collection, collation),
        collate(document.key, collation),
        chunk.ordinal,
    )
    # Only the best are read whole: to sort all of them with their texts takes half as long again.
    best = (
        _within_collections(found, found.c.chunk_id, found.c.score)
        .order_by(func.round(cast(found.c.score, exact), SCORE_DIGITS).desc(), *place)
        .limit(bindparam("most", type_=Integer))
        .cte("best")
        .prefix_with("MATERIALIZED")
    )
    return (
        select(
            document.collection,
            document.key,
            chunk.ordinal,
            document.title,
            document.url,
            document.sha256,
            chunk.body,
            best.c.score,
        )
        .join_from(best, chunk, chunk.id == best.c.chunk_id)
        .join(document, document.id == chunk.document_id)
        .order_by(func.round(cast(best.c.score, exact), SCORE_DIGITS).desc(), *place)
    )


#: Built once: to put such a statement together takes longer than to run it.
_COUNTING = {dialect: _counting(dialect) for dialect in ("sqlite", "postgresql")}
_FINDING = {dialect: _finding(dialect) for dialect in ("sqlite", "postgresql")}
