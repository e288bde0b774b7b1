"""The contract of a dispatcher. Suite: `supportbot.testing.contracts.DispatcherContract`.

The tables are the truth (`ticket.asked_seq > ticket.answered_seq`, a delivery pending); a
dispatcher only says "look at ticket T". Losing, repeating or delaying a wake-up is harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from supportbot.store.unit_of_work import UnitOfWork

#: Answers, then delivers, whatever ticket `ticket_id` owes. Idempotent.
Settle = Callable[[int], Awaitable[None]]


#: `upto` of a wake-up by a sweep: nobody said anything new, so where the ticket waits for its turn
#: or is worked on already, nothing is added and nobody gets news.
FOUND = 0


class News(Protocol):
    """Tells whoever works on a ticket that something happened to it."""

    async def wait(self) -> object:
        """Return once the ticket was woken after the block began, or since `clear`."""

    def clear(self) -> None:
        """Wait for the next wake-up from now on."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that runs once at start and then every so often, never twice at a time.

    Where several processes share the work, one of them runs it at a time.
    """

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[None]]


class Dispatcher(Protocol):
    """Runs one lane per ticket: in order within a ticket, parallel across tickets."""

    async def start(self, settle: Settle, periodic: Sequence[Periodic]) -> None:
        """Begin to work. Each periodic job runs once at once: that is how lanes are rebuilt."""

    async def wake(
        self, work: UnitOfWork, ticket_id: int, upto: int, *, delay_seconds: float = 0.0
    ) -> None:
        """Have the ticket looked at once this unit of work is committed, and not if it is not.

        After `delay_seconds` at the earliest. Whoever works on the ticket now gets news at once,
        in whichever process.
        """

    def news(self, ticket_id: int) -> AbstractContextManager[News]:
        """Listen for wake-ups of a ticket while the block lasts; may miss some, never invents."""

    def problems(self) -> list[str]:
        """Name, for operators, each part of a started dispatcher that does not work now.

        Empty where nothing was started: others do the work then.
        """

    async def stop(self, drain_seconds: float) -> None:
        """Take no new work, let running lanes end for so long, then cancel them."""
