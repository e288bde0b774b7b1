"""Customers, their companies, operators and their sessions."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from supportbot.store.columns import Id
from supportbot.store.tables.base import Base, Key, Moment


class AccountRow(Base):
    """The company behind a customer: a mail domain or a Slack team."""

    __tablename__ = "account"
    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(300), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Moment]


class CustomerRow(Base):
    """The person who asks."""

    __tablename__ = "customer"
    id: Mapped[Key]
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("account.id"))
    display_name: Mapped[str | None] = mapped_column(String(200))
    erased_at: Mapped[Moment | None]
    created_at: Mapped[Moment]


class CustomerIdentityRow(Base):
    """How a customer is known in one kind of channel."""

    __tablename__ = "customer_identity"
    channel_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(320), primary_key=True)
    customer_id: Mapped[int] = mapped_column(Id, ForeignKey("customer.id"), index=True)


class ParticipantRow(Base):
    """Somebody whom a ticket's customer wrote to as well; no customer before they write."""

    __tablename__ = "participant"
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(320), primary_key=True, index=True)


class OperatorRow(Base):
    """A person of the support team."""

    __tablename__ = "operator"
    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    auth_epoch: Mapped[int] = mapped_column(default=0)
    disabled_at: Mapped[Moment | None]
    created_at: Mapped[Moment]


class OperatorIdentityRow(Base):
    """How an operator is known in one kind of channel."""

    __tablename__ = "operator_identity"
    channel_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(320), primary_key=True)
    operator_id: Mapped[int] = mapped_column(Id, ForeignKey("operator.id"), index=True)


class OperatorSessionRow(Base):
    """A login of the dashboard; the cookie holds the id, the table only its hash."""

    __tablename__ = "operator_session"
    id_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator_id: Mapped[int] = mapped_column(Id, ForeignKey("operator.id"), index=True)
    auth_epoch: Mapped[int]
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]
    ip: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(Text)


class LoginLinkRow(Base):
    """A link that logs an operator in once."""

    __tablename__ = "login_link"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator_id: Mapped[int] = mapped_column(Id, ForeignKey("operator.id"))
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]


class LoginAttemptRow(Base):
    """A failed login, kept for throttling; the key is a hash of account or address."""

    __tablename__ = "login_attempt"
    __table_args__ = (Index(None, "key_sha256", "at"),)
    id: Mapped[Key]
    key_sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[Moment]
