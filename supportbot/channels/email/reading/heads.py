"""What a raw mail says of itself before it is parsed: one look at its header block."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

#: The header block of real mail is smaller.
_MOST_BYTES: Final = 65_536
_DATE: Final = re.compile(rb"^date:[ \t]*([^\r\n]{1,200})", re.IGNORECASE | re.MULTILINE)


def written_at(raw: bytes) -> datetime | None:
    """Return when a mail says it was written; None: it does not, or nothing that can be read."""
    head = re.split(rb"\r?\n\r?\n", raw[:_MOST_BYTES], maxsplit=1)[0]
    found = _DATE.search(head)
    if found is None:
        return None
    try:
        moment = parsedate_to_datetime(found[1].decode("ascii", "replace"))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
