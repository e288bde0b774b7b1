"""The channel contract, over real SMTP in both directions and with a maildir outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from supportbot.channels.base import Channel
from supportbot.channels.email.arriving.listener import MailListener
from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.store.database import Database
from supportbot.testing.contracts.channel import ChannelContract, ChannelRig
from supportbot.testing.mail import MailSink, hand_in, mail_sink


class MailRig:
    """A customer with a mail program, and a mail server that takes our replies."""

    def __init__(self, channel: EmailChannel, listener: MailListener, sink: MailSink) -> None:
        self.channel: Channel = channel
        self._listener = listener
        self._sink = sink

    async def write(self, text: str, key: str) -> bool:
        raw = (
            "From: Ann <ann@cust.example>\r\nTo: help@bot.example\r\nSubject: Parcel\r\n"
            f"Message-ID: <{key}@cust.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            f"{text}\r\n"
        ).encode()
        to = ["help@bot.example"]
        return (await hand_in(self._listener.port, "ann@cust.example", to, raw)).startswith("250")

    async def arrived(self) -> Sequence[str]:
        return [_plain(message_from_bytes(sunk.raw)) for sunk in self._sink.messages]

    def refuse_next(self, *, permanent: bool) -> None:
        self._sink.data_answer = "554 no" if permanent else "451 not now"

    def interrupt_next(self, *, left: bool) -> None:
        self._sink.vanish_after_data = left
        self._sink.vanish_before_data = not left


class OutboxRig(MailRig):
    """The same customer; replies lie in a folder."""

    def __init__(self, channel: EmailChannel, listener: MailListener, outbox: Path) -> None:
        super().__init__(channel, listener, MailSink())
        self._outbox = outbox

    async def arrived(self) -> Sequence[str]:
        files = sorted((self._outbox / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
        return [_plain(message_from_bytes(file.read_bytes())) for file in files]


def make_channel(
    db: Database, listener: MailListener, *, smtp: str | None = None, outbox: Path | None = None
) -> EmailChannel:
    config = EmailConfig("help@bot.example", b"k" * 32, smtp=smtp, outbox=outbox)
    return EmailChannel(config, db, lambda: datetime.now(UTC), listener)


def _plain(message: Message) -> str:
    part = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


class TestEmailChannelOverSmtp(ChannelContract):
    can_find = False  # a mail server does not tell what it was handed

    @pytest.fixture
    async def rig(self, sqlite_db: Database) -> AsyncIterator[ChannelRig]:
        listener = MailListener("127.0.0.1", 0)
        async with mail_sink() as sink:
            yield MailRig(make_channel(sqlite_db, listener, smtp=sink.url), listener, sink)


class TestEmailChannelWithAnOutbox(ChannelContract):
    can_refuse = False
    can_interrupt = False

    @pytest.fixture
    async def rig(self, sqlite_db: Database, tmp_path: Path) -> ChannelRig:
        listener = MailListener("127.0.0.1", 0)
        outbox = tmp_path / "out"
        return OutboxRig(make_channel(sqlite_db, listener, outbox=outbox), listener, outbox)
