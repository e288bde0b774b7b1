"""Finds what was left behind: owed work is woken, overdue tickets are handed off, silence ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from supportbot.dispatch.base import FOUND, Periodic
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, Handler, Status
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
    #: After a start the bot first gets so long to answer what piled up meanwhile.
    grace_seconds: float = 0.0
    wake_every_seconds: float = 1.0
    sweep_every_seconds: float = 30.0


class Sweep:
    """The periodic jobs."""

    def __init__(self, wiring: Wiring, rules: SweepRules) -> None:
        self._wiring = wiring
        self._rules = rules
        self._started_at = wiring.clock()

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
            found = await tickets.owing(work, self._wiring.clock())
        if not found:
            return
        async with self._wiring.db.writing() as work:
            for ticket_id in found:
                await self._wiring.dispatcher.wake(work, ticket_id, FOUND)

    async def hand_off_overdue(self) -> None:
        """Hand off the tickets whose customer has waited for the bot too long."""
        now = self._wiring.clock()
        if now - self._started_at < timedelta(seconds=self._rules.grace_seconds):
            return
        before = now - timedelta(minutes=self._rules.overdue_minutes)
        async with self._wiring.db.reading() as work:
            found = await tickets.overdue(work, before)
        for ticket_id in found:  # one ticket's trouble must not keep the others waiting
            await survive("overdue", self._hand_off(ticket_id), ticket=ticket_id)

    async def resolve_silent(self) -> None:
        """Resolve the tickets whose customer did not come back after the bot's last word."""
        before = self._wiring.clock() - timedelta(hours=self._rules.assume_resolved_hours)
        async with self._wiring.db.reading() as work:
            found = await tickets.silent(work, before)
        for ticket_id in found:
            await survive("silent", self._resolve(ticket_id), ticket=ticket_id)

    async def _hand_off(self, ticket_id: int) -> None:
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, ticket_id, lock=True)
            if ticket.bot_owes:
                handoff = Handoff(HandoffReason.OVERDUE, summary="Nobody answered in time.")
                await hand_off(self._wiring, work, ticket, handoff, SYSTEM)

    async def _resolve(self, ticket_id: int) -> None:
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, ticket_id, lock=True)
            still_silent = ticket.status is Status.PENDING and ticket.handler is Handler.BOT
            if still_silent and not ticket.bot_owes:
                await resolve(self._wiring, work, ticket, SYSTEM)


def _job(name: str, every_seconds: float, run: Callable[[], Awaitable[None]]) -> Periodic:
    async def guarded() -> None:
        await survive(name, run())

    return Periodic(name, every_seconds, guarded)
