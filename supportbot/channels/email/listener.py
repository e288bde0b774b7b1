"""The inbound SMTP server, shared by all mailboxes of one process.

It fits the channel contract so: it is built once and handed to every `EmailChannel`; each of them
registers its addresses while it runs. The first one opens the port, the last one closes it. It
belongs behind a real mail server, never straight on the internet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from supportbot.channels.email.disposition import without_plus
from supportbot.errors import SettingsError

log = structlog.get_logger(__name__)

_CLIENT_TIMEOUT_SECONDS: Final = 60.0
_MAX_RECIPIENTS: Final = 100


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came over SMTP, for one mailbox."""

    raw: bytes
    #: Empty: the null path.
    mail_from: str
    #: Recipients of the envelope that belong to this mailbox, as they were given.
    recipients: tuple[str, ...]
    peer: str
    helo: str


#: Commits the message; returns once it is on disk, raises when it is not.
Deliver = Callable[[Received], Awaitable[None]]


class SmtpListener:
    """Takes mail for registered addresses and answers 250 only after it is committed."""

    def __init__(
        self, host: str, port: int, *, max_bytes: int = 30_000_000, hostname: str = "supportbot"
    ) -> None:
        self.host = host
        #: 0 picks a free port; the real one stands here once a mailbox runs.
        self.port = port
        self._max_bytes = max_bytes
        self._hostname = hostname
        self._routes: dict[str, Deliver] = {}
        self._server: asyncio.Server | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def serving(self, addresses: Iterable[str], deliver: Deliver) -> AsyncIterator[None]:
        """Accept mail for these addresses (and their plus-forms) while the block runs.

        Raises:
            SettingsError: an address is taken by another mailbox, or the port is busy.
        """
        names = {without_plus(address) for address in addresses}
        taken = names & self._routes.keys()
        if taken:
            raise SettingsError(f"two mailboxes claim {', '.join(sorted(taken))}")
        async with self._lock:
            if self._server is None:
                self._server = await self._opened()
            self._routes.update(dict.fromkeys(names, deliver))
        try:
            yield
        finally:
            for name in names:
                del self._routes[name]
            if not self._routes and self._server is not None:
                self._server.close()
                self._server = None

    def route(self, address: str) -> Deliver | None:
        """Return who takes mail for this address."""
        return self._routes.get(without_plus(address))

    async def _opened(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._protocol, self.host, self.port)
        except OSError as error:
            raise SettingsError(
                f"smtp listener: cannot listen on {self.host}:{self.port}: {error.strerror}"
            ) from error
        self.port = server.sockets[0].getsockname()[1]
        return server

    def _protocol(self) -> SMTP:
        return SMTP(
            _Handler(self),
            data_size_limit=self._max_bytes,
            enable_SMTPUTF8=True,
            hostname=self._hostname,
            ident="ESMTP",
            timeout=_CLIENT_TIMEOUT_SECONDS,
            loop=asyncio.get_running_loop(),
        )


class _Handler:
    """What aiosmtpd calls; the method names are its."""

    def __init__(self, listener: SmtpListener) -> None:
        self._listener = listener

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self._listener.route(address) is None:
            return "550 5.1.1 no such mailbox here"
        if len(envelope.rcpt_tos) >= _MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        by_mailbox: dict[Deliver, list[str]] = {}
        for address in envelope.rcpt_tos:
            deliver = self._listener.route(address)
            if deliver is None:  # its mailbox was closed between RCPT and DATA
                return "451 4.3.2 mailbox is shutting down, try again"
            by_mailbox.setdefault(deliver, []).append(address)
        raw = envelope.original_content or b""
        for deliver, addresses in by_mailbox.items():
            peer = str(session.peer[0]) if session.peer else ""
            helo = str(session.host_name or "")
            await deliver(Received(raw, envelope.mail_from or "", tuple(addresses), peer, helo))
        return "250 2.0.0 committed"

    async def handle_exception(self, error: Exception) -> str:
        """Ask to try again whatever went wrong: the sender keeps the mail meanwhile."""
        log.warning("smtp_commit_failed", error=type(error).__name__)
        return "451 4.3.0 could not be stored, try again later"
