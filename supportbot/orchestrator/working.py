"""Shows customers that their answer is being made, from soon after the start until it is there.

In memory, and never in the way of an answer: a status that cannot be shown, or taken away, is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from supportbot.channels.base import StatusChannel
from supportbot.errors import ChannelError
from supportbot.orchestrator.pause import pause

_log = structlog.get_logger(__name__)

THINKING = "is thinking…"


@dataclass(frozen=True, slots=True)
class WorkingRules:
    """When a status is shown, and how long a channel may take over it."""

    #: An answer that is there by then needs none.
    after_seconds: float = 0.5
    step_seconds: float = 10.0


@dataclass(slots=True)
class Working:
    """The tickets that are being answered by this process."""

    rules: WorkingRules = field(default_factory=WorkingRules)
    #: Ticket → set when its answer is there, or will not come.
    _ended: dict[int, asyncio.Event] = field(default_factory=dict)
    #: Ticket → shows its status and takes it away again.
    _showing: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    def begin(
        self, ticket_id: int, channel: StatusChannel | None, target: Mapping[str, str]
    ) -> None:
        """Note that an answer is being made; returns at once."""
        if channel is None or ticket_id in self._ended:
            return
        ended = self._ended[ticket_id] = asyncio.Event()
        before = self._showing.get(ticket_id)
        showing = asyncio.create_task(self._show(channel, target, ended, before))
        self._showing[ticket_id] = showing
        showing.add_done_callback(lambda done: self._forget(ticket_id, done))

    def end(self, ticket_id: int) -> None:
        """Note that it is there, or will not come; returns at once."""
        ended = self._ended.pop(ticket_id, None)
        if ended is not None:
            ended.set()

    async def aclose(self) -> None:
        """Take away what is shown still."""
        for ticket_id in tuple(self._ended):
            self.end(ticket_id)
        if self._showing:
            await asyncio.wait(tuple(self._showing.values()))

    async def _show(
        self,
        channel: StatusChannel,
        target: Mapping[str, str],
        ended: asyncio.Event,
        before: asyncio.Task[None] | None,
    ) -> None:
        await pause(self.rules.after_seconds, unless=ended)
        if before is not None:  # what it takes away must not be ours
            await asyncio.wait((before,))
        if ended.is_set():
            return
        await self._say(channel, target, THINKING)
        await ended.wait()
        await self._say(channel, target, None)

    async def _say(
        self, channel: StatusChannel, target: Mapping[str, str], status: str | None
    ) -> None:
        try:
            async with asyncio.timeout(self.rules.step_seconds):
                await channel.show_status(target, status)
        except (ChannelError, TimeoutError) as error:
            _log.info("status_not_shown", error=type(error).__name__)

    def _forget(self, ticket_id: int, done: asyncio.Task[None]) -> None:
        if self._showing.get(ticket_id) is done:
            del self._showing[ticket_id]
