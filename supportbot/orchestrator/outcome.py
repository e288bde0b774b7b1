"""The commit of a turn: what was asked, what was decided and what leaves, all in one transaction.

The fence is checked first: if the ticket changed hands or somebody answered meanwhile, only the
completion is recorded and the text is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

from supportbot.model.catalog import Mode
from supportbot.model.completion import Completion, Prompt
from supportbot.model.draft import DraftState
from supportbot.model.message import Message, NewMessage, Role
from supportbot.model.policy import Decision, DraftReply, Handoff, PublishedPolicy, Reply
from supportbot.model.ticket import BOT, SYSTEM, EventKind, Status, Ticket
from supportbot.orchestrator.handoff import hand_off, notify
from supportbot.orchestrator.saying import say
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import answers, drafts, threads, tickets
from supportbot.store.drafts import NewDraft
from supportbot.store.threads import NewEvent
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be answered, as it was seen when the answer began."""

    ticket: Ticket
    thread: tuple[Message, ...]
    #: Newest customer message that the answer covers.
    upto_seq: int
    published: PublishedPolicy
    mode: Mode


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a model: what it was given and what it gave."""

    prompt: Prompt
    completion: Completion


async def commit(
    wiring: Wiring, turn: Turn, asked: Asked | None, decision: Decision | None
) -> None:
    """Write the outcome of a turn; without a decision it is suppressed because the mode is off."""
    async with wiring.db.writing() as work:
        ticket = await tickets.get(work, turn.ticket.id, lock=True)
        completion_id = None
        if asked is not None:
            completion_id = await answers.add_completion(
                work, ticket, turn.published.version_id, asked.prompt, asked.completion
            )
        if not await tickets.cover(work, turn.ticket, turn.upto_seq):
            return
        if asked is not None and asked.completion.error_kind:
            failed = NewEvent(EventKind.COMPLETION_FAILED, BOT, asked.completion.error_kind)
            await threads.append_events(work, ticket, [failed], wiring.clock())
        answered = _Answered(wiring, work, ticket, turn, completion_id)
        match decision:
            case Reply():
                await answered.reply(decision)
            case DraftReply(shadow=True):
                await answered.shadow(decision.text, ",".join(decision.rules))
            case DraftReply():
                await answered.draft(decision)
            case Handoff() if turn.mode is Mode.SHADOW:
                await answered.shadow("", f"handoff:{decision.reason}")
            case Handoff():
                await hand_off(wiring, work, ticket, decision)
            case None:
                await answered.suppress("mode_off")
        await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)


@dataclass(frozen=True, slots=True)
class _Answered:
    """A turn that won the fence, inside its transaction."""

    wiring: Wiring
    work: UnitOfWork
    ticket: Ticket
    turn: Turn
    completion_id: int | None

    async def reply(self, decision: Reply) -> None:
        new = NewMessage(
            role=Role.ASSISTANT,
            author=BOT,
            text=decision.text,
            policy_version_id=self.turn.published.version_id,
            completion_id=self.completion_id,
        )
        message = await say(self.wiring, self.work, self.ticket, new, by_bot=True)
        event = NewEvent(EventKind.BOT_REPLIED, BOT, data={"seq": message.seq})
        await threads.append_events(self.work, self.ticket, [event], self.wiring.clock())
        if self.ticket.asked_seq <= self.turn.upto_seq:
            await tickets.change(
                self.work, self.ticket.id, status=Status.PENDING, waiting_since=None
            )

    async def draft(self, decision: DraftReply) -> None:
        at = self.wiring.clock()
        await drafts.discard_stale(self.work, self.ticket.id, at)
        draft_id = await self._add_draft(decision.text, DraftState.OPEN, ",".join(decision.rules))
        event = NewEvent(
            EventKind.DRAFTED, BOT, ",".join(decision.rules) or None, {"draft": draft_id}
        )
        await threads.append_events(self.work, self.ticket, [event], at)
        text = f"**Draft waits** for `{self.ticket.public_id}`:\n\n{decision.text}"
        await notify(self.wiring, self.work, self.ticket, text, f"draft-{draft_id}")

    async def shadow(self, text: str, reason: str) -> None:
        await self._add_draft(text, DraftState.SHADOW, reason)
        await self.suppress("mode_shadow")

    async def suppress(self, reason: str) -> None:
        event = NewEvent(EventKind.SUPPRESSED, SYSTEM, reason)
        await threads.append_events(self.work, self.ticket, [event], self.wiring.clock())

    async def _add_draft(self, text: str, state: DraftState, reason: str) -> int:
        return await drafts.add(
            self.work,
            self.ticket,
            NewDraft(
                upto_seq=self.turn.upto_seq,
                text=text,
                state=state,
                policy_version_id=self.turn.published.version_id,
                completion_id=self.completion_id,
                reason=reason or None,
            ),
            self.wiring.clock(),
        )
