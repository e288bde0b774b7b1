"""The commit of a turn: what was asked, what was decided and what leaves, all in one transaction.

The fence is checked first: if the ticket changed hands or somebody answered meanwhile, only the
calls are recorded and the text is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from supportbot.errors import ConflictError
from supportbot.model.catalog import Mode
from supportbot.model.delivery import Delivery, DeliveryKind, DeliveryState
from supportbot.model.draft import DraftState
from supportbot.model.message import NewMessage, Role, doubt
from supportbot.model.policy import Decision, DraftReply, Handoff, HandoffReason, Reply
from supportbot.model.ticket import BOT, SYSTEM, EventKind, Handler, Standing, Status, Ticket
from supportbot.orchestrator.answering.spending import degraded, tell_operators
from supportbot.orchestrator.answering.stopping import STOPPED, was_stopped
from supportbot.orchestrator.answering.turn import SUPERSEDED, Asked, Turn
from supportbot.orchestrator.telling.handoff import hand_off, note_of
from supportbot.orchestrator.telling.notices import DRAFT_OFFERS, Notice, drop_drafts, notify
from supportbot.orchestrator.telling.packet import facts, links
from supportbot.orchestrator.telling.quoting import about, asked, sender
from supportbot.orchestrator.telling.saying import answer
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import answers, drafts, live, prompt_words, threads, tickets
from supportbot.store.drafts import NewDraft
from supportbot.store.threads import Appended, NewEvent
from supportbot.store.unit_of_work import UnitOfWork

#: So many of the newest questions stand above a draft.
_MOST_QUOTED = 3
#: A notice stays one message wherever it stands.
_MOST_DRAFT_CHARACTERS = 8_000
_CUT = "*It goes on: the whole draft stands on the ticket's page.*"


async def record(wiring: Wiring, turn: Turn, asked: Sequence[Asked]) -> None:
    """Store the calls of a turn that was given up, and say so in the transcript.

    That its customer stopped it, the transcript knows already.
    """
    async with wiring.db.writing() as work:
        ticket = await tickets.get(work, turn.ticket.id, lock=True)
        stopped = await was_stopped(work, ticket, turn.upto_seq)
        await _store(wiring, work, ticket, turn, _given_up(asked, stopped=stopped))
        if not stopped:
            event = NewEvent(EventKind.SUPERSEDED, SYSTEM, data={"upto": turn.upto_seq})
            await threads.append_events(work, turn.ticket, [event], wiring.clock())


async def commit(
    wiring: Wiring,
    turn: Turn,
    asked: Sequence[Asked],
    decision: Decision | None,
    lease: timedelta,
) -> Delivery | None:
    """Write the outcome of a turn; without a decision it is suppressed because the mode is off.

    A reply that nothing stands before is returned, claimed for `lease`: the caller sends it now.
    What the customer saw growing is finished in any case: as a reply, or as a handoff.
    """
    if turn.live is not None and not isinstance(decision, Reply | Handoff):
        decision = unfinished(decision)
    async with wiring.db.writing() as work:
        ticket = await tickets.get(work, turn.ticket.id, lock=True)
        completion_id = await _store(wiring, work, ticket, turn, asked)
        if not await _covered(work, ticket, turn, decision):
            return None
        failed = [one.completion.error_kind for one in asked if one.completion.error_kind]
        events = [NewEvent(EventKind.COMPLETION_FAILED, BOT, kind) for kind in failed]
        events += degraded(turn.plan)
        await tell_operators(wiring, work, ticket, turn.plan)
        await threads.append_events(work, ticket, events, wiring.clock())
        answered = _Answered(wiring, work, ticket, turn, completion_id, lease)
        if ticket.asked_seq > turn.upto_seq:  # the rest is answered next
            await wiring.dispatcher.wake(work, ticket.id, ticket.asked_seq)
        match decision:
            case Reply():
                return await answered.reply(decision)
            case DraftReply(shadow=True):
                await answered.shadow(decision.text, ",".join(decision.rules))
            case DraftReply():
                await answered.draft(decision)
            case Handoff() if turn.mode is Mode.SHADOW and turn.live is None:
                await answered.shadow("", f"handoff:{decision.reason}")
            case Handoff():
                return await answered.hand_over(decision)
            case None:
                await answered.suppress("mode_off")
    return None


def unfinished(decision: Decision | None) -> Handoff:
    """Hand off an answer that was seen growing and may not be finished by itself."""
    words = f": {decision.text}" if isinstance(decision, DraftReply) else "."
    summary = f"An answer that the customer saw growing may not leave by itself{words}"
    return Handoff(HandoffReason.POLICY, summary=summary)


async def withdraw(wiring: Wiring, ticket_id: int, claimed: Delivery) -> None:
    """End a live reply of a product that has no policy any more; people have to answer.

    One that was seen says so in place, or stays as it was seen where people have the ticket by now;
    it is due at once.

    Raises:
        ConflictError: somebody else ended it.
    """
    async with wiring.db.writing() as work:
        ticket = await tickets.get(work, ticket_id, lock=True)
        summary = "An answer was interrupted, and the product has no policy any more."
        handoff = Handoff(HandoffReason.ERROR, summary=summary)
        seen, ours = was_seen(claimed), ticket.handler is Handler.BOT
        if seen:
            words = note_of(None, handoff) if ours else claimed.text
            marks: dict[str, object] = {"notice": "handoff"} if ours else {"interrupted": True}
            new = NewMessage(
                role=Role.ASSISTANT,
                author=BOT,
                text=words,
                data={"upto": claimed.upto_seq, **marks},
            )
            at = wiring.clock()
            await _word(work, claimed, new, at, at)
        elif not await live.cancel(work, claimed, "its product has no policy any more"):
            return
        event = NewEvent(EventKind.SUPPRESSED, SYSTEM, "interrupted")
        await threads.append_events(work, ticket, [event], wiring.clock())
        if ours:
            tell = False if seen else None
            await hand_off(wiring, work, ticket, handoff, tell_customer=tell)


async def break_off(
    wiring: Wiring, turn: Turn, asked: Sequence[Asked], shown: str, lease: timedelta
) -> Delivery | None:
    """End a live reply that nobody wants any more: what was seen of it stays, as it was seen.

    Raises:
        ConflictError: somebody else ended it.
    """
    async with wiring.db.writing() as work:
        ticket = await tickets.get(work, turn.ticket.id, lock=True)
        stopped = await was_stopped(work, ticket, turn.upto_seq)
        completion_id = await _store(wiring, work, ticket, turn, _given_up(asked, stopped=stopped))
        answered = _Answered(wiring, work, ticket, turn, completion_id, lease)
        return await answered.stop_short(shown, stopped=stopped)


async def silence(wiring: Wiring, turn: Turn) -> None:
    """End a claim that nobody saw, in a mode that says nothing; its turn is covered already.

    Raises:
        ConflictError: somebody else ended it.
    """
    async with wiring.db.writing() as work:
        ticket = await tickets.get(work, turn.ticket.id, lock=True)
        answered = _Answered(wiring, work, ticket, turn, None, timedelta(0))
        await answered.suppress(f"mode_{turn.mode}")
        await answered.end_unseen(f"its product's mode is {turn.mode}")


async def _word(
    work: UnitOfWork,
    claimed: Delivery,
    new: NewMessage,
    at: datetime,
    until: datetime,
) -> Appended:
    """Give a live reply its last words, which the caller sends by then.

    Raises:
        ConflictError: somebody else ended it.
    """
    message = await threads.append_message(work, claimed.ticket_id, new, at)
    if not await live.word(work, claimed, message.id, _role(new), until):
        raise ConflictError(f"the live reply {claimed.key} has its words already")
    return message


def _role(new: NewMessage) -> DeliveryKind:
    whole = not {"notice", "interrupted"} & {*new.data}
    return DeliveryKind.REPLY if whole else DeliveryKind.NOTICE


def _given_up(asked: Sequence[Asked], *, stopped: bool) -> list[Asked]:
    """Name the calls that were broken off as what they were broken off by."""
    return [
        replace(one, completion=replace(one.completion, error_kind=STOPPED))
        if stopped and one.completion.error_kind == SUPERSEDED
        else one
        for one in asked
    ]


def was_seen(claimed: Delivery) -> bool:
    """Tell whether the customer may have seen something of a live reply."""
    return claimed.provider_id is not None and bool(claimed.text)


async def _store(
    wiring: Wiring, work: UnitOfWork, ticket: Ticket, turn: Turn, asked: Sequence[Asked]
) -> int | None:
    """Record the calls; return the number of the last one."""
    made = [
        await answers.add_completion(work, ticket, turn.purpose, one.prompt, one.completion)
        for one in asked
    ]
    if made and ticket.revision != turn.ticket.revision:
        await prompt_words.erase_late(work, ticket.id, made, wiring.clock())
    return made[-1] if made else None


async def _covered(work: UnitOfWork, ticket: Ticket, turn: Turn, decision: Decision | None) -> bool:
    """Pass the fence, or find it moved. A live reply has covered its turn already."""
    if turn.live is not None and ticket.answered_seq >= turn.upto_seq:
        return ticket.handler_epoch == turn.ticket.handler_epoch
    done = isinstance(decision, Reply) and ticket.asked_seq <= turn.upto_seq
    head: dict[str, object] = {"status": Status.PENDING, "waiting_since": None} if done else {}
    return await tickets.cover(work, turn.ticket, turn.upto_seq, **head)


@dataclass(frozen=True, slots=True)
class _Answered:
    """A turn that won the fence, inside its transaction."""

    wiring: Wiring
    work: UnitOfWork
    ticket: Ticket
    turn: Turn
    completion_id: int | None
    #: So long a reply is the caller's to send.
    lease: timedelta

    async def reply(self, decision: Reply) -> Delivery | None:
        new = self._message(decision.text, **_rests_on(decision))
        if self.turn.live is not None:
            return await self._finish_live(self.turn.live, new, EventKind.BOT_REPLIED)
        until = self.wiring.clock() + self.lease
        said = await answer(self.wiring, self.work, self.ticket, new, until)
        await self._happened(EventKind.BOT_REPLIED, {"seq": said.message.seq})
        return said.claimed

    async def hand_over(self, decision: Handoff) -> Delivery | None:
        """Hand off; where a live reply stands, it is corrected in place to say so."""
        claimed = self.turn.live
        tells = claimed is None and not decision.silent
        await hand_off(self.wiring, self.work, self.ticket, decision, tell_customer=tells)
        if claimed is None:
            return None
        new = self._message(note_of(self.turn.published, decision), notice="handoff")
        finished = await self._finish_live(claimed, new, None)
        return replace(finished, standing=Standing.WITH_PEOPLE)

    async def stop_short(self, shown: str, *, stopped: bool) -> Delivery | None:
        """Leave a live reply as it was seen; of one that nobody saw nothing is seen ever."""
        if self.turn.live is None:
            return None
        if self.turn.taken_back and self.ticket.handler_epoch == self.turn.live.handler_epoch:
            await self._owe_no_more()
        elif not stopped:
            await self.suppress("interrupted")
        if not was_seen(replace(self.turn.live, text=shown)):
            await self.end_unseen("it is not wanted any more")
            return None
        new = self._message(shown, interrupted=True)
        return await self._finish_live(self.turn.live, new, None)

    async def _owe_no_more(self) -> None:
        """Note that the questions are gone that a live reply covers; later ones are answered."""
        await self.suppress("deleted")
        if self.ticket.asked_seq > self.turn.upto_seq:
            await self.wiring.dispatcher.wake(self.work, self.ticket.id, self.ticket.asked_seq)
            return
        await tickets.change(self.work, self.ticket.id, status=Status.PENDING, waiting_since=None)

    async def end_unseen(self, reason: str) -> None:
        """End the claim without words."""
        claimed = self.turn.live
        if claimed is not None and not await live.cancel(self.work, claimed, reason):
            raise ConflictError(f"the live reply {claimed.key} has its words already")

    async def _finish_live(
        self, claimed: Delivery, new: NewMessage, kind: EventKind | None
    ) -> Delivery:
        """Give the live message its last words; they are shown after the commit."""
        at = self.wiring.clock()
        until = at + self.lease
        message = await _word(self.work, claimed, new, at, until)
        if kind is not None:
            await self._happened(kind, {"seq": message.seq})
            if self.ticket.asked_seq <= self.turn.upto_seq:
                await tickets.change(
                    self.work, self.ticket.id, status=Status.PENDING, waiting_since=None
                )
        return replace(
            claimed,
            state=DeliveryState.SENDING,
            attempts=claimed.attempts + 1,
            message_id=message.id,
            text=new.text,
            kind=_role(new),
            offers=claimed.offers if kind else (),
            handler_epoch=claimed.handler_epoch if kind else None,
            standing=self.ticket.standing,
            claimed_until=until,
        )

    async def draft(self, decision: DraftReply) -> None:
        dropped = await drop_drafts(self.wiring, self.work, self.ticket, "replaced")
        await threads.append_events(self.work, self.ticket, dropped, self.wiring.clock())
        rules = ",".join(decision.rules)
        draft_id = await self._add_draft(decision.text, DraftState.OPEN, rules)
        facts = {"draft": draft_id, **_rests_on(decision)}
        await self._happened(EventKind.DRAFTED, facts, rules or None)
        text = await self._waiting_draft(decision.text)
        notice = Notice(f"draft-{draft_id}", text, DRAFT_OFFERS, draft_id)
        await notify(self.wiring, self.work, self.ticket, notice)

    async def _waiting_draft(self, words: str) -> str:
        lines = (
            f"**Draft waits**: {about(self.ticket.subject)} `{self.ticket.public_id}`",
            asked(*(one.text for one in self.turn.questions[-_MOST_QUOTED:])),
            next(filter(None, (sender(doubt(one)) for one in self.turn.questions)), ""),
            await facts(self.wiring, self.work, self.ticket),
            links(self.wiring, self.ticket),
        )
        head = "  \n".join(line for line in lines if line)
        if len(words) > _MOST_DRAFT_CHARACTERS:
            words = f"{words[:_MOST_DRAFT_CHARACTERS]}...\n\n{_CUT}"
        return f"{head}\n\n{words}"

    async def shadow(self, text: str, reason: str) -> None:
        await self._add_draft(text, DraftState.SHADOW, reason)
        await self.suppress("mode_shadow")

    async def suppress(self, reason: str) -> None:
        event = NewEvent(EventKind.SUPPRESSED, SYSTEM, reason, {"upto": self.turn.upto_seq})
        await threads.append_events(self.work, self.ticket, [event], self.wiring.clock())

    async def _happened(
        self, kind: EventKind, data: dict[str, object], reason: str | None = None
    ) -> None:
        event = NewEvent(kind, BOT, reason, data)
        await threads.append_events(self.work, self.ticket, [event], self.wiring.clock())

    def _message(self, text: str, **data: object) -> NewMessage:
        return NewMessage(
            role=Role.ASSISTANT,
            author=BOT,
            text=text,
            policy_version_id=self.turn.published.version_id,
            completion_id=self.completion_id,
            data={"upto": self.turn.upto_seq, **data},
        )

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


def _rests_on(decision: Reply | DraftReply) -> dict[str, object]:
    """Say in the transcript which tools' results the model had before it."""
    return {"tools": list(decision.tools)} if decision.tools else {}
