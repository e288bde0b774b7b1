"""IMAP behind an async face: one mailbox, one connection, one dedicated thread.

IMAPClient blocks, so every call runs in the thread of this connection. Mail is read with
BODY.PEEK[], which leaves it unseen; marking it seen is a call of its own, after the commit.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, ParamSpec, TypeVar

from imapclient import (  # type: ignore[import-untyped]  # ships no types
    SEEN,
    IMAPClient,
    SocketTimeout,
)
from imapclient.exceptions import (  # type: ignore[import-untyped]  # ships no types
    IMAPClientAbortError,
    IMAPClientError,
    LoginError,
)

from supportbot.channels.email.arriving.folders import is_set_aside
from supportbot.channels.email.connecting.imap_server import ImapServer, sign_in
from supportbot.errors import ChannelError

P = ParamSpec("P")
T = TypeVar("T")

#: Who is told to stop waits for a connection that is being made.
_CONNECT_SECONDS: Final = 10.0
#: A waiting thread looks up this often, so that it can be stopped.
_SLICE_SECONDS: Final = 1.0
#: So many answers in a row that came at once and were empty: the connection is gone.
_EMPTY_ANSWERS: Final = 3
#: A folder with more mails than this is searched in windows of UIDs: an answer is one line, and
#: the library takes lines up to a million bytes.
_MANY_MAILS: Final = 50_000
_WINDOW: Final = 50_000
#: Of a mail that is too large, so much of its header is read.
_HEADER_BYTES: Final = 262_144
#: Response codes and words of servers that could take us later (RFC 5530, and usual ones).
_COME_AGAIN: Final = (
    "[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[SYS/TEMP]", "TOO MANY", "TEMPORAR",
    "TRY AGAIN",
)  # fmt: skip


class ConnectionLost(ChannelError):
    """The mailbox cannot be reached right now; it is connected again after a pause."""

    permanent = False


class LoginRefused(ChannelError):
    """The mailbox refuses the user name or the password."""


class FolderRefused(ChannelError):
    """A folder is not there, cannot be opened, or is one that is never read."""


class MailRefused(ChannelError):
    """The server does not give one mail out; often a fault of what it stored."""

    permanent = False


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
    #: Only the beginning of the header block where the mail is too large.
    raw: bytes
    internal_date: datetime
    too_large: bool = False
    #: The server did not give it out, again and again: there are no bytes.
    withheld: bool = False


class _Client(IMAPClient):  # type: ignore[misc]  # ships no types
    """The library's client, which waits for the socket only."""

    def has_read_ahead(self) -> bool:
        """Tell whether there is something that the socket does not show any more.

        A notice may come in one packet with the beginning of IDLE, or of a TLS record.
        """
        connection = self.socket()
        connection.settimeout(0)
        try:
            return bool(self._imap.file.peek(1))
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            connection.settimeout(None)
            self._set_read_timeout()


class ImapConnection:
    """One connection; every method may raise `ConnectionLost`, after which it is closed."""

    def __init__(self, server: ImapServer, max_bytes: int) -> None:
        self._server = server
        self._max_bytes = max_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"imap-{server.username}")
        self._client: Any = None
        self._selected: str | None = None
        self._is_large = False

    @property
    def selected(self) -> str | None:
        """The folder that is open."""
        return self._selected

    async def open(self, secret: str) -> None:
        """Connect and sign in by password or access token.

        Raises:
            LoginRefused: wrong user name, password or token.
            ConnectionLost: everything else.
        """
        await self._call(self._open, secret)

    async def select(self, folder: str, *, look_only: bool = False) -> Opened:
        """Open a folder; whatever follows goes to it.

        Raises:
            FolderRefused: it is not there, or one that is never read.
        """
        return await self._call(self._select, folder, look_only=look_only)

    async def new_uids(self, after: int) -> list[int]:
        """List UIDs above this one, ascending; not all at once where there are very many."""
        return await self._call(self._search_after, after)

    async def first_since(self, day: date) -> int | None:
        """Return the lowest UID of mail that arrived on or after this day."""
        return await self._call(self._first_since, day)

    async def newest_arrival(self) -> datetime | None:
        """Return when the newest mail arrived, by the clock of the server."""
        return await self._call(self._newest_arrival)

    async def tells_news(self) -> bool:
        """Tell whether the server says by itself that mail has come."""
        return await self._call(self._can, "IDLE")

    async def fetch(self, uid: int) -> Fetched | None:
        """Read one mail without marking it; None if it vanished meanwhile.

        Raises:
            MailRefused: the server answers, but not with the mail.
        """
        return await self._call(self._fetch, uid)

    async def mark_seen(self, uid: int) -> None:
        """Set the Seen flag; done only once the mail is committed."""
        await self._call(self._mark_seen, uid)

    async def wait(self, seconds: float) -> None:
        """Wait until the server reports something, or until the time is over.

        One IDLE (RFC 2177) per call, so it is renewed at least that often. After silence the folder
        has to be selected again: one that was deleted and made anew reports nothing.
        """
        has_news = False
        if self._selected is None or not await self.tells_news():
            await asyncio.sleep(seconds)
        else:
            has_news = await self._idled(seconds)
        if not has_news:
            self._selected = None

    async def _idled(self, seconds: float) -> bool:
        await self._call(self._idle)
        deadline = time.monotonic() + seconds
        has_news, empty = False, 0
        while time.monotonic() < deadline and not has_news:
            has_news, at_once = await self._call(self._reports)
            empty = empty + 1 if at_once else 0
            if empty >= _EMPTY_ANSWERS:
                raise ConnectionLost(f"{self._server.host}: connection closed while waiting")
        await self._call(self._idle_done)
        return has_news

    async def aclose(self) -> None:
        """Hang up and end the thread, whatever it waits for; never raises."""
        client = self._client
        if client is not None:
            with suppress(OSError):
                client.socket().shutdown(socket.SHUT_RDWR)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        host = self._server.host
        try:
            return await loop.run_in_executor(self._thread, lambda: function(*args, **kwargs))
        except LoginError as error:
            # IMAPClient says so too when the server went away, or asks to come back later.
            if isinstance(error.__context__, IMAPClientAbortError) or _come_again(error):
                raise ConnectionLost(f"{host}: {error}") from error
            raise LoginRefused(f"{host}: {error}") from error
        except (IMAPClientError, IMAPClientAbortError, OSError, EOFError) as error:
            raise ConnectionLost(f"{host}: {error or type(error).__name__}") from error
        except (ValueError, LookupError, TypeError) as error:
            # What the library raises over answers that are no IMAP.
            raise ConnectionLost(f"{host}: answers nonsense ({type(error).__name__})") from error

    def _open(self, secret: str) -> None:
        self._close()  # of an attempt before
        server = self._server
        connecting = min(server.timeout_seconds, _CONNECT_SECONDS)
        self._client = client = _Client(
            server.host,
            server.port,
            ssl=server.tls,
            use_uid=True,
            timeout=SocketTimeout(connecting, server.timeout_seconds),
        )
        client.normalise_times = False  # else INTERNALDATE loses its time zone
        sign_in(client, server, secret)

    def _select(self, folder: str, *, look_only: bool) -> Opened:
        self._selected = None
        for attributes, _, name in self._client.list_folders("", folder):
            if name == folder and is_set_aside(name, [flag.decode() for flag in attributes]):
                raise FolderRefused(f"{folder}: holds junk, sent mail, drafts or trash")
        try:
            facts = self._client.select_folder(folder, readonly=look_only)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            if _come_again(error):
                raise
            raise FolderRefused(f"{folder}: {error}") from error
        if b"UIDVALIDITY" not in facts:
            raise FolderRefused(f"{folder}: the server numbers its mail anew each time")
        self._selected, self._is_large = folder, int(facts[b"EXISTS"]) > _MANY_MAILS
        uidnext = facts.get(b"UIDNEXT") or self._last_uid() + 1
        return Opened(int(facts[b"UIDVALIDITY"]), int(uidnext))

    def _last_uid(self) -> int:
        return max(self._search(["UID", "*"]), default=0)

    def _newest_arrival(self) -> datetime | None:
        uid = self._last_uid()
        facts = self._client.fetch([uid], ["INTERNALDATE"]).get(uid) if uid else None
        moment: datetime | None = facts.get(b"INTERNALDATE") if facts else None
        return moment

    def _search(self, criteria: list[Any]) -> list[int]:
        return sorted(int(uid) for uid in self._client.search(criteria))

    def _search_after(self, after: int) -> list[int]:
        self._client.noop()  # some servers show new mail only after a command of this kind
        if not self._is_large:
            # `n:*` always names the last mail, even where it is older (RFC 3501 6.4.8).
            return [uid for uid in self._search(["UID", f"{after + 1}:*"]) if uid > after]
        return next(self._windows(after, []), [])

    def _first_since(self, day: date) -> int | None:
        since: list[Any] = ["SINCE", day]
        found = next(self._windows(0, since), []) if self._is_large else self._search(since)
        return found[0] if found else None

    def _windows(self, after: int, criteria: list[Any]) -> Iterator[list[int]]:
        """Search above a UID in ranges of UIDs, so that no answer grows too long."""
        last = self._last_uid()
        while after < last:
            found = self._search([*criteria, "UID", f"{after + 1}:{after + _WINDOW}"])
            if found:
                yield found
            after += _WINDOW

    def _fetch(self, uid: int) -> Fetched | None:
        try:
            facts = self._client.fetch([uid], ["RFC822.SIZE", "INTERNALDATE"]).get(uid)
            if not facts:
                return None
            too_large = int(facts[b"RFC822.SIZE"]) > self._max_bytes
            item = f"BODY.PEEK[HEADER]<0.{_HEADER_BYTES}>" if too_large else "BODY.PEEK[]"
            content = self._client.fetch([uid], [item]).get(uid)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            raise MailRefused(f"{self._selected}: mail {uid} is not given out: {error}") from error
        if not content:
            return None
        (raw,) = (value for key, value in content.items() if key.startswith(b"BODY["))
        return Fetched(uid, raw or b"", facts[b"INTERNALDATE"], too_large)

    def _mark_seen(self, uid: int) -> None:
        self._client.add_flags([uid], [SEEN], silent=True)

    def _can(self, capability: str) -> bool:
        return bool(self._client.has_capability(capability))

    def _idle(self) -> None:
        self._client.idle()

    def _reports(self) -> tuple[bool, bool]:
        """Look for a slice of time; tell whether there is news, or nothing and that at once.

        After an EOF the client answers like the latter for ever, over TLS once in a while.
        """
        if self._client.has_read_ahead():
            return True, False
        started = time.monotonic()
        found = self._client.idle_check(timeout=_SLICE_SECONDS)
        if any(line and line[0] == b"BYE" for line in found):
            raise ConnectionLost(f"{self._server.host}: the server said BYE")
        at_once = not found and time.monotonic() - started < _SLICE_SECONDS / 2
        return any(line and line[-1] in {b"EXISTS", b"RECENT"} for line in found), at_once

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


def _come_again(error: Exception) -> bool:
    """Tell whether a refusal says that it is one for the moment."""
    said = str(error).upper()
    return any(words in said for words in _COME_AGAIN)
