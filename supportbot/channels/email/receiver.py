"""Reads one mailbox folder for ever: fetch, commit, mark seen, wait; comes back after losses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Final

import structlog

from supportbot.channels.email.imap import (
    ConnectionLost,
    Fetched,
    ImapConnection,
    ImapServer,
    LoginRefused,
    Opened,
)
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


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look and how long to pause."""

    poll_seconds: float = 60.0
    first_retry_seconds: float = 1.0
    last_retry_seconds: float = 300.0
    #: After a refused password: trying often locks accounts.
    login_retry_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that was read but not yet committed."""

    mail: Fetched
    folder: str
    uidvalidity: int
    #: It was there before the mailbox was connected for the first time.
    before_cut_over: bool


Commit = Callable[[Arrived], Awaitable[None]]


class ImapReceiver:
    """Keeps one folder read. `trouble` says in one line what is wrong, None while connected."""

    def __init__(
        self,
        channel: str,
        server: ImapServer,
        db: Database,
        clock: Clock,
        *,
        import_days: int = 0,
        max_bytes: int = 30_000_000,
        pace: Pace | None = None,
    ) -> None:
        self._channel = channel
        self._server = server
        self._db = db
        self._clock = clock
        self._import_days = import_days
        self._max_bytes = max_bytes
        self._pace = pace or Pace()
        self.trouble: str | None = "not connected yet"

    async def run(self, commit: Commit) -> None:
        """Read until cancelled; `commit` returns once a mail is on disk, and raises if not."""
        failures = 0
        while True:
            connection = ImapConnection(self._server, self._max_bytes)
            try:
                await self._session(connection, commit)
            except LoginRefused as error:
                self._say(f"login refused: {error}")
                pause = self._pace.login_retry_seconds
            except (ConnectionLost, StoreUnavailable) as error:
                failures = 0 if self.trouble is None else failures + 1
                self._say(str(error))
                pause = min(
                    self._pace.first_retry_seconds * 2 ** min(failures, 20),
                    self._pace.last_retry_seconds,
                )
            finally:
                await connection.aclose()
            # Jitter keeps many mailboxes from knocking together after an outage.
            await asyncio.sleep(pause * SystemRandom().uniform(0.5, 1.0))

    def _say(self, trouble: str) -> None:
        """Remember what is wrong; the log hears of it once."""
        if self.trouble != trouble:
            log.warning("mailbox_trouble", channel=self._channel, trouble=trouble)
        self.trouble = trouble

    async def _session(self, connection: ImapConnection, commit: Commit) -> None:
        opened = await connection.open()
        cursor = await self._cursor(connection, opened)
        self.trouble = None
        log.info("mailbox_connected", channel=self._channel, last_uid=cursor.last_uid)
        last = cursor.last_uid
        while True:
            for uid in await connection.new_uids(last):
                await self._take(connection, cursor, uid, commit)
                last = uid
            await connection.wait(min(self._pace.poll_seconds, _MAX_IDLE_SECONDS))

    async def _take(
        self, connection: ImapConnection, cursor: MailboxCursor, uid: int, commit: Commit
    ) -> None:
        """Fetch, commit, advance, mark: a crash in between repeats a step and loses nothing."""
        mail = await connection.fetch(uid)
        if mail is not None:
            # INTERNALDATE has whole seconds; what came within that second is new.
            old = mail.internal_date < cursor.cut_over_at.replace(microsecond=0)
            await commit(Arrived(mail, cursor.folder, cursor.uidvalidity, old))
        async with self._db.writing() as work:
            await mailboxes.advance_cursor(
                work, self._channel, cursor.folder, cursor.uidvalidity, uid
            )
        if mail is not None:
            await connection.mark_seen(uid)

    async def _cursor(self, connection: ImapConnection, opened: Opened) -> MailboxCursor:
        folder = self._server.folder
        async with self._db.reading() as work:
            known = await mailboxes.get_cursor(work, self._channel, folder)
        if known is None:
            return await self._first_cursor(connection, opened)
        if known.uidvalidity == opened.uidvalidity:
            return known
        # The server numbered the folder anew. Mail that was read already is recognised by its
        # Message-ID and content, so reading recent mail again stores nothing twice.
        since = max(known.cut_over_at, self._clock() - timedelta(days=_RESYNC_DAYS))
        start = await self._before(connection, opened, since)
        log.warning("mailbox_renumbered", channel=self._channel, folder=folder)
        async with self._db.writing() as work:
            await mailboxes.restart_cursor(work, self._channel, folder, opened.uidvalidity)
            await mailboxes.advance_cursor(work, self._channel, folder, opened.uidvalidity, start)
        return MailboxCursor(folder, opened.uidvalidity, start, known.cut_over_at)

    async def _first_cursor(self, connection: ImapConnection, opened: Opened) -> MailboxCursor:
        """Start at the end of the folder, or so many days back to be filed but never answered."""
        now = self._clock()
        start = opened.uidnext - 1
        if self._import_days > 0:
            start = await self._before(connection, opened, now - timedelta(days=self._import_days))
        cursor = MailboxCursor(self._server.folder, opened.uidvalidity, start, now)
        async with self._db.writing() as work:
            await mailboxes.open_cursor(work, self._channel, cursor)
        return cursor

    async def _before(self, connection: ImapConnection, opened: Opened, since: datetime) -> int:
        """Return the last UID before the first mail since then."""
        uids = await connection.uids_since(since.date())
        return (uids[0] if uids else opened.uidnext) - 1
