"""Finds what was left behind: owed work is woken, overdue tickets are handed off, silence ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from supportbot.dispatch.base import Periodic
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM
from supportbot.orchestrator.closing import resolve
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.handoff import hand_off
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import tickets


@dataclass(frozen=True, slots=True)
class SweepRules:
    """When a ticket was left behind."""

    overdue_minutes: float = 10.0
    assume_resolved_hours: float = 24.0
    wake_every_seconds: float = 1.0
    sweep_every_seconds: float = 30.0


class Sweep:
    """The periodic jobs."""

    def __init__(self, wiring: Wiring, rules: SweepRules) -> None:
        self._wiring = wiring
        self._rules = rules

    def periodic(self) -> Sequence[Periodic]:
        """Return the jobs for a dispatcher; each survives its own failures."""
        every = self._rules.sweep_every_seconds
        return (
            _job("wake", self._rules.wake_every_seconds, self.wake_owing),
            _job("overdue", every, self.hand_off_overdue),
            _job("silent", every, self.resolve_silent),
        )

    async def wake_owing(self) -> None:
        """Wake every ticket that has an answer or a delivery due; this rebuilds lanes at start."""
        async with self._wiring.db.reading() as work:
            for ticket_id in await tickets.owing(work, self._wiring.clock()):
                await self._wiring.dispatcher.wake(work, ticket_id, 0)
        work.committed()

    async def hand_off_overdue(self) -> None:
        """Hand off the tickets whose customer has waited for the bot too long."""
        before = self._wiring.clock() - timedelta(minutes=self._rules.overdue_minutes)
        async with self._wiring.db.reading() as work:
            found = await tickets.overdue(work, before)
        for ticket_id in found:
            async with self._wiring.db.writing() as work:
                ticket = await tickets.get(work, ticket_id, lock=True)
                if not ticket.bot_owes:
                    continue
                handoff = Handoff(HandoffReason.OVERDUE, summary="Nobody answered in time.")
                await hand_off(self._wiring, work, ticket, handoff, SYSTEM)

    async def resolve_silent(self) -> None:
        """Resolve the tickets whose customer did not come back after the bot's last word."""
        before = self._wiring.clock() - timedelta(hours=self._rules.assume_resolved_hours)
        async with self._wiring.db.reading() as work:
            found = await tickets.silent(work, before)
        for ticket_id in found:
            async with self._wiring.db.writing() as work:
                ticket = await tickets.get(work, ticket_id, lock=True)
                if ticket.bot_owes:
                    continue
                await resolve(self._wiring, work, ticket, SYSTEM)


def _job(name: str, every_seconds: float, run: Callable[[], Awaitable[None]]) -> Periodic:
    async def guarded() -> None:
        await survive(name, run())

    return Periodic(name, every_seconds, guarded)
