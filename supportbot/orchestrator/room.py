"""A ceiling over what mails leave on the disk: raw bytes, files and quarantine together.

Where it is reached the oldest raw bytes of what was understood go first, then the oldest files that
were read. Quarantine goes only with its time, for nothing else tells what is in it: where all the
room is taken by what must stay, mail is not taken any more, and its senders keep it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate

import structlog

from supportbot.errors import StoreFull
from supportbot.store import expiry, room
from supportbot.store.database import Database
from supportbot.store.room import Kept
from supportbot.store.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)
_BATCH_ROWS = 200
#: A mail is kept as it came and, in part, as its files.
_TIMES_KEPT = 2
#: After one measurement so much of the room is given away at most: other processes take of it too.
_SHARE = 16
_LOOK_AGAIN_SECONDS = 10.0

_Find = Callable[[UnitOfWork, int], Awaitable[Sequence[Kept]]]
_Empty = Callable[[UnitOfWork, Sequence[int]], Awaitable[int]]


class Room:
    """Says whether there is room for one more mail, and makes it."""

    def __init__(self, db: Database, most_bytes: int) -> None:
        self._db = db
        self._most = most_bytes
        #: What may be taken before it is measured again.
        self._left = 0
        self._measuring = asyncio.Lock()
        self._full_until = 0.0
        #: What keeps mail from being taken, for whoever watches.
        self.problem: str | None = None

    async def take(self, size_bytes: int) -> None:
        """Count a mail that is about to be stored.

        Raises:
            StoreFull: there is no room for it now.
            StoreUnavailable: the database cannot be asked.
        """
        wanted = size_bytes * _TIMES_KEPT
        async with self._measuring:
            if wanted > self._left:
                await self._measure(wanted)
            self._left -= wanted

    async def _measure(self, wanted: int) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._full_until:
            raise StoreFull(self._told())
        free = await self._freed(wanted)
        if free < wanted:
            self._full_until = now + _LOOK_AGAIN_SECONDS
            if self.problem is None:
                _log.error("no_room_for_mail", most_bytes=self._most, free_bytes=free)
            self.problem = self._told()
            raise StoreFull(self._told())
        if self.problem is not None:
            _log.info("room_for_mail_again", free_bytes=free)
        self.problem = None
        self._left = max(wanted, min(free, self._most // _SHARE))

    def _told(self) -> str:
        return (
            f"mail is not taken: {self._most // 1_000_000} MB are full; look through "
            "`supportbot email quarantine` or raise [retention] most_megabytes"
        )

    async def _freed(self, wanted: int) -> int:
        """Return how much is free, where need be after emptying what may be emptied."""
        async with self._db.reading() as work:
            free = self._most - await room.kept_bytes(work)
        steps: tuple[tuple[_Find, _Empty], ...] = (
            (room.understood, expiry.empty_raw),
            (room.files_done, expiry.empty_files),
        )
        for find, empty in steps:
            free = await self._emptied(find, empty, free, wanted)
        return free

    async def _emptied(self, find: _Find, empty: _Empty, free: int, wanted: int) -> int:
        while free < wanted:
            async with self._db.reading() as work:
                found = await find(work, _BATCH_ROWS)
            if not found:
                break
            enough = _enough(found, wanted - free)
            async with self._db.writing() as work:
                await empty(work, [one.id for one in enough])
            free += sum(one.size_bytes for one in enough)
        return free


def _enough(found: Sequence[Kept], missing: int) -> Sequence[Kept]:
    """Return the first of them that together give back what is missing, or all. Pure."""
    totals = accumulate(one.size_bytes for one in found)
    short = sum(1 for total in totals if total < missing)
    return found[: short + 1]
