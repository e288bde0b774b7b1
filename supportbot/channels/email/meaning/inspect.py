"""One mail as `supportbot email inspect` shows it: what we read, and what we would do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from supportbot.channels.email.authenticity.judge import Trust, authenticity
from supportbot.channels.email.authenticity.stated import servers
from supportbot.channels.email.meaning.bounce import recipients
from supportbot.channels.email.meaning.disposition import Evidence, judge
from supportbot.channels.email.meaning.said import said_now
from supportbot.channels.email.reading.mail import Address, Mail
from supportbot.channels.email.reading.parse import parse_mail


def inspect(
    raw: bytes,
    file: str,
    received_at: datetime | None = None,
    authserv_ids: Sequence[str] = (),
) -> dict[str, Any]:
    """Return a JSON object with every key always present; ids stand without angle brackets.

    Looks at the bytes alone: without a mailbox there are no own addresses and no cut-over, and
    of servers only those of `authserv_ids` are believed.
    """
    mail = parse_mail(raw, received_at)
    disposition = judge(Evidence(mail))
    return {
        "file": file,
        "message_id": _bare(mail.message_id),
        "from": _shown(mail.sender or next(iter(mail.authors), Address("", ""))),
        "to": [_shown(address) for address in mail.to],
        "subject": mail.subject,
        "date": mail.date.isoformat() if mail.date else None,
        "kind": disposition.kind.value,
        "reply_allowed": disposition.reply_allowed,
        "reasons": list(disposition.reasons),
        "text": mail.text,
        "reply_text": said_now(mail),
        "attachments": [
            {
                "filename": one.filename,
                "content_type": one.content_type,
                "size": len(one.content),
            }
            for one in mail.files
        ],
        "in_reply_to": _bare(next(iter(mail.in_reply_to), None)),
        "references": [_bare(one) for one in mail.references],
        "recipients": [
            {
                "address": one.address,
                "status": one.status,
                "action": one.action,
                "permanent": one.permanent,
            }
            for one in recipients(mail)
        ],
        "authentication": _authentication(mail, raw, authserv_ids),
        "warnings": _warnings(mail),
    }


def _authentication(mail: Mail, raw: bytes, authserv_ids: Sequence[str]) -> dict[str, Any]:
    found = authenticity(mail, raw, {}, Trust(tuple(authserv_ids)))
    return {
        "result": "verified" if found.verified else "unverified",
        "reason": ", ".join(found.reasons),
        "servers": servers(raw),
    }


def _shown(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}


def _bare(message_id: str | None) -> str | None:
    return message_id.strip("<>") if message_id else None


def _warnings(mail: Mail) -> list[str]:
    return [*mail.warnings, *([mail.unreadable] if mail.unreadable else [])]
