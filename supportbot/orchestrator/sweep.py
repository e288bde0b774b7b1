"""Finds what was left behind: owed work is woken, overdue tickets are handed off, silence ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from supportbot.dispatch.base import FOUND, Periodic
from supportbot.model.catalog import Mode
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, EventKind, Ticket
from supportbot.orchestrator.answering.tool_rounds import ToolRounds
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.retention import Retention, RetentionRules
from supportbot.orchestrator.telling.closing import resolve
from supportbot.orchestrator.telling.handoff import hand_off
from supportbot.orchestrator.telling.packet import tell_reminder
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import due, threads, tickets, tool_calls, untold, violations
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class SweepRules:
    """When a ticket was left behind."""

    overdue_minutes: float = 10.0
    assume_resolved_hours: float = 24.0
    #: Operators are reminded of a ticket in their hands in which nobody answered for so long.
    human_minutes: float = 240.0
    #: After a start the bot first gets so long to answer what piled up meanwhile.
    grace_seconds: float = 0.0
    wake_every_seconds: float = 1.0
    sweep_every_seconds: float = 30.0
    retention_every_seconds: float = 3600.0
    retention: RetentionRules = field(default_factory=RetentionRules)


class Sweep:
    """The periodic jobs."""

    def __init__(self, wiring: Wiring, rules: SweepRules, rounds: ToolRounds) -> None:
        self._wiring = wiring
        self._rules = rules
        self._rounds = rounds
        self._retention = Retention(wiring, rules.retention)
        self._started_at = wiring.clock()

    def periodic(self) -> Sequence[Periodic]:
        """Return the jobs for a dispatcher; each survives its own failures."""
        every = self._rules.sweep_every_seconds
        seldom = self._rules.retention_every_seconds
        return (
            _job("wake", self._rules.wake_every_seconds, self.wake_owing),
            _job("overdue", every, self.hand_off_overdue),
            _job("reminder", every, self.remind_people),
            _job("silent", every, self.resolve_silent),
            _job("abandoned", every, self.close_abandoned),
            _job("standing", every, self.wake_untold),
            _job("waiting", 60.0, self._retention.forget_waiting),
            _job("raw", seldom, self._retention.empty_raw),
            _job("files", seldom, self._retention.empty_files),
            _job("sign_ins", seldom, self._retention.drop_sign_ins),
        )

    async def wake_owing(self) -> None:
        """Wake every ticket that has an answer or a delivery due; this rebuilds lanes at start."""
        async with self._wiring.db.reading() as work:
            found = await due.owing(work, self._wiring.clock())
        await self._wake(found)

    async def _wake(self, found: Sequence[int]) -> None:
        if not found:
            return
        async with self._wiring.db.writing() as work:
            for ticket_id in found:
                await self._wiring.dispatcher.wake(work, ticket_id, FOUND)

    async def wake_untold(self) -> None:
        """Wake every ticket of which a channel may show what is not so."""
        async with self._wiring.db.reading() as work:
            found = await untold.with_any(work)
        await self._wake(found)

    async def hand_off_overdue(self) -> None:
        """Hand off the tickets whose customer has waited for the bot too long.

        In modes in which nobody would be told, the message is suppressed with that reason instead.
        """
        now = self._wiring.clock()
        if now - self._started_at < timedelta(seconds=self._rules.grace_seconds):
            return
        before = now - timedelta(minutes=self._rules.overdue_minutes)
        async with self._wiring.db.reading() as work:
            found = await due.overdue(work, before)
        for ticket_id in found:  # one ticket's trouble must not keep the others waiting
            await survive("overdue", self._end_wait(ticket_id, before), ticket=ticket_id)

    async def resolve_silent(self) -> None:
        """Resolve the tickets whose customer did not come back after the bot's last word."""
        before = self._wiring.clock() - timedelta(hours=self._rules.assume_resolved_hours)
        async with self._wiring.db.reading() as work:
            found = await due.silent(work, before)
        for ticket_id in found:
            await survive("silent", self._resolve(ticket_id, before), ticket=ticket_id)

    async def remind_people(self) -> None:
        """Tell operators, once, of each ticket in their hands in which nobody answered in time.

        Where operators are told nothing anywhere, there is nobody to remind.
        """
        if not self._wiring.notice_routes:
            return
        before = self._wiring.clock() - timedelta(minutes=self._rules.human_minutes)
        async with self._wiring.db.reading() as work:
            found = await violations.people_awaited(work, before)
        for ticket in found:
            await survive("reminder", self._remind(ticket, before), ticket=ticket)

    async def close_abandoned(self) -> None:
        """Answer the tool calls that nobody goes on with; what became of a write, a person asks.

        So end rounds whose process was killed, and whose ticket a person took before it came back.
        """
        before = self._wiring.clock() - timedelta(minutes=self._rules.overdue_minutes)
        async with self._wiring.db.reading() as work:
            found = await tool_calls.abandoned(work, before)
        for ticket_id in found:
            await survive("abandoned", self._rounds.abandon(ticket_id, before), ticket=ticket_id)

    async def _remind(self, public_id: str, before: datetime) -> None:
        async with self._wiring.db.writing() as work:
            ticket = await tickets.by_public_id(work, public_id, lock=True)
            # It was read without a lock: somebody may have answered.
            if await violations.is_awaited(work, public_id, before):
                await tell_reminder(self._wiring, work, ticket)
                await self._wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)

    async def _end_wait(self, ticket_id: int, before: datetime) -> None:
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, ticket_id, lock=True)
            # It was read without a lock: somebody may have answered, and the customer asked again.
            if not await due.is_overdue(work, ticket_id, before):
                return
            if self._wiring.mode(ticket.product) in {Mode.OFF, Mode.SHADOW}:
                await self._suppress(work, ticket)
                return
            handoff = Handoff(HandoffReason.OVERDUE, summary="Nobody answered in time.")
            await hand_off(self._wiring, work, ticket, handoff, SYSTEM)

    async def _suppress(self, work: UnitOfWork, ticket: Ticket) -> None:
        if await tickets.cover(work, ticket, ticket.asked_seq):
            event = NewEvent(EventKind.SUPPRESSED, SYSTEM, reason="overdue")
            await threads.append_events(work, ticket, [event], self._wiring.clock())

    async def _resolve(self, ticket_id: int, before: datetime) -> None:
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, ticket_id, lock=True)
            # It was read without a lock: the customer may have come back, and been answered.
            if not ticket.bot_owes and await due.is_silent(work, ticket_id, before):
                await resolve(self._wiring, work, ticket, SYSTEM)


def _job(name: str, every_seconds: float, run: Callable[[], Awaitable[object]]) -> Periodic:
    async def guarded() -> None:
        await survive(name, run())

    return Periodic(name, every_seconds, guarded)
