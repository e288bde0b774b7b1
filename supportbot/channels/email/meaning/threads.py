"""The names by which a mail finds its ticket, in the order in which they are trusted.

A signed address proves its ticket. Then come In-Reply-To and the References, the newest first; the
tag in a subject, which anybody may write, is told apart from these.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from supportbot.channels.email import identity
from supportbot.channels.email.meaning.addressees import written_to
from supportbot.channels.email.reading.addresses import id_domain
from supportbot.channels.email.reading.mail import Mail
from supportbot.channels.email.reading.parse import body_of, message_ids
from supportbot.model.inbound import Inbound

_MAX_PARENTS: Final = 50
#: Where the id of a mail is looked for before it is parsed: the header block is small.
_HEAD_BYTES: Final = 65_536
_MAX_KEY_CHARS: Final = 500
#: So much of a ticket's id stands in a subject, in the alphabet of the id (Crockford's base 32).
_TAG_CHARS: Final = 8
_TAG: Final = re.compile(rf"\[#([0-9A-HJKMNP-TV-Z]{{{_TAG_CHARS}}})\]\s?", re.IGNORECASE)


def parents(mail: Mail, inbound: Inbound, address: str, secret: bytes) -> tuple[str, ...]:
    """Name the thread that a mail follows, by trust; at most fifty names. `address`: the mailbox's.

    What we signed comes first: the ticket of the reply address, then the delivery whose return
    path a report was sent to. A report's first parent is the mail that it returns.
    """
    to = written_to(mail, inbound)
    tickets = [key for one in to if (key := identity.ticket_of(one, secret))]
    reported = returned_to(mail, inbound, address, secret)
    named = [*mail.returned.message_ids, *mail.in_reply_to, *reversed(mail.references)]
    ids = [f"mid:{one}" for one in (*reported, *named) if one != mail.message_id]
    return tuple(dict.fromkeys([*tickets, *ids]))[:_MAX_PARENTS]


def returned_to(mail: Mail, inbound: Inbound, address: str, secret: bytes) -> list[str]:
    """Return the Message-IDs of the deliveries whose signed return paths a mail was sent to."""
    to = written_to(mail, inbound)
    digests = [name for one in to if (name := identity.delivery_of(one, secret))]
    return [identity.message_id_of(one, id_domain(address), secret) for one in digests]


def own_key(mail: Mail, raw: bytes) -> str:
    """Name the mail itself: by its id, or by its content where it has none."""
    if mail.message_id:
        return f"mid:{mail.message_id}"
    return f"raw:{hashlib.sha256(raw).hexdigest()}"


def content_key(raw: bytes) -> str:
    """Name a mail by its id and its body: different mails do share ids, relays do add headers."""
    digest = hashlib.sha256(body_of(raw)).hexdigest()
    head = raw[: len(raw) - len(body_of(raw))][:_HEAD_BYTES]
    line = _id_line(head)
    ids = message_ids(line.decode("utf-8", "replace"))
    if not ids:
        return f"raw:{hashlib.sha256(raw).hexdigest()}"
    return f"mid:{ids[0][: _MAX_KEY_CHARS - len(digest) - 5]}:{digest}"


def tag_of(subject: str | None) -> str | None:
    """Return the end of the ticket's id that a subject names, in capitals."""
    found = _TAG.search(subject or "")
    return found[1].upper() if found else None


def without_tag(subject: str | None) -> str | None:
    """Return the subject as it was before we put a ticket's tag into it."""
    return _TAG.sub("", subject) if subject else subject


def tagged(subject: str | None, ticket: str) -> str:
    """Put the end of a ticket's public id before a subject, where nothing cuts it off."""
    return f"[#{ticket[-_TAG_CHARS:]}] {without_tag(subject) or ''}".rstrip()


def _id_line(head: bytes) -> bytes:
    """Return the Message-ID header with its folded continuation."""
    lines = head.splitlines()
    for index, line in enumerate(lines):
        if line[:11].lower() == b"message-id:":
            return b" ".join(lines[index : index + 2])
    return b""
