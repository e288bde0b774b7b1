"""The copy of each reply in the mailbox's folder of sent mail, which also tells what left.

The copy is written *before* the message leaves, right after the server took the envelope, and is
flagged; once the server has taken the message, the flag goes away. After a crash that leaves three
cases: no copy, and nothing left; a copy without a flag, and it left; a flagged copy, and nobody
can tell. Written only afterwards, a missing copy would prove nothing, and whatever died while
connecting would be in doubt too. This flag is one that every server keeps and gives back (keywords
some do not), and a mail that stays flagged among those sent is one to look at.

A folder that cannot be written must not keep replies in for ever: it holds a reply back twice, and
then the reply leaves without a copy, whose absence proves nothing from then on.

Gmail files what it sends by itself: there nothing is written, what is there did leave, and what is
not there yet may come.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar

import structlog
from imapclient import DELETED, FLAGGED, SEEN, IMAPClient  # type: ignore[import-untyped]  # ships no types
from imapclient.exceptions import (  # type: ignore[import-untyped]  # ships no types
    IMAPClientAbortError,
    IMAPClientError,
)
from imapclient.imapclient import ALL, SENT  # type: ignore[import-untyped]  # ships no types

from supportbot.channels.email.connecting.imap_server import ImapServer, sign_in
from supportbot.errors import ChannelError, DeliveryUnknown, SendError

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

#: From this attempt on a reply leaves without a copy, if none can be written.
_COPY_NEEDED: Final = 2
#: So often a mail is looked for that the server files by itself.
_LOOKS: Final = 3
_PAUSE_SECONDS: Final = 10.0
#: Providers allow few connections at once.
_CONNECTIONS: Final = 3
_APPENDED: Final = re.compile(rb"\[APPENDUID \d+ (\d+)\]", re.IGNORECASE)


class SentFolderUnusable(ChannelError):
    """The folder of sent mail cannot be reached or written right now."""

    permanent = False


@dataclass(slots=True)
class _Session:
    """A connection with the folder selected."""

    client: Any
    #: The server files what is sent by itself.
    files_itself: bool
    #: None: there is no such folder.
    folder: str | None


class SentFolder:
    """Files copies over a connection of its own for each reply; a few at a time."""

    def __init__(
        self, server: ImapServer, secret: Callable[[], Awaitable[str]], folder: str | None
    ) -> None:
        """`folder`: None is the one that the server says is for sent mail."""
        self._server = server
        self._secret = secret
        self._folder = folder
        self._threads = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="sent-mail")
        self._turns = asyncio.Semaphore(_CONNECTIONS)
        #: The server files what is sent by itself, as far as is known.
        self.files_itself = False
        self._told_missing = False

    @asynccontextmanager
    async def copy(self, message_id: str, content: bytes, attempts: int) -> AsyncIterator[Copy]:
        """File a copy of one reply; `attempts` were made to send it before."""
        copy = Copy(self, message_id, content, attempts)
        async with nullcontext() if self.files_itself else self._turns:
            try:
                yield copy
            finally:
                copy.close()

    async def left(self, message_id: str, attempts: int) -> bool:
        """Tell whether a reply left; False: it surely did not.

        Raises:
            DeliveryUnknown: nobody can tell.
            SendError: it cannot be told now.
        """
        try:
            async with self._turns:
                found = await self._run(self._look_up, await self._secret(), message_id)
        except ChannelError as error:
            raise SendError(f"sent folder: {error}", permanent=False) from error
        if found is True:
            return True
        if found is None and self.files_itself and attempts < _LOOKS:
            raise SendError(
                "it is not in the folder of sent mail yet",
                permanent=False,
                retry_after_seconds=_PAUSE_SECONDS,
            )
        if found is None and not self.files_itself and attempts < _COPY_NEEDED:
            return False
        raise DeliveryUnknown("the folder of sent mail does not tell whether it left")

    def tell_missing(self) -> None:
        """Say once that the mailbox has no such folder."""
        if not self._told_missing:
            self._told_missing = True
            log.warning("no_sent_folder", mailbox=self._server.username, cure="set sent_folder")

    async def open(self) -> _Session:
        """Connect and select the folder.

        Raises:
            ChannelError: it cannot be reached.
        """
        return await self._run(self._open, await self._secret())

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something blocking with a session's client."""
        return await self._run(function, *args, **kwargs)

    def forget(self, session: _Session) -> None:
        """Close a session behind the caller's back."""
        self._threads.submit(_close, session.client)

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))
        except (IMAPClientError, IMAPClientAbortError, OSError, EOFError) as error:
            said = str(error) or type(error).__name__
            raise SentFolderUnusable(f"{self._server.host}: {said}") from error

    def _open(self, secret: str) -> _Session:
        server = self._server
        client = IMAPClient(
            server.host, server.port, ssl=server.tls, use_uid=True, timeout=server.timeout_seconds
        )
        with ExitStack() as undo:
            undo.callback(_close, client)
            sign_in(client, server, secret)
            self.files_itself = bool(client.has_capability("X-GM-EXT-1"))
            folder = self._named(client)
            if folder is not None:
                client.select_folder(folder)
            undo.pop_all()
        return _Session(client, self.files_itself, folder)

    def _named(self, client: Any) -> str | None:
        found: str | None
        if self.files_itself:
            found = client.find_special_folder(ALL) or client.find_special_folder(SENT)
        elif self._folder is None:
            found = client.find_special_folder(SENT)
        else:
            found = self._folder
            if not client.folder_exists(found):
                client.create_folder(found)
        return found

    def _look_up(self, secret: str, message_id: str) -> bool | None:
        """Return whether a copy shows that it left; None: there is no copy.

        Raises:
            DeliveryUnknown: there is no folder.
        """
        session = self._open(secret)
        try:
            if session.folder is None:
                raise DeliveryUnknown("the mailbox has no folder of sent mail")
            uids = _uids(session.client, message_id)
            if not uids or session.files_itself:
                return True if uids else None
            flags = session.client.get_flags(uids)
            return any(FLAGGED not in flags.get(uid, (FLAGGED,)) for uid in uids)
        finally:
            _close(session.client)


class Copy:
    """The copy of one reply, on its way from flagged to not."""

    def __init__(self, folder: SentFolder, message_id: str, content: bytes, attempts: int) -> None:
        self._folder = folder
        self._message_id = message_id
        self._content = content
        self._attempts = attempts
        self._session: _Session | None = None
        self._uids: list[int] = []

    async def put(self) -> None:
        """Write it, flagged, unless one is there, or the server does so by itself.

        Raises:
            SendError: it could not be written; the reply had better wait.
        """
        if self._folder.files_itself or self._session is not None:
            return
        try:
            self._session = session = await self._folder.open()
            if session.folder is None:
                self._folder.tell_missing()
            elif not session.files_itself:
                self._uids = await self._folder.call(self._put, session)
        except ChannelError as error:
            if self._attempts < _COPY_NEEDED:
                raise SendError(
                    f"sent folder: {error}", permanent=False, retry_after_seconds=_PAUSE_SECONDS
                ) from error
            log.warning("no_copy_of_sent_mail", error=type(error).__name__)

    async def confirm(self) -> None:
        """Take the flag away: the reply left."""
        await self._change(lambda client: client.remove_flags(self._uids, [FLAGGED]))

    async def remove(self) -> None:
        """Take the copy away: the reply did not leave."""
        await self._change(self._delete)

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._folder.forget(self._session)

    async def _change(self, change: Callable[[Any], object]) -> None:
        """Change the copy; a flag that stays says too much, and nothing that is wrong."""
        if self._session is None or not self._uids:
            return
        try:
            await self._folder.call(change, self._session.client)
        except SentFolderUnusable as error:
            log.warning("copy_of_sent_mail_stays_flagged", error=type(error).__name__)

    def _put(self, session: _Session) -> list[int]:
        client = session.client
        if self._attempts and (uids := _uids(client, self._message_id)):
            client.add_flags(uids, [FLAGGED])
            return uids
        said = client.append(session.folder, self._content, [SEEN, FLAGGED])
        found = _APPENDED.search(said if isinstance(said, bytes) else str(said).encode())
        return [int(found[1])] if found else _uids(client, self._message_id)

    def _delete(self, client: Any) -> None:
        client.add_flags(self._uids, [DELETED])
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(self._uids)


def _uids(client: Any, message_id: str) -> list[int]:
    client.noop()  # some servers show what was appended only after a command of this kind
    found = client.search(["UNDELETED", "HEADER", "Message-ID", message_id])
    return [int(uid) for uid in found]


def _close(client: Any) -> None:
    with suppress(IMAPClientError, IMAPClientAbortError, OSError):
        client.logout()
