"""Answers, then delivers, whatever a ticket owes: the handler that every lane runs."""

from __future__ import annotations

from datetime import timedelta

from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import SYSTEM, Handler
from supportbot.orchestrator.answering.respond import Answered, Respond
from supportbot.orchestrator.answering.summary import Summaries
from supportbot.orchestrator.deliver import Deliver
from supportbot.orchestrator.guard import survive
from supportbot.orchestrator.standing import tell_soon
from supportbot.orchestrator.telling.handoff import hand_off
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import tickets

_MOST_ATTEMPTS = 5


class Settle:
    """One lane's work; never raises, and a failure is stored on the ticket to be tried again."""

    def __init__(
        self, wiring: Wiring, respond: Respond, deliver: Deliver, summaries: Summaries
    ) -> None:
        self._wiring = wiring
        self._respond = respond
        self._deliver = deliver
        self._summaries = summaries

    async def __call__(self, ticket_id: int) -> None:
        """Answer and deliver; safe to run late or twice."""
        try:
            answer = await self._answer_and_deliver(ticket_id)
        finally:
            tell_soon(self._wiring, ticket_id)
        if isinstance(answer, Answered) and answer.may_summarise:
            summary = self._summaries.after_answer(ticket_id, self._respond.learn)
            await survive("summary", summary, ticket=ticket_id)

    async def _answer_and_deliver(self, ticket_id: int) -> Answered | Exception:
        answer = await survive("respond", self._respond.answer(ticket_id), ticket=ticket_id)
        if isinstance(answer, Exception):
            await survive("postpone", self._postpone(ticket_id), ticket=ticket_id)
        if isinstance(answer, Answered) and answer.claimed is not None:
            await survive("deliver", self._deliver.send_claimed(answer.claimed), ticket=ticket_id)
        else:
            await survive("deliver", self._deliver.deliver(ticket_id), ticket=ticket_id)
        return answer

    async def _postpone(self, ticket_id: int) -> None:
        """Try a failed turn again later, and hand it off when that never helps."""
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, ticket_id, lock=True)
            wait = timedelta(seconds=2.0 ** min(ticket.attempts, _MOST_ATTEMPTS))
            await tickets.change(
                work, ticket.id, attempts=ticket.attempts + 1, retry_at=self._wiring.clock() + wait
            )
        if ticket.attempts + 1 < _MOST_ATTEMPTS:
            return
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, ticket_id, lock=True)
            if ticket.handler is Handler.BOT:
                handoff = Handoff(HandoffReason.ERROR, summary="The turn failed repeatedly.")
                await hand_off(self._wiring, work, ticket, handoff, SYSTEM)
