"""Small real mail servers on loopback: a sink that keeps what it is sent, and a way to hand in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

#: RFC 5321 4.5.3.1.6, without the CRLF.
_MAX_LINE_BYTES: Final = 998


@dataclass(frozen=True, slots=True)
class Sunk:
    """One message that the sink took."""

    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The parsed message."""
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass(slots=True)
class MailSink:
    """An SMTP server that keeps every message; answers can be programmed while it runs.

    Strict as real servers are: no bare LF, no line above 998 characters, and 8-bit headers only
    where SMTPUTF8 was asked for.
    """

    port: int = 0
    messages: list[Sunk] = field(default_factory=list)
    #: Recipient → answer at RCPT, such as `550 5.1.1 unknown`.
    refuse: dict[str, str] = field(default_factory=dict)
    #: Answer after the message, such as `451 try later`; None takes it.
    data_answer: str | None = None
    #: Break off without an answer before the message was begun, or after it was taken.
    vanish_before_data: bool = False
    vanish_after_data: bool = False

    @property
    def url(self) -> str:
        """What a mailbox is configured with."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Answer RCPT."""
        if self.vanish_before_data:
            _abort(server)
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Answer the end of DATA."""
        raw = envelope.original_content or b""
        fault = _fault(raw, any_header=envelope.smtp_utf8)
        if fault:
            return f"554 5.6.0 {fault}"
        if self.data_answer is not None:
            return self.data_answer
        self.messages.append(Sunk(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw))
        if self.vanish_after_data:
            _abort(server)
        return "250 taken"


@asynccontextmanager
async def mail_sink() -> AsyncIterator[MailSink]:
    """Run a sink on a free port of 127.0.0.1."""
    sink = MailSink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, enable_SMTPUTF8=True, hostname="sink.test", loop=loop), "127.0.0.1", 0
    )
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()


async def hand_in(port: int, mail_from: str, recipients: list[str], raw: bytes) -> str:
    """Send raw bytes over SMTP as they are; returns the last answer, such as `250 ...`.

    Line ends are made CRLF. A refusal is an answer too, not an exception.
    """
    content = b"\r\n".join(raw.replace(b"\r\n", b"\n").split(b"\n"))
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=10, start_tls=False)
    try:
        await client.connect()
        await client.mail(mail_from)
        for recipient in recipients:
            await client.rcpt(recipient)
        answer = await client.data(content)
        await client.quit()
    except aiosmtplib.SMTPResponseException as error:
        client.close()
        return f"{error.code} {error.message}"
    return f"{answer.code} {answer.message}"


def _abort(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()


def _fault(raw: bytes, *, any_header: bool) -> str | None:
    if b"\n" in raw.replace(b"\r\n", b""):
        return "bare LF"
    if max((len(line) for line in raw.split(b"\r\n")), default=0) > _MAX_LINE_BYTES:
        return "line too long"
    head = raw.partition(b"\r\n\r\n")[0]
    return None if any_header or head.isascii() else "8-bit header"
