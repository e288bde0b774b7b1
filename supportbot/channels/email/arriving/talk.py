"""One connection of a mail server to us: SMTP (RFC 5321) or LMTP (RFC 2033), on aiosmtpd.

A message ends at CRLF.CRLF and nowhere else, however other line ends are mixed: whoever counts
differently cannot smuggle a second one in.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Sequence
from typing import AnyStr, Final, Protocol

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

_log = structlog.get_logger(__name__)

#: A piece of a long line that is read at once; lines themselves may be as long as the mail.
_PIECE_BYTES: Final = 65_536
_CLIENT_SECONDS: Final = 300.0
_MAX_RECIPIENTS: Final = 100
#: Refusals after which a client is sent away, and calls of one command in a connection.
_MAX_REFUSALS: Final = 30
_MAX_CALLS: Final = {
    "*": 20, "NOOP": 200, "RSET": 2_000, "MAIL": 2_000, "DATA": 2_000, "RCPT": 40_000, "QUIT": 2,
}  # fmt: skip


class Door(Protocol):
    """What a connection asks whoever opened the port."""

    #: Largest message.
    max_bytes: int
    hostname: str

    def enter(self, talk: Talk, peer: str) -> str | None:
        """Count a connection; returns the answer with which it is turned away, or None."""

    def leave(self, talk: Talk) -> None:
        """Forget a connection."""

    def refusal(self, recipient: str) -> str | None:
        """Return the answer for a recipient that is not taken; None: it is."""

    async def take(
        self, content: bytes, mail_from: str, recipients: Sequence[str], peer: str, helo: str
    ) -> list[str]:
        """Commit a message; returns an answer for each recipient."""


class Talk(SMTP):
    """SMTP with our limits."""

    line_length_limit = _PIECE_BYTES
    command_size_limit = 2_048

    def __init__(self, door: Door, ident: str, tls: ssl.SSLContext | None) -> None:
        # The library's own is shared by all connections, and cleared by each new one.
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)
        super().__init__(
            _Handler(door),
            data_size_limit=door.max_bytes,
            enable_SMTPUTF8=True,
            hostname=door.hostname,
            ident=ident,
            tls_context=tls,
            timeout=_CLIENT_SECONDS,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            command_call_limit=_MAX_CALLS,
            loop=asyncio.get_running_loop(),
        )
        self._door = door
        self._refusals = 0
        #: Held while a message is committed and answered.
        self.answering = asyncio.Lock()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let a client in, or turn it away before it says a word."""
        # The second time, after STARTTLS, there is a transport already.
        if self.transport is None and isinstance(transport, asyncio.Transport):
            peer = transport.get_extra_info("peername")
            answer = self._door.enter(self, str(peer[0]) if peer else "")
            if answer is not None:
                transport.set_protocol(asyncio.Protocol())
                transport.write(f"{answer}\r\n".encode())
                transport.close()
                return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Make room for another."""
        self._door.leave(self)
        super().connection_lost(error)

    async def push(self, status: AnyStr) -> None:
        """Answer; a client that is refused again and again is sent away."""
        await super().push(status)
        self._refusals += status[:1] in {"5", b"5"}
        if self._refusals == _MAX_REFUSALS:
            self.part("421 4.7.0 too many errors")

    def part(self, words: str) -> None:
        """Say a last word and hang up."""
        if isinstance(self.transport, asyncio.Transport) and not self.transport.is_closing():
            self.transport.write(f"{words}\r\n".encode())
            self.transport.close()

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Take a message, commit it, and only then say so."""
        if await self.check_helo_needed():
            return
        envelope, session = self.envelope, self.session
        if envelope is None or session is None or not envelope.rcpt_tos or arg:
            await self.push("501 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._content()
        self.envelope = self._create_envelope()
        async with self.answering:
            self._reset_timeout()
            await self.push("\r\n".join(await self._answers(content, envelope, session)))

    async def _content(self) -> bytes | None:
        """Read a message; None: it is larger than what is taken, and was thrown away."""
        content, size, at_start = bytearray(), 0, True
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                piece = await self._reader.readexactly(error.consumed)
            if at_start and piece == b".\r\n":
                return bytes(content) if size <= self._door.max_bytes else None
            if at_start and piece.startswith(b"."):
                piece = piece[1:]
            at_start = piece.endswith(b"\r\n")
            size += len(piece)
            if size <= self._door.max_bytes:
                content += piece
            else:
                content.clear()

    async def _answers(
        self, content: bytes | None, envelope: Envelope, session: Session
    ) -> Sequence[str]:
        """Return the answers to a message; SMTP gives one for all recipients."""
        answers = await self._each(content, envelope, session)
        return [next((one for one in answers if one[:1] != "2"), answers[0])]

    async def _each(
        self, content: bytes | None, envelope: Envelope, session: Session
    ) -> Sequence[str]:
        if content is None:
            too_large = f"552 5.3.4 larger than {self._door.max_bytes} bytes"
            return [too_large] * len(envelope.rcpt_tos)
        return await self._door.take(
            content,
            envelope.mail_from or "",
            envelope.rcpt_tos,
            str(session.peer[0]) if session.peer else "",
            str(session.host_name or ""),
        )


class LocalTalk(Talk, LMTP):
    """LMTP: each recipient gets an answer of its own."""

    async def _answers(
        self, content: bytes | None, envelope: Envelope, session: Session
    ) -> Sequence[str]:
        return await self._each(content, envelope, session)


class _Handler:
    """What aiosmtpd calls; the method names are its."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name and arguments
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        offers = [one for one in responses if not one.startswith("250-AUTH")]
        return [*offers[:-1], "250-PIPELINING", *offers[-1:]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and arguments
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        refusal = self._door.refusal(address)
        if refusal is not None:
            return refusal
        if len(envelope.rcpt_tos) >= _MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_exception(self, error: Exception) -> str:
        """Ask to try again whatever went wrong: the sender keeps the mail meanwhile."""
        _log.warning("smtp_talk_failed", error=type(error).__name__)
        return "451 4.3.0 local error, try again later"
