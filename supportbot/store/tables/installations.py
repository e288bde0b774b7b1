"""Workspaces that installed the app, and states of the way there that were used."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from supportbot.store.columns import Id
from supportbot.store.tables.base import Base, Key, Moment


class InstallationRow(Base):
    """The app in one workspace (or one organisation), for as long as it is not removed."""

    __tablename__ = "installation"
    __table_args__ = (UniqueConstraint("channel_id", "owner"),)
    id: Mapped[Key]
    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id"))
    owner: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(String(300), default="", server_default="")
    app_id: Mapped[str] = mapped_column(String(64))
    bot_user: Mapped[str] = mapped_column(String(64))
    bot_id: Mapped[str] = mapped_column(String(64))
    #: Divided by commas, as the provider writes them.
    scopes: Mapped[str] = mapped_column(Text)
    #: Encrypted by the channel; empty once the app is removed.
    sealed: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[Moment | None]
    installed_by: Mapped[str] = mapped_column(String(64))
    installed_at: Mapped[Moment]
    revision: Mapped[int] = mapped_column(default=0)
    #: Until then one process alone may exchange the token.
    claimed_until: Mapped[Moment | None]
    removed_at: Mapped[Moment | None]


class OAuthStateRow(Base):
    """A state that came back from the provider's consent page: it may not come back again."""

    __tablename__ = "oauth_state"
    state_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: Nobody would take it any more after this, so the row can go.
    expires_at: Mapped[Moment]
