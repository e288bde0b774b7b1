"""IMAP behind an async face: one mailbox folder, one connection, one dedicated thread.

IMAPClient blocks, so every call runs in the thread of this connection. Mail is read with
BODY.PEEK[], which leaves it unseen; marking it seen is a call of its own, after the commit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit

from imapclient import SEEN, IMAPClient  # type: ignore[import-untyped]  # ships no types
from imapclient.exceptions import (  # type: ignore[import-untyped]  # ships no types
    IMAPClientAbortError,
    IMAPClientError,
    LoginError,
)

from supportbot.errors import ChannelError, SettingsError

P = ParamSpec("P")
T = TypeVar("T")

_IMAPS_PORT: Final = 993
_IMAP_PORT: Final = 143
#: A waiting thread looks up this often, so that it can be stopped.
_SLICE_SECONDS: Final = 1.0


class ConnectionLost(ChannelError):
    """The mailbox cannot be reached right now; it is connected again after a pause."""

    permanent = False


class LoginRefused(ChannelError):
    """The mailbox refuses the user name or the password."""


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where a mailbox is read."""

    host: str
    port: int
    tls: bool
    username: str
    password: str
    folder: str = "INBOX"
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A selected folder."""

    uidvalidity: int
    #: The UID that the next arriving mail will get.
    uidnext: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail as it lies on the server."""

    uid: int
    #: Only the header block where the mail is too large.
    raw: bytes
    internal_date: datetime
    too_large: bool = False


def imap_server(url: str, password: str, timeout_seconds: float = 30.0) -> ImapServer:
    """Read `imaps://user@host:993/Folder` (or `imap://` for this machine and tests).

    Raises:
        SettingsError: another scheme, no host or no user.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username:
        raise SettingsError(f"imap url {url!r} should look like imaps://user@host:993")
    tls = parts.scheme == "imaps"
    return ImapServer(
        host=parts.hostname,
        port=parts.port or (_IMAPS_PORT if tls else _IMAP_PORT),
        tls=tls,
        username=unquote(parts.username),
        password=password,
        folder=unquote(parts.path.strip("/")) or "INBOX",
        timeout_seconds=timeout_seconds,
    )


class ImapConnection:
    """One connection; every method may raise `ConnectionLost`, after which it is closed."""

    def __init__(self, server: ImapServer, max_bytes: int) -> None:
        self._server = server
        self._max_bytes = max_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"imap-{server.username}")
        self._client: Any = None

    async def open(self) -> Opened:
        """Connect, log in and select the folder.

        Raises:
            LoginRefused: wrong user name or password.
            ConnectionLost: everything else.
        """
        return await self._call(self._open)

    async def new_uids(self, after: int) -> list[int]:
        """List the UIDs above this one, ascending."""
        found: Sequence[int] = await self._call(self._search, ["UID", f"{after + 1}:*"])
        # `n:*` always names the last mail, even where it is older (RFC 3501 6.4.8).
        return sorted(uid for uid in found if uid > after)

    async def uids_since(self, day: date) -> list[int]:
        """List the UIDs of mail that arrived on or after this day, ascending."""
        return sorted(await self._call(self._search, ["SINCE", day]))

    async def fetch(self, uid: int) -> Fetched | None:
        """Read one mail without marking it; None if it vanished meanwhile."""
        return await self._call(self._fetch, uid)

    async def mark_seen(self, uid: int) -> None:
        """Set the Seen flag; done only once the mail is committed."""
        await self._call(self._mark_seen, uid)

    async def wait(self, seconds: float) -> None:
        """Wait until the server reports something, or until the time is over.

        One IDLE (RFC 2177) per call, so it is renewed at least that often.
        """
        if not await self._call(self._can_idle):
            await asyncio.sleep(seconds)
            return
        await self._call(self._idle)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not await self._call(self._reports):
            pass
        await self._call(self._idle_done)

    async def aclose(self) -> None:
        """Log out and end the thread; never raises."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))
        except LoginError as error:
            # IMAPClient says so too when the server went away, or asks to come back later.
            if isinstance(error.__context__, IMAPClientAbortError) or "[UNAVAILABLE]" in str(error):
                raise ConnectionLost(f"{self._server.host}: {error}") from error
            raise LoginRefused(f"{self._server.host}: {error}") from error
        except (IMAPClientError, IMAPClientAbortError, OSError, EOFError) as error:
            raise ConnectionLost(f"{self._server.host}: {error or type(error).__name__}") from error

    def _open(self) -> Opened:
        server = self._server
        client = IMAPClient(
            server.host, server.port, ssl=server.tls, use_uid=True, timeout=server.timeout_seconds
        )
        client.normalise_times = False  # else INTERNALDATE loses its time zone
        self._client = client
        client.login(server.username, server.password)
        facts = client.select_folder(server.folder)
        uidnext = facts.get(b"UIDNEXT")
        if uidnext is None:
            uids = client.search(["ALL"])
            uidnext = max(uids, default=0) + 1
        return Opened(int(facts[b"UIDVALIDITY"]), int(uidnext))

    def _search(self, criteria: list[Any]) -> Sequence[int]:
        self._client.noop()  # some servers show new mail only after a command of this kind
        return [int(uid) for uid in self._client.search(criteria)]

    def _fetch(self, uid: int) -> Fetched | None:
        facts = self._client.fetch([uid], ["RFC822.SIZE", "INTERNALDATE"]).get(uid)
        if not facts:
            return None
        too_large = int(facts[b"RFC822.SIZE"]) > self._max_bytes
        item = b"BODY.PEEK[HEADER]" if too_large else b"BODY.PEEK[]"
        content = self._client.fetch([uid], [item]).get(uid)
        if not content:
            return None
        raw = content[item.replace(b".PEEK", b"")] or b""
        return Fetched(uid, raw, facts[b"INTERNALDATE"], too_large)

    def _mark_seen(self, uid: int) -> None:
        self._client.add_flags([uid], [SEEN], silent=True)

    def _can_idle(self) -> bool:
        return bool(self._client.has_capability("IDLE"))

    def _idle(self) -> None:
        self._client.idle()

    def _reports(self) -> bool:
        started = time.monotonic()
        found = self._client.idle_check(timeout=_SLICE_SECONDS)
        if any(line and line[0] == b"BYE" for line in found):
            raise ConnectionLost(f"{self._server.host}: the server said BYE")
        # After an EOF the client answers at once and with nothing, for ever.
        if not found and time.monotonic() - started < _SLICE_SECONDS / 2:
            raise ConnectionLost(f"{self._server.host}: connection closed while waiting")
        return any(line and line[-1] in {b"EXISTS", b"RECENT"} for line in found)

    def _idle_done(self) -> None:
        self._client.idle_done()

    def _close(self) -> None:
        if self._client is None:
            return
        try:
            self._client.shutdown()
        except (IMAPClientError, IMAPClientAbortError, OSError):
            return
        finally:
            self._client = None
