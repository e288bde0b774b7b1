"""Events on their way to the bot: sent, and sent again until acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True)
class EventDelivery:
    """One payload and what became of it."""

    #: `events_api`, `interactive` or `slash_commands`.
    kind: str
    payload: dict[str, Any]
    envelope_id: str
    attempts: int = 0
    #: Why each attempt but the acknowledged one failed: `http_500`, `timeout`, `no_socket`.
    failures: list[str] = field(default_factory=list)
    acked: bool = False
    #: What came back with the ack, if anything.
    response: Any = None


class Wire(Protocol):
    """A way to the bot."""

    async def attempt(self, event: EventDelivery) -> str | None:
        """Send once; return None when acknowledged, else why not."""


class Outbox:
    """Sends in the background, each payload in a task of its own, as Slack does."""

    def __init__(
        self, retry_delays_seconds: tuple[float, ...], changed: Callable[[], None]
    ) -> None:
        self._retry_delays_seconds = retry_delays_seconds
        self._changed = changed
        self._tasks: set[asyncio.Task[None]] = set()
        self.deliveries: list[EventDelivery] = []

    @property
    def busy(self) -> bool:
        """True while something is under way or waits to be sent again."""
        return bool(self._tasks)

    def send(self, event: EventDelivery, wire: Wire) -> None:
        """Start sending; only events are sent again, a press on a button is not."""
        self.deliveries.append(event)
        task = asyncio.create_task(self._send(event, wire))
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    async def aclose(self) -> None:
        """Give up what is under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed()

    async def _send(self, event: EventDelivery, wire: Wire) -> None:
        delays = (0.0, *self._retry_delays_seconds) if event.kind == "events_api" else (0.0,)
        for delay_seconds in delays:
            await asyncio.sleep(delay_seconds)
            event.attempts += 1
            failure = await wire.attempt(event)
            self._changed()
            if failure is None:
                event.acked = True
                return
            event.failures.append(failure)
