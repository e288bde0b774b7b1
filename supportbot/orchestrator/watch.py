"""Keeps an eye on a ticket while its answer is being made.

A newer message makes an answer that nobody has seen yet pointless, and a person who takes over
makes it unwanted: then the work is given up at once, not after the model has spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from supportbot.dispatch.base import News
from supportbot.orchestrator.turn import Turn, asks
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import threads, tickets

_T = TypeVar("_T")


class Moved(Exception):
    """The turn is over: somebody wrote again, or somebody else has the ticket."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Watches one turn."""

    wiring: Wiring
    news: News
    #: A customer who keeps writing is answered after this at the latest.
    longest_wait: timedelta
    #: True once the customer can see a part of the answer.
    visible: Callable[[], bool]

    async def unless_moved(self, turn: Turn, work: Coroutine[Any, Any, _T]) -> _T:
        """Do the work, or cancel it as soon as the turn is over.

        Raises:
            Moved: it was cancelled.
        """
        working = asyncio.create_task(work)
        hearing: asyncio.Task[object] | None = None
        try:
            while True:
                hearing = asyncio.create_task(_heard(self.news))
                await asyncio.wait((working, hearing), return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    return working.result()
                self.news.clear()
                if await self.is_over(turn):
                    raise Moved
        finally:
            await _cancelled(working, hearing)

    async def is_over(self, turn: Turn) -> bool:
        """Look whether an answer to this turn is still wanted."""
        async with self.wiring.db.reading() as work:
            now = await tickets.get(work, turn.ticket.id)
            thread = await threads.messages(work, now.id, after_seq=turn.ticket.answered_seq)
        if now.handler_epoch != turn.ticket.handler_epoch:
            return True
        if self.visible():
            return False
        if now.answered_seq != turn.ticket.answered_seq:
            return True
        if {m.seq: m.text for m in thread if asks(m)}.items() >= turn.asked.items():
            more = now.asked_seq > turn.upto_seq
            return more and not self._waited_long(turn, self.wiring.clock())
        return True  # what was asked reads otherwise now

    def _waited_long(self, turn: Turn, now: datetime) -> bool:
        since = turn.waiting_since
        return since is not None and now - since > self.longest_wait


async def _heard(news: News) -> object:
    return await news.wait()


async def _cancelled(*tasks: asyncio.Task[Any] | None) -> None:
    running = [task for task in tasks if task is not None and not task.done()]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
