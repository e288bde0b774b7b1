"""Tickets, their threads, what happened to them, and the episode projection."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from supportbot.store.columns import Id
from supportbot.store.tables.base import Base, Facts, Key, Moment

#: Literal texts, shared by index and query: SQLite compares the predicate letter by letter.
ACTIVE = text("status IN ('open','pending','snoozed')")
OWED = text("asked_seq > answered_seq")


class TicketRow(Base):
    """The mutable head of a case; all of it can be told again from messages and events."""

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name="merged"),
        Index(
            "ix_ticket_inbox", "waiting_since", "id", sqlite_where=ACTIVE, postgresql_where=ACTIVE
        ),
        Index("ix_ticket_owed", "id", sqlite_where=OWED, postgresql_where=OWED),
        Index(None, "customer_id", "opened_at"),
    )
    id: Mapped[Key]
    public_id: Mapped[str] = mapped_column(String(26), unique=True)
    product_id: Mapped[int] = mapped_column(Id, ForeignKey("product.id"))
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id"))
    customer_id: Mapped[int] = mapped_column(Id, ForeignKey("customer.id"))
    thread_key: Mapped[str] = mapped_column(String(998))
    subject: Mapped[str | None] = mapped_column(String(998))
    target: Mapped[Facts]
    status: Mapped[str] = mapped_column(String(16))
    handler: Mapped[str] = mapped_column(String(8))
    handler_epoch: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(server_default="0")
    assignee_id: Mapped[int | None] = mapped_column(Id, ForeignKey("operator.id"))
    asked_seq: Mapped[int] = mapped_column(default=0)
    answered_seq: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)
    episode_n: Mapped[int] = mapped_column(default=1)
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[Moment | None]
    opened_at: Mapped[Moment]
    last_message_at: Mapped[Moment | None]
    waiting_since: Mapped[Moment | None]
    snoozed_until: Mapped[Moment | None]
    merged_into_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"))
    linked_ticket_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"))


class ThreadKeyRow(Base):
    """A name by which a ticket's thread is known at its provider."""

    __tablename__ = "thread_key"
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(998), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)


class UntoldRow(Base):
    """A place where a channel may show of a ticket what is not so (any more)."""

    __tablename__ = "untold"
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    target: Mapped[Facts]


class MessageRow(Base):
    """One entry of a thread; append-only. Its words stand in `message_body`."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("ticket_id", "seq"),
        CheckConstraint("seq >= 0", name="seq"),
    )
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id", ondelete="RESTRICT"))
    seq: Mapped[int]
    episode_n: Mapped[int]
    role: Mapped[str] = mapped_column(String(16))
    author_kind: Mapped[str] = mapped_column(String(8))
    author_id: Mapped[int | None] = mapped_column(Id)
    visibility: Mapped[str] = mapped_column(String(8))
    policy_version_id: Mapped[int | None] = mapped_column(Id, ForeignKey("policy_version.id"))
    completion_id: Mapped[int | None] = mapped_column(Id, ForeignKey("completion.id"))
    tool_call_id: Mapped[str | None] = mapped_column(String(128))
    data: Mapped[Facts]
    body_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Moment] = mapped_column(index=True)
    sent_at: Mapped[Moment | None]


class MessageBodyRow(Base):
    """The words of a message: the only part of it that can be erased or redacted."""

    __tablename__ = "message_body"
    message_id: Mapped[int] = mapped_column(
        Id, ForeignKey("message.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    body: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[Moment | None]
    erased_reason: Mapped[str | None] = mapped_column(String(64))


class AttachmentRow(Base):
    """A file that came with a message; the name is for the record, never a path.

    Until its bytes are here, `size` is what its provider says, and `sha256` is empty.
    """

    __tablename__ = "attachment"
    id: Mapped[Key]
    message_id: Mapped[int] = mapped_column(Id, ForeignKey("message.id"), index=True)
    filename: Mapped[str | None] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(127))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    erased_at: Mapped[Moment | None]
    #: See `FileState`.
    state: Mapped[str] = mapped_column(String(16), server_default="stored")
    reason: Mapped[str | None] = mapped_column(String(32))
    #: What was read of it.
    text: Mapped[str | None] = mapped_column(Text)
    #: What its channel fetches it by.
    ref: Mapped[Facts] = mapped_column(server_default="{}")
    attempts: Mapped[int] = mapped_column(server_default="0")


class TicketEventRow(Base):
    """What happened, in order; append-only."""

    __tablename__ = "ticket_event"
    __table_args__ = (Index(None, "ticket_id", "id"), Index(None, "kind", "at"))
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id", ondelete="RESTRICT"))
    episode_n: Mapped[int]
    kind: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str | None] = mapped_column(String(255))
    actor_kind: Mapped[str] = mapped_column(String(8))
    actor_id: Mapped[int | None] = mapped_column(Id)
    at: Mapped[Moment]
    data: Mapped[Facts]
    idem_key: Mapped[str | None] = mapped_column(String(255), unique=True)


class EpisodeRow(Base):
    """One open-to-resolved cycle: the grain of every report; a projection of the events."""

    __tablename__ = "episode"
    __table_args__ = (
        UniqueConstraint("ticket_id", "n"),
        Index(None, "opened_at", "product_id", "channel_id"),
        Index(None, "resolved_at", "product_id", "channel_id"),
    )
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"))
    n: Mapped[int]
    product_id: Mapped[int] = mapped_column(Id)
    channel_id: Mapped[int] = mapped_column(Id)
    eligible: Mapped[int]
    involved: Mapped[int]
    opened_at: Mapped[Moment]
    first_reply_at: Mapped[Moment | None]
    first_human_reply_at: Mapped[Moment | None]
    handoff_at: Mapped[Moment | None]
    handoff_reason: Mapped[str | None] = mapped_column(String(24))
    resolved_at: Mapped[Moment | None]
    resolution: Mapped[str | None] = mapped_column(String(16))
    resolved_by: Mapped[int | None] = mapped_column(Id)
    reopened_at: Mapped[Moment | None]
    bot_messages: Mapped[int]
    human_messages: Mapped[int]
    drafts: Mapped[int]
    suppressed: Mapped[int]
    takeover_at: Mapped[Moment | None]
    human_asked_at: Mapped[Moment | None]
    human_answered_at: Mapped[Moment | None]
    last_event_id: Mapped[int] = mapped_column(Id)
