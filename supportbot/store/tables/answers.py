"""What the bot asked, was given, drafted and sent, and what people thought of it."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from supportbot.store.columns import Id, Json
from supportbot.store.tables.base import Base, Facts, Key, Moment

#: Literal texts, shared by index and query.
UNSENT = text("state IN ('pending','sending','live')")
WAITING = text("state IN ('asked','running')")


class PromptPartRow(Base):
    """One message of a prompt, stored once by content; the body can be erased, the hash stays."""

    __tablename__ = "prompt_part"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[Moment | None]


class CompletionRow(Base):
    """One call of the chat completions API, answered or failed; append-only."""

    __tablename__ = "completion"
    __table_args__ = (Index(None, "started_at"), Index(None, "product_id", "started_at"))
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    episode_n: Mapped[int]
    #: answer or summary
    purpose: Mapped[str] = mapped_column(String(16), server_default="answer")
    #: The newest customer message of the turn it was made for.
    upto_seq: Mapped[int | None]
    #: The step of the degrade ladder it was made on.
    degraded: Mapped[str | None] = mapped_column(String(32))
    product_id: Mapped[int] = mapped_column(Id, ForeignKey("product.id"))
    policy_version_id: Mapped[int] = mapped_column(Id, ForeignKey("policy_version.id"))
    model: Mapped[str] = mapped_column(String(128))
    endpoint: Mapped[str] = mapped_column(String(255))
    attempt: Mapped[int]
    error_kind: Mapped[str | None] = mapped_column(String(32))
    finish_reason: Mapped[str | None] = mapped_column(String(32))
    request_sha256: Mapped[str] = mapped_column(String(64))
    #: {"parts": [sha256 of each message], "tools": [...], "max_output_tokens": n}
    request: Mapped[Facts]
    request_id: Mapped[str | None] = mapped_column(String(128))
    started_at: Mapped[Moment]
    latency_ms: Mapped[int]
    ttft_ms: Mapped[int | None]
    tokens_in: Mapped[int]
    tokens_cached: Mapped[int]
    tokens_out: Mapped[int]
    tokens_reasoning: Mapped[int]
    usage_estimated: Mapped[bool]
    tokens_estimated: Mapped[int | None]
    cost_nusd: Mapped[int | None] = mapped_column(Id)
    price_version: Mapped[str | None] = mapped_column(String(24))


class RetrievalRow(Base):
    """A passage that a completion was given; append-only."""

    __tablename__ = "retrieval"
    completion_id: Mapped[int] = mapped_column(Id, ForeignKey("completion.id"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    passage_key: Mapped[str] = mapped_column(String(512))
    version: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    score: Mapped[float] = mapped_column(Float(53))


class ToolCallRow(Base):
    """A tool call and what became of it: the ledger that outlives a crash.

    Its words (arguments and result) are erasable; where the arguments are gone, no result is kept.
    """

    __tablename__ = "tool_call"
    __table_args__ = (
        Index("ix_tool_call_waiting", "ticket_id", sqlite_where=WAITING, postgresql_where=WAITING),
    )
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    completion_id: Mapped[int] = mapped_column(Id, ForeignKey("completion.id"))
    #: The turn (its newest customer message), the model's round in it, the place in the round.
    upto_seq: Mapped[int] = mapped_column(server_default="0")
    round: Mapped[int] = mapped_column(server_default="0")
    position: Mapped[int] = mapped_column(server_default="0")
    #: False: it only reads and may be repeated.
    writes: Mapped[bool] = mapped_column(server_default=false())
    call_id: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[str | None] = mapped_column(Text)
    idempotency_key: Mapped[str] = mapped_column(String(128), unique=True)
    #: asked, running, done, failed or uncertain
    state: Mapped[str] = mapped_column(String(16))
    result: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[Moment]
    finished_at: Mapped[Moment | None]


class ThreadSummaryRow(Base):
    """What was said up to a message, in short: stands in a prompt for what it covers."""

    __tablename__ = "thread_summary"
    __table_args__ = (UniqueConstraint("ticket_id", "upto_seq"),)
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"))
    episode_n: Mapped[int]
    upto_seq: Mapped[int]
    completion_id: Mapped[int | None] = mapped_column(Id, ForeignKey("completion.id"))
    body: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[Moment | None]
    created_at: Mapped[Moment]


class DraftRow(Base):
    """A reply that waits for an operator (or, in shadow mode, for nobody)."""

    __tablename__ = "draft"
    __table_args__ = (Index(None, "state", "id"),)
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    episode_n: Mapped[int]
    upto_seq: Mapped[int]
    handler_epoch: Mapped[int]
    policy_version_id: Mapped[int | None] = mapped_column(Id, ForeignKey("policy_version.id"))
    completion_id: Mapped[int | None] = mapped_column(Id, ForeignKey("completion.id"))
    body: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16))
    message_id: Mapped[int | None] = mapped_column(Id, ForeignKey("message.id"))
    operator_id: Mapped[int | None] = mapped_column(Id, ForeignKey("operator.id"))
    edit_distance: Mapped[int | None]
    created_at: Mapped[Moment]
    decided_at: Mapped[Moment | None]


class DeliveryRow(Base):
    """One reply or notice on its way out."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_unsent", "id", sqlite_where=UNSENT, postgresql_where=UNSENT),
        Index(None, "ticket_id", "id"),
        Index(None, "channel_id", "created_at"),
    )
    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(255), unique=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"))
    message_id: Mapped[int | None] = mapped_column(Id, ForeignKey("message.id"))
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id"))
    audience: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    target: Mapped[Facts]
    #: Set where the text is not a message's own; erasable.
    body: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(String(998))
    #: What `offers` tells now; processes of the release before it read this still.
    escalate: Mapped[bool] = mapped_column(default=False)
    #: What can be pressed below it: names of actions.
    offers: Mapped[list[str]] = mapped_column(Json, server_default="[]")
    #: Operators are told of this draft.
    draft_id: Mapped[int | None] = mapped_column(Id, ForeignKey("draft.id"))
    #: Set where it changes what an earlier delivery's message shows.
    replaces_id: Mapped[int | None] = mapped_column(Id, ForeignKey("delivery.id"))
    #: Set where it stands in the thread of an earlier one.
    below_id: Mapped[int | None] = mapped_column(Id, ForeignKey("delivery.id"))
    #: Name of the person who wrote it.
    signed: Mapped[str | None] = mapped_column(String(200))
    handler_epoch: Mapped[int | None]
    #: Live replies: the newest customer message that is answered.
    upto_seq: Mapped[int | None]
    #: Claims so far, and how many of them a channel answered with an error.
    attempts: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[Moment | None]
    provider_id: Mapped[str | None] = mapped_column(String(998), index=True)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment]
    sent_at: Mapped[Moment | None]


class FeedbackRow(Base):
    """A thumb under an answer; the last one counts, all are kept."""

    __tablename__ = "feedback"
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    episode_n: Mapped[int]
    message_id: Mapped[int | None] = mapped_column(Id, ForeignKey("message.id"))
    customer_id: Mapped[int | None] = mapped_column(Id, ForeignKey("customer.id"))
    rating: Mapped[int]
    comment: Mapped[str | None] = mapped_column(Text)
    at: Mapped[Moment]


class CsatResponseRow(Base):
    """An answer to "how did we do", per episode."""

    __tablename__ = "csat_response"
    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", name="score"),)
    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    episode_n: Mapped[int]
    subject: Mapped[str] = mapped_column(String(8))
    score: Mapped[int]
    comment: Mapped[str | None] = mapped_column(Text)
    at: Mapped[Moment]
