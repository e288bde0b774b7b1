"""Many short transactions, one commit: whoever writes at the same time waits for the disk once.

SQLite has one writer, and `synchronous=FULL` makes each COMMIT wait for the disk. So blocks that
come while another is at work join its transaction, each behind a SAVEPOINT of its own: one that
fails undoes itself only. Promise: a block returns after the COMMIT that holds it, or raises.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from supportbot.store.sqlite_driver import Connection
from supportbot.store.turns import Turns
from supportbot.store.unit_of_work import UnitOfWork

_MOST_BLOCKS = 64
#: A transaction that is open for longer takes nobody in any more. A commit costs a busy loop about
#: as long again, until it hears of it: with much less, most of the time is spent on committing.
_MOST_SECONDS = 0.02
#: How long to wait for the lock of another process.
_BUSY_MS = 10_000


@dataclass(frozen=True, slots=True)
class _Block:
    """One who wrote and waits for the commit."""

    work: UnitOfWork
    stored: asyncio.Future[None]


class GroupCommit:
    """Lets blocks write on one connection, one after the other, in shared transactions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._raw = connection.raw
        self._loop = asyncio.get_running_loop()
        self._turns = Turns(unused=self._go_on)
        self._waiting: list[_Block] = []
        self._begun_at = 0.0

    @asynccontextmanager
    async def block(self, work: UnitOfWork, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for a turn, write, and wait until it is on disk.

        Raises:
            sqlite3.Error: it could not be begun or committed; nothing was stored.
        """
        await self._turns.enter(urgent=urgent)
        alone = not self._raw.in_transaction
        if alone:
            await self._begin()
        try:
            if not alone:
                self._raw.execute("SAVEPOINT block")
            yield
            if not alone:
                self._raw.execute("RELEASE block")
            if not self._raw.in_transaction:
                raise sqlite3.OperationalError("the transaction was given up")  # noqa: TRY301 - undone as any failure
        except BaseException as error:
            self._undo(error, alone=alone)
            self._go_on()
            raise
        stored: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(_Block(work, stored))
        self._go_on()
        await stored

    async def _begin(self) -> None:
        self._begun_at = self._loop.time()
        try:
            self._raw.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                self._go_on()
                raise
        else:
            return
        waiting = self._connection.in_thread(self._begin_patiently)
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            # The thread goes on to wait for the lock, for whoever is next.
            waiting.add_done_callback(self._begun_for_nobody)
            raise
        except sqlite3.Error:
            self._go_on()
            raise

    def _begin_patiently(self) -> None:
        self._raw.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        try:
            self._raw.execute("BEGIN IMMEDIATE")
        finally:
            self._raw.execute("PRAGMA busy_timeout=0")

    def _begun_for_nobody(self, begun: asyncio.Future[None]) -> None:
        begun.exception()  # looked at, or asyncio complains; whoever is next meets it too
        self._go_on()

    def _undo(self, error: BaseException, *, alone: bool) -> None:
        """Take back what a failed block wrote, and nothing else if that is possible."""
        if self._raw.in_transaction and not alone:
            try:
                self._raw.execute("ROLLBACK TO block")
                self._raw.execute("RELEASE block")
            except sqlite3.Error as failure:
                error = failure
            else:
                return
        # The block was alone; or SQLite gave up the whole transaction, as for a full disk.
        self._fail_all(error)

    def _go_on(self) -> None:
        """Let the next one write, or commit when nobody waits or the transaction is full."""
        if not (self._waiting and self._is_full()) and self._turns.pass_on():
            return
        if self._waiting:
            committing = self._connection.in_thread(self._raw.commit)
            committing.add_done_callback(self._committed)
            return
        if self._raw.in_transaction:
            self._raw.rollback()
        self._turns.free()

    def _is_full(self) -> bool:
        age = self._loop.time() - self._begun_at
        return len(self._waiting) >= _MOST_BLOCKS or age > _MOST_SECONDS

    def _committed(self, committing: asyncio.Future[None]) -> None:
        error = committing.exception()
        if error is not None:
            self._fail_all(error)
        blocks, self._waiting = self._waiting, []
        for block in blocks:
            # The loop calls them one by one, so none can keep the others from being told.
            for callback, context in block.work.take_callbacks():
                self._loop.call_soon(callback, context=context)
            if not block.stored.done():
                block.stored.set_result(None)
        self._go_on()

    def _fail_all(self, error: BaseException) -> None:
        """Roll back, and tell every block of the transaction that nothing was stored."""
        blocks, self._waiting = self._waiting, []
        cause = error.orig if isinstance(error, DBAPIError) else error
        for block in blocks:
            if not block.stored.done():
                block.stored.set_exception(sqlite3.OperationalError(str(cause)))
        with suppress(sqlite3.Error):  # a disk that fails fails this too; nobody may wait for it
            if self._raw.in_transaction:
                self._raw.rollback()
