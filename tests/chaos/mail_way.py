"""Customers who write mails: a server that hands them over by SMTP and tries again as MTAs do."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import aiosmtplib

from supportbot.testing.mail import MailSink, hand_in
from tests.chaos.conversation import Conversation, Heard

_RETRY_SECONDS = 0.15


class Box(Protocol):
    """Where the bot's mails end up."""

    def mails(self) -> list[EmailMessage]:
        """Return them in the order in which they arrived."""


class MaildirBox:
    """The product's own outbox folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "new"
        self._read: dict[str, tuple[int, EmailMessage]] = {}

    def mails(self) -> list[EmailMessage]:
        """Read what is new in the folder."""
        for path in self._folder.glob("*"):
            if path.name not in self._read:
                self._read[path.name] = (path.stat().st_mtime_ns, _parsed(path.read_bytes()))
        return [mail for _, mail in sorted(self._read.values(), key=lambda read: read[0])]


class SinkBox:
    """A mail server that took them."""

    def __init__(self, sink: MailSink) -> None:
        self._sink = sink
        self._read: list[EmailMessage] = []

    def mails(self) -> list[EmailMessage]:
        """Read what is new in the sink."""
        self._read += [sunk.message for sunk in self._sink.messages[len(self._read) :]]
        return self._read


class MailWay:
    """One mailbox of the product, and everybody who writes to it."""

    look_seconds = 0.1

    def __init__(self, name: str, address: str, port: int, box: Box) -> None:
        self.name = name
        self._address = address
        self._port = port
        self._box = box

    async def say(self, conversation: Conversation, text: str) -> None:
        """Hand it over until it is taken; the Message-ID stays the same."""
        sender = f"{conversation.name}@customer.test"
        ids: list[str] = conversation.place.setdefault("ids", [])
        mail = _written(sender, self._address, ids, text)
        ids.append(mail["Message-ID"])
        while not await self._taken(sender, bytes(mail)):  # noqa: ASYNC110 - another process takes it
            await asyncio.sleep(_RETRY_SECONDS)

    async def look(self, conversation: Conversation) -> None:
        """Read the mails to this customer."""
        sender = f"{conversation.name}@customer.test"
        conversation.heard = [
            Heard(str(mail["Message-ID"]), _text(mail))
            for mail in self._box.mails()
            if sender in str(mail["To"])
        ]

    async def _taken(self, sender: str, raw: bytes) -> bool:
        try:
            answer = await hand_in(self._port, sender, [self._address], raw)
        except (aiosmtplib.SMTPException, OSError):
            return False
        if answer.startswith("5"):
            raise RuntimeError(f"the product refused a mail for good: {answer}")
        return answer.startswith("2")


def _written(sender: str, to: str, earlier: list[str], text: str) -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, "Backups"
    mail["Message-ID"] = f"<{len(earlier) + 1}.{sender}>"
    if earlier:
        mail["In-Reply-To"], mail["References"] = earlier[-1], " ".join(earlier)
    mail.set_content(text)
    return mail


def _parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""
