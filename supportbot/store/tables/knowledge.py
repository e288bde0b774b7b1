"""What answers may quote, cut into chunks and indexed by term."""

from __future__ import annotations

from sqlalchemy import Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from supportbot.store.columns import Id
from supportbot.store.tables.base import Base, Key, Moment

#: Terms compare byte by byte on both stores.
Term = String(128).with_variant(String(128, collation="C"), "postgresql")


class KnowledgeDocumentRow(Base):
    """One article; `key` is its path or id within the collection."""

    __tablename__ = "knowledge_document"
    __table_args__ = (UniqueConstraint("collection", "key"),)
    id: Mapped[Key]
    collection: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(300))
    title: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[Moment]


class KnowledgeChunkRow(Base):
    """A piece of an article, as it is quoted; `length` counts weighted terms."""

    __tablename__ = "knowledge_chunk"
    __table_args__ = (UniqueConstraint("document_id", "ordinal"),)
    id: Mapped[Key]
    document_id: Mapped[int] = mapped_column(
        Id, ForeignKey("knowledge_document.id", ondelete="CASCADE")
    )
    ordinal: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    length: Mapped[int]


class KnowledgePostingRow(Base):
    """A term in a chunk: its raw count and its BM25 weight, recomputed when documents change."""

    __tablename__ = "knowledge_posting"
    __table_args__ = (Index(None, "chunk_id"), {"sqlite_with_rowid": False})
    term: Mapped[str] = mapped_column(Term, primary_key=True)
    chunk_id: Mapped[int] = mapped_column(
        Id,
        ForeignKey("knowledge_chunk.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    frequency: Mapped[int]
    weight: Mapped[float] = mapped_column(Float(53))
