"""What became of mails on their way to an address."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from supportbot.store.columns import Id
from supportbot.store.tables.base import Base, Moment

#: Literal text: SQLite uses the partial index only for exactly this predicate.
COUNTS = text("cleared_at IS NULL")


class MailFailureRow(Base):
    """A mail that came back from an address, once for each delivery; erasable as a whole."""

    __tablename__ = "mail_failure"
    __table_args__ = (
        Index("ix_mail_failure_counts", "address", sqlite_where=COUNTS, postgresql_where=COUNTS),
    )
    delivery_id: Mapped[int] = mapped_column(
        Id, ForeignKey("delivery.id"), primary_key=True, autoincrement=False
    )
    address: Mapped[str] = mapped_column(String(320), primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    permanent: Mapped[bool]
    diagnostic: Mapped[str] = mapped_column(Text)
    at: Mapped[Moment]
    #: Since then it is no reason any more to leave the address alone.
    cleared_at: Mapped[Moment | None]
