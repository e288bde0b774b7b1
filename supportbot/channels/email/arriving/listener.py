"""The inbound SMTP or LMTP server, shared by all mailboxes of one process.

It fits the channel contract so: it is built once and handed to every `EmailChannel`; each of them
registers its addresses while it runs. The first one opens the port, the last one closes it. It
belongs behind a real mail server, never straight on the internet.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import structlog

from supportbot.channels.email.arriving.certificate import Certificate
from supportbot.channels.email.arriving.talk import LocalTalk, Talk
from supportbot.channels.email.meaning.disposition import belongs, without_plus
from supportbot.errors import SettingsError, StoreFull

log = structlog.get_logger(__name__)

#: What is being committed when the last mailbox ends is waited for.
_FAREWELL_SECONDS: Final = 10.0
_BUSY: Final = "421 4.3.2 too many connections, try again later"
_CLOSING: Final = "421 4.3.2 shutting down, try again later"
_AWAY: Final = "451 4.3.2 this mailbox is not up, try again later"
_FULL: Final = "452 4.3.1 no room left, try again later"
_FAILED: Final = "451 4.3.0 could not be stored, try again later"


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
#: Tells whether an address belongs to a mailbox that lists addresses, and makes others.
Owns = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class ListenerRules:
    """Who may hand in what, and how."""

    protocol: Literal["smtp", "lmtp"] = "smtp"
    #: Networks of the mail servers in front of us.
    peers: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    #: PEM files: STARTTLS is offered.
    certificate: Path | None = None
    certificate_key: Path | None = None
    max_connections: int = 50
    max_bytes: int = 30_000_000
    hostname: str = "supportbot"


class MailListener:
    """Takes mail for registered addresses and says so only after it is committed."""

    def __init__(
        self,
        host: str,
        port: int,
        addresses: Iterable[str] = (),
        rules: ListenerRules | None = None,
    ) -> None:
        """Take the addresses of all mailboxes: mail for one that does not run is only put off.

        Raises:
            SettingsError: the certificate cannot be read.
        """
        rules = rules or ListenerRules()
        self.host = host
        #: 0 picks a free port; the real one stands here once a mailbox runs.
        self.port = port
        self.max_bytes = rules.max_bytes
        self.hostname = rules.hostname
        self._rules = rules
        self._networks = [ipaddress.ip_network(peer) for peer in rules.peers]
        self._certificate = (
            Certificate(rules.certificate, rules.certificate_key) if rules.certificate else None
        )
        self._known = {without_plus(address) for address in addresses}
        self._routes: dict[str, Deliver] = {}
        self._made: list[tuple[Owns, Deliver]] = []
        self._talks: set[Talk] = set()
        self._commits: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def serving(
        self, addresses: Iterable[str], deliver: Deliver, owns: Owns = lambda _address: False
    ) -> AsyncIterator[None]:
        """Accept mail for these addresses (and their plus-forms) while the block runs.

        With `*@domain` among them, for those there that `owns` takes for the mailbox's too.

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
            self._known |= names
            made = (owns, deliver)
            self._made.append(made)
        try:
            yield
        finally:
            for name in names:
                del self._routes[name]
            self._made.remove(made)
            if not self._routes:
                await self.aclose()

    async def aclose(self) -> None:
        """Take no more, let what is being committed be answered, and part from everybody."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                for talk in tuple(self._talks):
                    async with talk.answering:
                        talk.part(_CLOSING)
        for talk in tuple(self._talks):
            talk.part(_CLOSING)

    def route(self, address: str) -> Deliver | None:
        """Return who takes mail for this address."""
        named = self._routes.get(without_plus(address))
        return named or next((deliver for owns, deliver in self._made if owns(address)), None)

    def refusal(self, recipient: str) -> str | None:
        """See `talk.Door`."""
        if self.route(recipient) is not None:
            return None
        away = belongs(recipient, self._known - self._routes.keys())
        return _AWAY if away else "550 5.1.1 no such mailbox here"

    def enter(self, talk: Talk, peer: str) -> str | None:
        """See `talk.Door`."""
        if not self._is_admitted(peer):
            log.warning("smtp_peer_refused", peer=peer)
            return "554 5.7.1 mail is not taken from this address"
        if len(self._talks) >= self._rules.max_connections:
            return _BUSY
        self._talks.add(talk)
        return None

    def leave(self, talk: Talk) -> None:
        """See `talk.Door`."""
        self._talks.discard(talk)

    async def take(
        self, content: bytes, mail_from: str, recipients: Sequence[str], peer: str, helo: str
    ) -> list[str]:
        """See `talk.Door`. A commit goes on when the connection is lost meanwhile."""
        routes = [self.route(recipient) for recipient in recipients]
        outcomes: dict[Deliver | None, str] = {None: _AWAY}
        for deliver in dict.fromkeys(routes):
            if deliver is not None:
                own = [
                    name for name, route in zip(recipients, routes, strict=True) if route is deliver
                ]
                received = Received(content, mail_from, tuple(own), peer, helo)
                outcomes[deliver] = await self._committed(deliver, received)
        return [outcomes[route] for route in routes]

    async def _committed(self, deliver: Deliver, received: Received) -> str:
        commit = asyncio.ensure_future(deliver(received))
        self._commits.add(commit)
        commit.add_done_callback(self._commits.discard)
        await asyncio.wait([commit])
        error = None if commit.cancelled() else commit.exception()
        if commit.cancelled() or error is not None:
            log.warning("smtp_commit_failed", error=type(error).__name__)
            return _FULL if isinstance(error, StoreFull) else _FAILED
        return "250 2.0.0 committed"

    def _is_admitted(self, peer: str) -> bool:
        if not peer:  # who hung up before we looked has no address
            return False
        address = ipaddress.ip_address(peer.partition("%")[0])
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any((mapped or address) in network for network in self._networks)

    async def _opened(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._talk, self.host, self.port)
        except OSError as error:
            raise SettingsError(
                f"mail listener: cannot listen on {self.host}:{self.port}: {error.strerror}"
            ) from error
        self.port = server.sockets[0].getsockname()[1]
        return server

    def _talk(self) -> Talk:
        tls = self._certificate.context() if self._certificate else None
        return (
            LocalTalk(self, "LMTP", tls)
            if self._rules.protocol == "lmtp"
            else Talk(self, "ESMTP", tls)
        )
