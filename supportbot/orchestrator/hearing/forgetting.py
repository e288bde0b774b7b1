"""A customer is erased, while the bot runs: what they said, what was made of it, who they are.

In short steps, each of which may be the last: who they are goes at the end, so that whoever was
interrupted is found again. An answer that is being made for them meanwhile meets a moved fence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from supportbot.model.ticket import SYSTEM, EventKind, Resolution, Status, Ticket
from supportbot.orchestrator.hearing.withdrawing import take_back
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import forgetting, participants, threads, tickets
from supportbot.store.forgetting import Known
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork

_BATCH_ROWS = 200


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of somebody."""

    customers: int
    tickets: int
    #: Messages in the tickets of others.
    guest_messages: int
    #: Arrivals that belong to no ticket, quarantine among them.
    arrivals: int
    #: Ids of what had left for them.
    sent: tuple[str, ...] = ()


class Forgetting:
    """Erases a customer; `name` is a mail address, or how another channel knows them."""

    def __init__(self, wiring: Wiring, name: str) -> None:
        self._wiring = wiring
        self._name = name.strip()

    async def erase_words(self) -> Erased:
        """Erase all that they said, and all that was made of it; they are known still."""
        known = await self._known()
        for ticket_id in known.ticket_ids:
            await self._erase_ticket(ticket_id)
        for message_id in known.guest_message_ids:
            await self._erase_guest(message_id)
        sent: tuple[str, ...] = ()
        if known.ticket_ids:
            async with self._wiring.db.writing() as work:
                await forgetting.erase_guarded(work, known.ticket_ids)
                sent = tuple(await forgetting.sent(work, known.ticket_ids))
        arrivals = await self._erase_arrivals()
        return Erased(
            customers=len(known.customer_ids),
            tickets=len(known.ticket_ids),
            guest_messages=len(known.guest_message_ids),
            arrivals=arrivals,
            sent=sent,
        )

    async def forget(self) -> None:
        """Forget who they are, with whatever they said since their words were erased."""
        await self.erase_words()
        known = await self._known()
        async with self._wiring.db.writing() as work:
            await forgetting.forget(work, known.customer_ids, self._wiring.clock())
            await participants.forget(work, self._name)

    async def _known(self) -> Known:
        async with self._wiring.db.reading() as work:
            return await forgetting.known(work, self._name)

    async def _erase_ticket(self, ticket_id: int) -> None:
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, ticket_id, lock=True)
            at = self._wiring.clock()
            await self._close(work, ticket, at)
            await forgetting.erase_words(work, ticket_id, at)
            await tickets.revise(work, ticket_id)

    async def _close(self, work: UnitOfWork, ticket: Ticket, at: datetime) -> None:
        if ticket.status is not Status.RESOLVED:
            ended = NewEvent(EventKind.RESOLVED, SYSTEM, reason=Resolution.ABANDONED)
            await threads.append_events(work, ticket, [ended], at)
        await tickets.change(
            work,
            ticket.id,
            status=Status.RESOLVED,
            answered_seq=ticket.asked_seq,
            handler_epoch=ticket.handler_epoch + 1,
            waiting_since=None,
            attempts=0,
            retry_at=None,
            subject=None,
            target={},
            thread_key=f"{forgetting.ERASED}:{ticket.public_id}",
        )

    async def _erase_guest(self, message_id: int) -> None:
        async with self._wiring.db.writing() as work:
            message = await threads.message(work, message_id)
            if message is None:
                return
            ticket = await tickets.get(work, message.ticket_id, lock=True)
            await take_back(self._wiring, work, ticket, message, self._wiring.clock())
            await self._wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)

    async def _erase_arrivals(self) -> int:
        """Empty what came from them and belongs to no ticket; return how much that was."""
        erased, after_id = 0, 0
        while True:
            async with self._wiring.db.reading() as work:
                found = await forgetting.nowhere(work, after_id, _BATCH_ROWS)
                theirs = [
                    one.id for one in found if await forgetting.is_theirs(work, one, self._name)
                ]
            if not found:
                return erased
            if theirs:
                async with self._wiring.db.writing() as work:
                    await forgetting.empty(work, theirs, self._wiring.clock())
            erased += len(theirs)
            after_id = found[-1].id
