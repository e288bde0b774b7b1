"""The contract of a dispatcher. Suite: `supportbot.testing.contracts.DispatcherContract`.

The tables are the truth (`ticket.asked_seq > ticket.answered_seq`, a delivery pending); a
dispatcher only says "look at ticket T". Losing, repeating or delaying a wake-up is harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from supportbot.store.unit_of_work import UnitOfWork

#: Answers, then delivers, whatever ticket `ticket_id` owes. Idempotent.
Settle = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that runs once at start and then every so often, never twice at a time."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[None]]


class Dispatcher(Protocol):
    """Runs one lane per ticket: in order within a ticket, parallel across tickets."""

    async def start(self, settle: Settle, periodic: Sequence[Periodic]) -> None:
        """Begin to work. Each periodic job runs once at once: that is how lanes are rebuilt."""

    async def wake(self, work: UnitOfWork, ticket_id: int, upto: int) -> None:
        """Have the ticket looked at once this unit of work is committed, and not if it is not."""

    async def stop(self, drain_seconds: float) -> None:
        """Take no new work, let running lanes end for so long, then cancel them."""
