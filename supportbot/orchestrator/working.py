"""Lets channels show how a ticket stands, above all that its answer is being made.

Never in the way of an answer: whatever is shown, or told, is in the background, one after the
other for each ticket. What must become true in the end is a row; see `standing`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from supportbot.channels.base import StatusChannel
from supportbot.errors import ChannelError, DeliveryUnknown, SendError
from supportbot.model.ticket import Standing, Ticket
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.pause import pause
from supportbot.store import untold
from supportbot.store.database import Database

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkingRules:
    """When it is shown that an answer is being made, and how long a channel may take over it."""

    #: An answer that is whole by then needs none.
    after_seconds: float = 0.5
    step_seconds: float = 10.0


@dataclass(slots=True)
class Working:
    """The tickets that are being answered by this process."""

    rules: WorkingRules = field(default_factory=WorkingRules)
    #: Ticket → set when its answer is whole, or will not come.
    _whole: dict[int, asyncio.Event] = field(default_factory=dict)
    #: Ticket → the latest of what is shown and told of it.
    _following: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def begin(self, db: Database, ticket: Ticket, channel: StatusChannel | None) -> None:
        """Note that an answer is being made; returns at once."""
        if channel is None or ticket.id in self._whole:
            return
        whole = self._whole[ticket.id] = asyncio.Event()
        before = self._following.get(ticket.id)

        async def show() -> None:
            await pause(self.rules.after_seconds, unless=whole)
            if before is not None:  # what it tells must not be of ours
                await asyncio.wait((before,))
            if not whole.is_set():
                await survive("status", self._show(db, ticket, channel), ticket=ticket.id)

        self._keep(ticket.id, show())

    def whole(self, ticket_id: int) -> None:
        """Note that the answer has only to be stored and sent: no status is begun any more."""
        whole = self._whole.get(ticket_id)
        if whole is not None:
            whole.set()

    def end(self, ticket_id: int, tell: Callable[[], Awaitable[None]]) -> None:
        """Note that it is there, or will not come; how the ticket stands is told soon."""
        self.whole(ticket_id)
        self._whole.pop(ticket_id, None)
        before = self._following.get(ticket_id)

        async def told() -> None:
            if before is not None:
                await asyncio.wait((before,))
            await survive("standing", tell(), ticket=ticket_id)

        self._keep(ticket_id, told())

    async def aclose(self) -> None:
        """Wait until everything is told."""
        while self._following:
            await asyncio.wait(tuple(self._following.values()))

    async def say(
        self, channel: StatusChannel, target: Mapping[str, str], standing: Standing
    ) -> ChannelError | None:
        """Let a channel show how a ticket stands; return what it failed with."""
        try:
            async with asyncio.timeout(self.rules.step_seconds):
                await channel.show_status(target, standing)
        except TimeoutError:
            error: ChannelError = DeliveryUnknown("the channel took too long over a status")
        except ChannelError as failure:
            error = failure
        else:
            return None
        _log.info("status_not_shown", standing=standing.value, error=type(error).__name__)
        return error

    async def _show(self, db: Database, ticket: Ticket, channel: StatusChannel) -> None:
        async with db.writing() as work:
            place = await untold.add(work, ticket.id, ticket.target)
        failure = await self.say(channel, ticket.target, Standing.WORKING)
        if isinstance(failure, SendError):
            async with db.writing() as work:
                await untold.told(work, [place])

    def _keep(self, ticket_id: int, step: Awaitable[None]) -> None:
        following = asyncio.ensure_future(step)
        self._following[ticket_id] = following
        following.add_done_callback(lambda done: self._forget(ticket_id, done))

    def _forget(self, ticket_id: int, done: asyncio.Future[None]) -> None:
        if self._following.get(ticket_id) is done:
            del self._following[ticket_id]
