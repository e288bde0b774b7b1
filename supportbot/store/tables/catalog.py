"""What is configured: products, channels, policy versions."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from supportbot.store.columns import Id
from supportbot.store.tables.base import Base, Key, Moment


class ProductRow(Base):
    """What is being supported; exists because a policy file exists."""

    __tablename__ = "product"
    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    archived_at: Mapped[Moment | None]


class ChannelRow(Base):
    """One configured way in."""

    __tablename__ = "channel"
    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(300), unique=True)
    created_at: Mapped[Moment]


class PolicyVersionRow(Base):
    """A compiled policy as it was published; append-only."""

    __tablename__ = "policy_version"
    __table_args__ = (UniqueConstraint("product_id", "version"),)
    id: Mapped[Key]
    product_id: Mapped[int] = mapped_column(Id, ForeignKey("product.id"))
    version: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    author_id: Mapped[int | None] = mapped_column(Id, ForeignKey("operator.id"))
    created_at: Mapped[Moment]
