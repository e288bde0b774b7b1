"""Keeps an eye on a ticket while its answer is being made.

A newer message makes an answer that nobody has seen yet pointless, and a person who takes over
makes it unwanted: then the work is given up at once, not after the model has spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from supportbot.dispatch.base import News
from supportbot.errors import StoreUnavailable
from supportbot.orchestrator.answering.live import Voice
from supportbot.orchestrator.answering.turn import Moved, Turn
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import tickets

_T = TypeVar("_T")

#: News that could not be looked into are looked into again after this.
_LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Watch:
    """Watches one turn."""

    wiring: Wiring
    news: News
    #: A customer who keeps writing is answered after this at the latest.
    longest_wait: timedelta
    voice: Voice

    async def unless_moved(self, turn: Turn, work: Coroutine[Any, Any, _T]) -> _T:
        """Do the work, or cancel it as soon as the turn is over.

        Raises:
            Moved: it was cancelled.
        """
        working = asyncio.create_task(work)
        hearing: asyncio.Task[object] | None = None
        again_seconds: float | None = None
        try:
            while True:
                hearing = asyncio.create_task(_heard(self.news))
                await asyncio.wait(
                    (working, hearing),
                    timeout=again_seconds,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if working.done():
                    return working.result()
                hearing.cancel()
                self.news.clear()
                over = await self._look(turn)
                if over:
                    raise Moved
                again_seconds = _LOOK_AGAIN_SECONDS if over is None else None
                self.voice.go_on()
        finally:
            if hearing is not None:
                hearing.cancel()  # it only waits: an answer need not wait for its end
            if not working.done():
                working.cancel()
                await asyncio.wait((working,))

    async def is_over(self, turn: Turn) -> bool:
        """Look whether an answer to this turn is still wanted; where nobody can tell, it is.

        Until the voice goes on, nothing more is claimed: what is found stays true.
        """
        return await self._look(turn) is True

    async def _look(self, turn: Turn) -> bool | None:
        """Look whether the turn is over; None: the store is away.

        The work goes on then: it is paid for, and the fence keeps back what is not wanted any more.
        """
        visible = await self.voice.rest() is not None
        try:
            return await self._is_over(turn, visible=visible)
        except StoreUnavailable:
            return None

    async def _is_over(self, turn: Turn, *, visible: bool) -> bool:
        async with self.wiring.db.reading() as work:
            now = await tickets.get(work, turn.ticket.id)
        if visible:
            return now.handler_epoch != turn.ticket.handler_epoch
        if not turn.holds(now):
            return True
        more = now.asked_seq > turn.upto_seq
        return more and not self._waited_long(turn, self.wiring.clock())

    def _waited_long(self, turn: Turn, now: datetime) -> bool:
        since = turn.waiting_since
        return since is not None and now - since > self.longest_wait


async def _heard(news: News) -> object:
    return await news.wait()
