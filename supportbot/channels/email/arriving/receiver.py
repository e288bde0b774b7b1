"""Reads one mailbox for ever: fetch, commit, mark seen, wait; comes back after losses."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Final

import structlog

from supportbot.channels.email.arriving.imap import (
    ConnectionLost,
    Fetched,
    FolderRefused,
    ImapConnection,
    LoginRefused,
    MailRefused,
    Opened,
)
from supportbot.channels.email.connecting.imap_server import ImapServer
from supportbot.channels.email.connecting.oauth import AccessToken
from supportbot.channels.email.connecting.token_endpoint import GrantRefused, TokenUnavailable
from supportbot.channels.email.reading.heads import written_at
from supportbot.errors import StoreUnavailable
from supportbot.model.mailbox import MailboxCursor
from supportbot.model.time import Clock
from supportbot.store import mailboxes
from supportbot.store.database import Database

log = structlog.get_logger(__name__)

#: RFC 2177 allows 29 minutes; large providers fall silent earlier.
_MAX_IDLE_SECONDS: Final = 540.0
#: How far back a mailbox is read again after the server numbered it anew.
_RESYNC_DAYS: Final = 30
#: A mail that a server withheld so often is put on record without its words.
_ATTEMPTS: Final = 3
#: The server's clock says when a mail arrived, ours when the mailbox was connected.
_CLOCKS_DIFFER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look and how long to pause."""

    poll_seconds: float = 60.0
    first_retry_seconds: float = 1.0
    last_retry_seconds: float = 300.0
    #: After a refused password, doubled each time: trying often locks accounts.
    login_retry_seconds: float = 300.0
    last_login_retry_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that was read but not yet committed."""

    mail: Fetched
    folder: str
    uidvalidity: int
    #: It was there before the mailbox was connected for the first time.
    before_cut_over: bool


Commit = Callable[[Arrived], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Secret:
    """What signs in to the mailbox: a password, or access tokens."""

    password: str = field(default="", repr=False)
    token: AccessToken | None = None

    async def sign_in(self, connection: ImapConnection) -> None:
        """Open the connection; a token that is refused is exchanged once, whatever its age.

        Raises:
            LoginRefused: it does not count.
            ConnectionLost: the mailbox cannot be reached.
            GrantRefused: see `AccessToken.current`, as for others.
        """
        if self.token is None:
            await connection.open(self.password)
            return
        token = await self.token.current()
        try:
            await connection.open(token)
        except LoginRefused:
            self.token.refused(token)
            await connection.open(await self.token.current())


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder as it is being read."""

    cursor: MailboxCursor
    #: What was there already when reading began, or began again: the UIDs below this one.
    there_below: int
    #: Of those is old what arrived, or says it was written, before then.
    since: datetime

    def is_old(self, mail: Fetched, patience: timedelta) -> bool:
        """Tell whether a mail is from before the first connection."""
        # INTERNALDATE has whole seconds; what came within that second is new.
        if mail.internal_date < self.cursor.cut_over_at.replace(microsecond=0) - patience:
            return True
        if mail.uid >= self.there_below:
            return False
        written = written_at(mail.raw)
        return mail.internal_date < self.since or (written is not None and written < self.since)


class ImapReceiver:
    """Keeps one mailbox read: the first of its folders is watched, the others are looked at."""

    def __init__(
        self,
        channel: str,
        server: ImapServer,
        secret: Secret,
        db: Database,
        clock: Clock,
        *,
        import_days: int = 0,
        max_bytes: int = 30_000_000,
        pace: Pace | None = None,
    ) -> None:
        self._channel = channel
        self._server = server
        self._secret = secret
        self._db = db
        self._clock = clock
        self._import_days = import_days
        self._max_bytes = max_bytes
        self._pace = pace or Pace()
        self._lost: str | None = "not connected yet"
        #: UID → how often the server did not give that mail out.
        self._withheld: Counter[int] = Counter()
        #: Folder → why it is not read, while the others are.
        self._unread: dict[str, str] = {}

    @property
    def trouble(self) -> str | None:
        """Say in one line what is wrong; None while all folders are read."""
        return self._lost or "; ".join(self._unread.values()) or None

    async def run(self, commit: Commit) -> None:
        """Read until cancelled; `commit` returns once a mail is on disk, and raises if not."""
        failures = refusals = 0
        while True:
            connection = ImapConnection(self._server, self._max_bytes)
            try:
                await self._session(connection, commit)
            except (LoginRefused, GrantRefused) as error:
                self._say(f"login refused: {error}")
                pause = self._pace.login_retry_seconds * 2 ** min(refusals, 20)
                pause = min(pause, self._pace.last_login_retry_seconds)
                refusals += 1
            except (ConnectionLost, MailRefused, TokenUnavailable, StoreUnavailable) as error:
                failures = 0 if self._lost is None else failures + 1
                refusals = 0
                self._say(str(error))
                pause = self._pace.first_retry_seconds * 2 ** min(failures, 20)
                pause = min(pause, self._pace.last_retry_seconds)
            finally:
                await connection.aclose()
            # Jitter keeps many mailboxes from knocking together after an outage.
            await asyncio.sleep(pause * SystemRandom().uniform(0.5, 1.0))

    def _say(self, trouble: str) -> None:
        """Remember what is wrong; the log hears of it once."""
        if self._lost != trouble:
            log.warning("mailbox_trouble", channel=self._channel, trouble=trouble)
        self._lost = trouble

    async def _session(self, connection: ImapConnection, commit: Commit) -> None:
        await self._secret.sign_in(connection)
        places: dict[str, _Place] = {}
        for folder in self._server.folders:
            await self._enter(connection, folder, places)
        self._lost = None
        log.info("mailbox_connected", channel=self._channel, folders=list(places))
        while True:
            for folder in reversed(self._server.folders):  # the first is the one that is watched
                if await self._enter(connection, folder, places):
                    await self._read(connection, folder, places, commit)
            await connection.wait(min(self._pace.poll_seconds, _MAX_IDLE_SECONDS))

    async def _enter(
        self, connection: ImapConnection, folder: str, places: dict[str, _Place]
    ) -> bool:
        """Open a folder where it is not open already; False: it cannot be read now."""
        if connection.selected == folder and folder in places:
            return True
        try:
            opened = await connection.select(folder)
        except FolderRefused as error:
            if self._unread.get(folder) != str(error):
                log.warning("mailbox_folder_unread", channel=self._channel, trouble=str(error))
            self._unread[folder] = str(error)
            return False
        self._unread.pop(folder, None)
        known = places.get(folder)
        if known is None or known.cursor.uidvalidity != opened.uidvalidity:
            places[folder] = await self._place(connection, folder, opened)
        return True

    async def _read(
        self,
        connection: ImapConnection,
        folder: str,
        places: dict[str, _Place],
        commit: Commit,
    ) -> None:
        """Take what is new, until nothing is: news of mail that came meanwhile may be lost."""
        place = places[folder]
        while uids := await connection.new_uids(place.cursor.last_uid):
            for uid in uids:
                await self._take(connection, place, uid, commit)
            place = replace(place, cursor=replace(place.cursor, last_uid=uids[-1]))
            places[folder] = place

    async def _take(
        self, connection: ImapConnection, place: _Place, uid: int, commit: Commit
    ) -> None:
        """Fetch, commit, advance, mark: a crash in between repeats a step and loses nothing."""
        mail = await self._fetched(connection, uid)
        folder, uidvalidity = place.cursor.folder, place.cursor.uidvalidity
        if mail is not None:
            patience = timedelta() if self._import_days else _CLOCKS_DIFFER
            await commit(Arrived(mail, folder, uidvalidity, place.is_old(mail, patience)))
        async with self._db.writing() as work:
            await mailboxes.advance_cursor(work, self._channel, folder, uidvalidity, uid)
        # What was not read whole stays as new, for whoever looks into the mailbox.
        if mail is not None and not (mail.too_large or mail.withheld):
            await connection.mark_seen(uid)

    async def _fetched(self, connection: ImapConnection, uid: int) -> Fetched | None:
        """Read a mail; one that the server withholds again and again does not hold up others."""
        try:
            return await connection.fetch(uid)
        except MailRefused:
            self._withheld[uid] += 1
            if self._withheld[uid] < _ATTEMPTS:
                raise
            del self._withheld[uid]
            return Fetched(uid, b"", self._clock(), withheld=True)

    async def _place(self, connection: ImapConnection, folder: str, opened: Opened) -> _Place:
        async with self._db.reading() as work:
            known = await mailboxes.get_cursor(work, self._channel, folder)
        if known is None:
            return await self._first(connection, folder, opened)
        if known.uidvalidity == opened.uidvalidity:
            return _Place(known, 0, known.cut_over_at)
        # The server numbered the folder anew. Mail that was read already is recognised by its
        # Message-ID and content, so reading recent mail again stores nothing twice; what was never
        # read may have got a new date of arrival, so the day it was written counts too.
        since = max(known.cut_over_at, self._clock() - timedelta(days=_RESYNC_DAYS))
        start = await self._before(connection, opened, since)
        log.warning("mailbox_renumbered", channel=self._channel, folder=folder)
        async with self._db.writing() as work:
            await mailboxes.restart_cursor(work, self._channel, folder, opened.uidvalidity)
            await mailboxes.advance_cursor(work, self._channel, folder, opened.uidvalidity, start)
        cursor = MailboxCursor(folder, opened.uidvalidity, start, known.cut_over_at)
        return _Place(cursor, opened.uidnext, since)

    async def _first(self, connection: ImapConnection, folder: str, opened: Opened) -> _Place:
        """Start at the end of the folder, or so many days back to be filed but never answered."""
        now = self._clock()
        start = opened.uidnext - 1
        if self._import_days > 0:
            start = await self._before(connection, opened, now - timedelta(days=self._import_days))
        cursor = MailboxCursor(folder, opened.uidvalidity, start, now)
        async with self._db.writing() as work:
            await mailboxes.open_cursor(work, self._channel, cursor)
        return _Place(cursor, opened.uidnext, now)

    async def _before(self, connection: ImapConnection, opened: Opened, since: datetime) -> int:
        """Return the last UID before the first mail since then."""
        first = await connection.first_since(since.date())
        return (opened.uidnext if first is None else first) - 1
