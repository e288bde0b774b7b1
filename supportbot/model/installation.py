"""An app that was installed into somebody's workspace, and what we were granted there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """What an installation gives us. The token in it can only be read by the channel's own key."""

    #: Whose it is: the provider's id of the workspace, or of the organisation for all of its own.
    owner: str
    #: The owner's name, as people read it.
    name: str
    app_id: str
    #: Who we are there: the user id and the bot id that our messages carry.
    bot_user: str
    bot_id: str
    scopes: tuple[str, ...]
    #: The tokens, encrypted; the store never sees them.
    sealed: str
    #: The person who installed it, as the provider names them.
    installed_by: str
    installed_at: datetime
    #: The workspace's address, for links; empty: unknown.
    url: str = ""
    #: The token must be exchanged for a new one before that moment; None: it stays valid.
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Installation:
    """A stored grant."""

    id: int
    grant: Grant
    #: Counts the changes of the grant: a change that names another one changes nothing.
    revision: int
    #: The owner took it back then; there is no token any more.
    removed_at: datetime | None = None
