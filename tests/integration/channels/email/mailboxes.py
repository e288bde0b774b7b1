"""A mailbox of ours and mails of a customer, for tests against IMAP servers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from supportbot.channels.email.arriving.receiver import Pace
from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.store.database import Database

CHANNEL = "email:help@bot.example"
QUICK = Pace(
    poll_seconds=0.3,
    first_retry_seconds=0.05,
    last_retry_seconds=0.1,
    login_retry_seconds=0.05,
    last_login_retry_seconds=0.1,
)
#: Looks by itself so rarely that what is heard was told by the server.
PATIENT = Pace(poll_seconds=60, first_retry_seconds=0.05, last_retry_seconds=0.1)


def mail(number: int, *, date: str = "") -> bytes:
    """Write a customer's mail."""
    head = f"Date: {date}\r\n" if date else ""
    return (
        f"From: Ann <ann@cust.example>\r\nTo: help@bot.example\r\nSubject: Case {number}\r\n{head}"
        f"Message-ID: <{number}@cust.example>\r\n\r\nQuestion {number}?\r\n"
    ).encode()


def make_channel(db: Database, url: str, pace: Pace = QUICK, **changes: Any) -> EmailChannel:
    """Make the channel of `help@bot.example`, read at this URL with the password `secret`."""
    facts: dict[str, Any] = {
        "imap": url,
        "imap_password": "secret",
        "pace": pace,
        "timeout_seconds": 1.0,
        **changes,
    }
    config = EmailConfig("help@bot.example", b"k" * 32, **facts)
    return EmailChannel(config, db, lambda: datetime.now(UTC))


def subjects(channel: EmailChannel, desk: Any) -> list[str | None]:
    """Name what was heard, in order."""
    return [channel.parse(inbound).subject for inbound in desk.heard]
