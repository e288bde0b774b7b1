"""Keeping a claim while its work goes on, and ending the work when the claim can't be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from supportbot.orchestrator.guard import survive

_T = TypeVar("_T")


class NotKept(TimeoutError):
    """The claim was lost, or could not be renewed in time, so the work was broken off."""


class NotBegun(NotKept):
    """The claim was as good as over before the work began, so none of it was done."""


#: Keeps the claim for another `LeaseRules.seconds`; False when somebody else has it.
Renew = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class LeaseRules:
    """How long a claim lasts, and how early it is renewed."""

    #: After this an interrupted delivery is somebody else's: a killed process delays it so long.
    seconds: float = 7.0
    renew_every_seconds: float = 2.5
    #: Work ends so long before its claim does: it may take a moment to stop.
    margin_seconds: float = 1.0


class Lease:
    """A claim that is kept for the length of one piece of work.

    Work that ends before the first renewal is due costs nothing but a timer.
    """

    def __init__(self, rules: LeaseRules, renew: Renew) -> None:
        self._rules = rules
        self._renew = renew
        self._done = asyncio.Event()

    async def hold(self, work: Callable[[], Awaitable[_T]], left_seconds: float) -> _T:
        """Do work whose claim lasts `left_seconds` more; renew the claim meanwhile.

        Raises:
            NotBegun: the claim lasts too short; the work was not called.
            NotKept: the claim was lost, or could not be renewed in time; the work is cancelled.
        """
        until_seconds = left_seconds - self._rules.margin_seconds
        if until_seconds <= 0:
            raise NotBegun
        loop = asyncio.get_running_loop()
        keeping: list[asyncio.Task[None]] = []
        limit = asyncio.timeout(until_seconds)
        try:
            async with limit:
                timer = loop.call_later(
                    self._rules.renew_every_seconds,
                    lambda: keeping.append(asyncio.create_task(self._keep(limit))),
                )
                try:
                    return await work()
                finally:
                    timer.cancel()
                    self._done.set()
                    for task in keeping:
                        await _ended(task, limit)
        except TimeoutError as error:
            if limit.expired():
                raise NotKept from error
            raise

    async def _keep(self, limit: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        lasts_seconds = self._rules.seconds - self._rules.margin_seconds
        while not (self._done.is_set() or limit.expired()):
            began = loop.time()
            kept = await survive("renew", self._renew())
            if self._done.is_set() or limit.expired():
                return
            if kept is False:
                limit.reschedule(loop.time())
                return
            if kept is True:
                limit.reschedule(began + lasts_seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rules.renew_every_seconds):
                    await self._done.wait()


async def _ended(task: asyncio.Task[None], limit: asyncio.Timeout) -> None:
    """Let a renewal under way end by itself, unless it was what took too long."""
    if limit.expired():
        task.cancel()
    await asyncio.wait((task,))
