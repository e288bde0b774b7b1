"""How far a mailbox folder was read."""

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
