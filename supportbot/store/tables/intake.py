"""What arrived, before it is understood."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from supportbot.store.columns import Id
from supportbot.store.tables.base import Base, Facts, Key, Moment

#: Literal text: SQLite uses the partial index only for exactly this predicate.
UNSETTLED = text("settled_at IS NULL")
KEPT = text("raw IS NOT NULL")
REFUSED = text("outcome = 'refused' AND raw IS NOT NULL")


class InboundRow(Base):
    """One arrival: raw bytes and what became of it."""

    __tablename__ = "inbound"
    __table_args__ = (
        Index("ix_inbound_unsettled", "id", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
        Index("ix_inbound_kept", "id", sqlite_where=KEPT, postgresql_where=KEPT),
        Index("ix_inbound_refused", "id", sqlite_where=REFUSED, postgresql_where=REFUSED),
    )
    id: Mapped[Key]
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id"))
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    raw_sha256: Mapped[str] = mapped_column(String(64))
    meta: Mapped[Facts]
    received_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[Moment | None]
    #: message, action, edited, deleted, introduced, greeted, suppressed or refused
    outcome: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(255))
    ticket_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(Id, ForeignKey("message.id"))
    #: Version of the parser that gave the outcome, of channels whose parsers have one.
    parser: Mapped[int | None]


class InboundKeyRow(Base):
    """A provider's unique key; two arrivals that share one are the same."""

    __tablename__ = "inbound_key"
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(512), primary_key=True)
    inbound_id: Mapped[int] = mapped_column(Id, ForeignKey("inbound.id"), index=True)


class WaitingReplyRow(Base):
    """An arrival in a thread that was not known yet: its first message may be on its way."""

    __tablename__ = "waiting_reply"
    __table_args__ = (Index(None, "channel_id", "thread_key"),)
    inbound_id: Mapped[int] = mapped_column(
        Id, ForeignKey("inbound.id"), primary_key=True, autoincrement=False
    )
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id"))
    thread_key: Mapped[str] = mapped_column(String(998))
    received_at: Mapped[Moment]


class MailboxCursorRow(Base):
    """How far a mailbox folder was read, and since when mail is answered."""

    __tablename__ = "mailbox_cursor"
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id"), primary_key=True)
    folder: Mapped[str] = mapped_column(String(255), primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(Id)
    last_uid: Mapped[int] = mapped_column(Id)
    cut_over_at: Mapped[Moment]


class MailGrantRow(Base):
    """The tokens by which a mailbox is read and sent from, where it takes no password."""

    __tablename__ = "mail_grant"
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id"), primary_key=True)
    #: sha256 of the configured refresh token that all others came from.
    origin: Mapped[str] = mapped_column(String(64))
    #: Encrypted by the channel.
    sealed: Mapped[str] = mapped_column(Text)
    #: The access token must be exchanged for a new one before that moment.
    expires_at: Mapped[Moment]
    revision: Mapped[int] = mapped_column(default=0)
