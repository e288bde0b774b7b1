"""Answers a ticket's newest turn: load, think, review, and one commit behind a fence.

Idempotent: run late, twice, or on two machines at once, a turn gets one answer. No transaction is
open while the model thinks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from supportbot.dispatch.base import News
from supportbot.model.catalog import Mode
from supportbot.model.delivery import Delivery
from supportbot.model.policy import Decision, Handoff, HandoffReason
from supportbot.model.ticket import Ticket
from supportbot.model.wishes import wants_person
from supportbot.orchestrator import restraint
from supportbot.orchestrator.answering import echoing
from supportbot.orchestrator.answering.budgets import Plan, Step
from supportbot.orchestrator.answering.live import (
    LiveRules,
    Voice,
    live_channel,
    take_away,
    voice_of,
)
from supportbot.orchestrator.answering.mind import Mind
from supportbot.orchestrator.answering.outcome import (
    break_off,
    commit,
    record,
    silence,
    unfinished,
    was_seen,
    withdraw,
)
from supportbot.orchestrator.answering.spending import Spending, out_of_budget
from supportbot.orchestrator.answering.summary import Summaries
from supportbot.orchestrator.answering.thinking import Thinking
from supportbot.orchestrator.answering.turn import (
    SUPERSEDED,
    Asked,
    Calls,
    Moved,
    Turn,
    from_customer,
)
from supportbot.orchestrator.answering.watch import Watch
from supportbot.orchestrator.pace import Pace
from supportbot.orchestrator.persist import persist
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import live, spending, threads, tickets
from supportbot.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RespondRules:
    """How long a turn may take."""

    #: Wall-clock seconds for everything the model and its tools do in one turn.
    turn_seconds: float = 60.0
    live: LiveRules = field(default_factory=LiveRules)
    #: So long others leave a reply alone that was committed to be sent at once.
    lease_seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What is left to do for the caller after a turn."""

    #: The reply to send, or to finish, at once.
    claimed: Delivery | None = None
    #: Whether the thread may have grown long enough to be put in short.
    may_summarise: bool = False


class Respond:
    """The bot's own verb: from a ticket that is owed an answer to a committed decision."""

    def __init__(
        self,
        wiring: Wiring,
        mind: Mind,
        spending: Spending,
        summaries: Summaries,
        rules: RespondRules,
    ) -> None:
        self._wiring = wiring
        self._mind = mind
        self._spending = spending
        self._summaries = summaries
        self._rules = rules
        self._lease = timedelta(seconds=rules.lease_seconds)
        self._pace = Pace()

    async def answer(self, ticket_id: int) -> Answered:
        """Answer what the ticket is owed, if it is still the bot's turn."""
        await self._pace.admit()
        with self._wiring.dispatcher.news(ticket_id) as news:
            turn = await self._load(ticket_id)
            if turn is None:
                return Answered()
            claimed = await self._answer(turn, news)
        return Answered(claimed, self._may_summarise(turn))

    def learn(self, ticket: Ticket, asked: Sequence[Asked]) -> None:
        """Let budgets and estimates know what calls cost, once they are stored."""
        self._spending.spent(ticket, [one.completion for one in asked])
        for one in asked:
            # What a picture costs, every vendor counts otherwise: it says nothing about texts.
            if not any(message.images for message in one.prompt.messages):
                self._mind.calibration.heard(one.completion)

    def _may_summarise(self, turn: Turn) -> bool:
        """Tell whether a summary may be due: it is a call too, made where calls may be made."""
        if turn.mode is Mode.OFF or turn.plan.includes(Step.DRAFT):
            return False
        return self._summaries.may_be_due(turn.ticket, turn.thread)

    async def _answer(self, turn: Turn, news: News) -> Delivery | None:
        handed_over = turn.live and turn.live.handler_epoch != turn.ticket.handler_epoch
        if turn.live is not None and (handed_over or turn.taken_back):
            return await self._break_off(turn, (), turn.live.text)
        if turn.live is not None and turn.mode is not Mode.AUTO:
            if turn.mode is not Mode.DRAFT and not was_seen(turn.live):
                await take_away(self._wiring, turn.ticket, turn.live, self._rules.live)
                await silence(self._wiring, turn)
                return None
            return await self._commit(turn, [], unfinished(None))
        if turn.mode is Mode.OFF:
            return await commit(self._wiring, turn, (), None, self._lease)
        if (refused := await self._refused(turn)) is not None:
            return await self._commit(turn, [], refused)
        self._show_work(turn)
        calls = Calls(self._wiring.clock)
        voice = voice_of(self._wiring, turn, self._rules.live, self._mind.review_rules)
        try:
            decision = await self._decide(turn, calls, voice, news)
        except Moved:
            return await self._give_up(turn, calls, voice)
        self._wiring.working.whole(turn.ticket.id)
        turn = replace(turn, live=voice.delivery)
        return await self._commit(turn, calls.take(), decision)

    async def _refused(self, turn: Turn) -> Handoff | None:
        """Say why a turn is for people before any model is asked; None: it is the bot's."""
        if turn.live is None and any(wants_person(one.text) for one in turn.questions):
            return Handoff(HandoffReason.ASKED, summary="The customer asked for a person.")
        if turn.plan.step is Step.HANDOFF:
            return out_of_budget(turn.plan)
        capped = turn.mode is Mode.AUTO and await restraint.reached(self._wiring, turn.ticket)
        return restraint.held_back(capped) if capped else None

    def _show_work(self, turn: Turn) -> None:
        """Let the customer see that an answer is made, where one may come of it."""
        if turn.mode is not Mode.SHADOW:
            channel = self._wiring.status_of(turn.ticket)
            self._wiring.working.begin(self._wiring.db, turn.ticket, channel)

    async def _break_off(self, turn: Turn, asked: Sequence[Asked], shown: str) -> Delivery | None:
        """End a live reply as it was seen; one that nobody saw is taken away."""
        if turn.live is not None and not was_seen(replace(turn.live, text=shown)):
            await take_away(self._wiring, turn.ticket, turn.live, self._rules.live)
        return await break_off(self._wiring, turn, asked, shown, self._lease)

    async def _commit(self, turn: Turn, asked: list[Asked], decision: Decision) -> Delivery | None:
        """Commit what was decided; an answer is paid for, so the store is waited for."""

        async def store(again: bool) -> Delivery | None:  # noqa: FBT001 - what `persist` calls
            if again and await self._stored(turn, asked):
                return None  # the sweep finds the reply, and the channel is asked for it
            claimed = await commit(self._wiring, turn, asked, decision, self._lease)
            return claimed or await self._end_growing(turn)

        try:
            return await persist(store)
        finally:
            self.learn(turn.ticket, asked)

    async def _end_growing(self, turn: Turn) -> Delivery | None:
        """End a live reply at once whose fence moved in the moment before its commit."""
        if turn.live is None:
            return None
        async with self._wiring.db.reading() as work:
            growing = await live.open_of(work, turn.ticket.id)
        if growing is None or growing.id != turn.live.id:
            return None
        return await self._break_off(replace(turn, live=growing), (), growing.text)

    async def _stored(self, turn: Turn, asked: Sequence[Asked]) -> bool:
        """Tell whether the commit before, which failed, was written after all."""
        if not asked:
            return False  # the fence keeps it from happening twice
        async with self._wiring.db.reading() as work:
            return await spending.recorded(work, turn.ticket.id, asked[-1].completion)

    async def _load(self, ticket_id: int) -> Turn | None:
        now = self._wiring.clock()
        async with self._wiring.db.reading() as work:
            ticket = await tickets.get(work, ticket_id)
            claimed = await self._interrupted(work, ticket)
            if claimed is not None and claimed.claimed_until and claimed.claimed_until > now:
                return None  # somebody is at it, or was a moment ago
            if claimed is None and (not ticket.bot_owes or _waits(ticket, now)):
                return None
            thread = await threads.messages(work, ticket.id, episode_n=ticket.episode_n)
            if claimed is None and await echoing.is_awaited(work, ticket, thread):
                return None  # it is answered once its copy has left, which wakes the ticket
            summary = await self._summaries.latest(work, ticket)
        plan = await self._spending.step(self._wiring.db, ticket)
        if claimed is not None and ticket.product not in self._wiring.policies:
            if not was_seen(claimed):
                await take_away(self._wiring, ticket, claimed, self._rules.live)
            await withdraw(self._wiring, ticket.id, claimed)
            return None
        published = self._wiring.policy(ticket.product)
        newest = max((m.seq for m in thread if from_customer(m)), default=ticket.asked_seq)
        upto_seq = newest if claimed is None else claimed.upto_seq or newest
        return Turn(
            ticket=ticket,
            thread=tuple(m for m in thread if not from_customer(m) or m.seq <= upto_seq),
            upto_seq=upto_seq,
            published=published,
            mode=_mode(published.policy.mode, plan),
            live=claimed,
            summary=summary,
            plan=plan,
        )

    async def _interrupted(self, work: UnitOfWork, ticket: Ticket) -> Delivery | None:
        if live_channel(self._wiring, ticket) is None:
            return None
        return await live.open_of(work, ticket.id)

    async def _decide(self, turn: Turn, calls: Calls, voice: Voice, news: News) -> Decision:
        turn = await self._mind.files.ready(turn)
        patience = self._wiring.patience(turn.ticket.channel)
        longest_wait = timedelta(seconds=patience.longest_seconds)
        thinking = Thinking(
            mind=self._mind,
            watch=Watch(self._wiring, news, longest_wait, voice),
            calls=calls,
            deadline=asyncio.get_running_loop().time() + self._rules.turn_seconds,
            voice=voice,
            learn=self.learn,
        )
        try:
            return await thinking.decide(turn)
        except Moved:
            raise
        except BaseException:
            self.learn(turn.ticket, calls.take())  # what was asked is paid for
            raise
        finally:
            await voice.end()

    async def _give_up(self, turn: Turn, calls: Calls, voice: Voice) -> Delivery | None:
        """Store what the calls cost; what the customer saw already stays."""
        self._mind.break_off(calls, SUPERSEDED, turn.plan)
        asked = calls.take()
        given_up = replace(turn, live=voice.delivery)

        async def store(again: bool) -> Delivery | None:  # noqa: FBT001 - what `persist` calls
            if again and await self._stored(turn, asked):
                return None
            if given_up.live is not None:
                return await self._break_off(given_up, asked, voice.shown)
            await record(self._wiring, turn, asked)
            return None

        try:
            return await persist(store)
        finally:
            self.learn(turn.ticket, asked)


def _waits(ticket: Ticket, now: datetime) -> bool:
    return ticket.retry_at is not None and ticket.retry_at > now


def _mode(mode: Mode, plan: Plan) -> Mode:
    """Let nothing leave by itself once the budget says so."""
    return mode.tightened(Mode.DRAFT) if plan.includes(Step.DRAFT) else mode
