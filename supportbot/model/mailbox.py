"""How far a mailbox folder was read, and what the mailbox was granted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MailboxCursor:
    """The last mail that was committed of a folder, and since when mail is answered."""

    folder: str
    #: RFC 3501 2.3.1.1: UIDs mean something only together with it.
    uidvalidity: int
    last_uid: int
    #: The first connection; whatever arrived before it is never answered.
    cut_over_at: datetime


@dataclass(frozen=True, slots=True)
class MailGrant:
    """The tokens that came last, for a mailbox that takes no password."""

    #: Names the configured refresh token they began with: beside another one they mean nothing.
    origin: str
    #: The tokens, encrypted; the store never sees them.
    sealed: str
    #: The access token must be exchanged for a new one before that moment.
    expires_at: datetime
    #: Counts the changes: a change that names another one changes nothing.
    revision: int = 0
