"""Puts the older part of long threads in short, after an answer, so that the next ones cost less.

It is made in the ticket's lane and given up as soon as something happens to the ticket, so no
customer waits for it. No answer needs it: where it fails, the oldest turns leave the prompt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from supportbot.completions.base import EMBEDDED, Completer
from supportbot.completions.prices import PRICES, PriceTable
from supportbot.dispatch.base import News
from supportbot.errors import CompletionError
from supportbot.model.completion import AttemptFailed, Completion, FinishReason, Prompt
from supportbot.model.message import Message
from supportbot.model.policy import PublishedPolicy
from supportbot.model.summary import Summary
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.answering.files import words_of_files
from supportbot.orchestrator.answering.turn import DEADLINE, SUPERSEDED, Asked, Calls, Moved
from supportbot.orchestrator.persist import persist
from supportbot.orchestrator.wiring import Wiring
from supportbot.policy.compose import Window, fencing_of
from supportbot.policy.summarise import History, summary_of, summary_prompt, to_cover
from supportbot.policy.turns import TurnGroup, turn_groups
from supportbot.store import answers, prompt_words, spending, summaries, threads, tickets
from supportbot.store.answers import Purpose
from supportbot.store.unit_of_work import UnitOfWork

#: Is told which calls were made for a ticket, once they are stored.
Learn = Callable[[Ticket, Sequence[Asked]], None]

#: A thread with fewer messages cannot have a summary.
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class SummaryRules:
    """When a thread is summarised."""

    #: So many tokens of history are sent word for word; 0: no summary is ever made.
    history_tokens: int = 800
    #: Wall-clock seconds for the model.
    call_seconds: float = 30.0
    #: What a call that was given up must have cost.
    prices: PriceTable = PRICES


@dataclass(frozen=True, slots=True)
class _Job:
    ticket: Ticket
    published: PublishedPolicy
    history: History
    turns: tuple[TurnGroup, ...]


class Summaries:
    """Makes summaries and finds them again."""

    def __init__(
        self, wiring: Wiring, completer: Completer, window: Window, rules: SummaryRules
    ) -> None:
        self._wiring = wiring
        self._completer = completer
        self._window = window
        self._rules = rules

    async def latest(self, work: UnitOfWork, ticket: Ticket) -> Summary | None:
        """Return the summary that the next prompt of a ticket stands on, if there is one."""
        if ticket.last_seq < _SHORTEST:
            return None
        return await summaries.latest(work, ticket)

    def may_be_due(self, ticket: Ticket, thread: Sequence[Message]) -> bool:
        """Tell cheaply, without the store, whether `after_answer` might do something.

        `thread` is the ticket's current episode as the answer saw it.
        """
        if not self._makes_them or ticket.last_seq < _SHORTEST:
            return False
        count, most_tokens = self._window.count, self._rules.history_tokens
        return sum(count(message.text) for message in thread) > most_tokens // 2

    async def after_answer(self, ticket_id: int, learn: Learn | None = None) -> None:
        """Summarise a ticket's older turns if that is due. Safe to call late, twice or never.

        `learn` is told what the calls cost.
        """
        with self._wiring.dispatcher.news(ticket_id) as news:
            job = await self._begin(ticket_id)
            if job is None:
                return
            prompt = summary_prompt(job.history, job.turns, self._window)
            asked, text = await self._ask(prompt, news)

        async def store(again: bool) -> None:  # noqa: FBT001 - what `persist` calls
            if not (again and await self._stored(job, asked)):
                await self._keep(job, asked, text)

        try:
            await persist(store)
        finally:
            if learn is not None:
                learn(job.ticket, asked)

    @property
    def _makes_them(self) -> bool:
        """False where kb-extractive answers: it can only quote."""
        return self._rules.history_tokens > 0 and self._completer.endpoint != EMBEDDED

    async def _begin(self, ticket_id: int) -> _Job | None:
        if not self._makes_them:
            return None
        async with self._wiring.db.reading() as work:
            ticket = await tickets.get(work, ticket_id)
            if ticket.bot_owes:
                return None  # the customer wrote while the answer was sent
            history = await self._history(work, ticket)
            calls = await summaries.calls(work, ticket)
        turns = to_cover(history, self._window, self._rules.history_tokens, calls)
        published = self._wiring.policy(ticket.product)
        return _Job(ticket, published, history, turns) if turns else None

    async def _history(self, work: UnitOfWork, ticket: Ticket) -> History:
        thread = await threads.messages(work, ticket.id, episode_n=ticket.episode_n)
        return History(
            policy=self._wiring.policy(ticket.product).policy,
            thread=thread,
            summary=await summaries.latest(work, ticket),
            fencing=fencing_of(ticket),
            files=await words_of_files(work, ticket.id, thread),
        )

    async def _ask(self, prompt: Prompt, news: News) -> tuple[list[Asked], str]:
        """Return the calls, and the text of the last one if it can be used."""
        calls, text = Calls(self._wiring.clock), ""
        calls.begin(prompt)
        try:
            async with asyncio.timeout(self._rules.call_seconds):
                text = await _unless_heard(news, self._listen(prompt, calls))
        except Moved:
            self._break_off(calls, SUPERSEDED)
        except TimeoutError:
            self._break_off(calls, DEADLINE)
        except CompletionError as error:
            self._break_off(calls, error.kind)
        return calls.take(), text

    def _break_off(self, calls: Calls, kind: str) -> None:
        calls.break_off(kind, self._completer, self._window.count, self._rules.prices)

    async def _listen(self, prompt: Prompt, calls: Calls) -> str:
        async with aclosing(self._completer.complete(prompt)) as events:
            async for event in events:
                match event:
                    case AttemptFailed():
                        calls.failed(event.completion)
                    case Completion():
                        calls.answered(event)
                        return _usable(event)
        return ""

    async def _stored(self, job: _Job, asked: Sequence[Asked]) -> bool:
        if not asked:
            return True
        async with self._wiring.db.reading() as work:
            return await spending.recorded(work, job.ticket.id, asked[-1].completion)

    async def _keep(self, job: _Job, asked: Sequence[Asked], text: str) -> None:
        """Store the calls, and the summary if what it covers still reads as it did."""
        upto_seq = job.turns[-1].upto_seq
        purpose = Purpose(job.published.version_id, upto_seq, name=summaries.PURPOSE)
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, job.ticket.id, lock=True)
            made = [
                await answers.add_completion(work, job.ticket, purpose, one.prompt, one.completion)
                for one in asked
            ]
            if ticket.revision != job.ticket.revision:
                await prompt_words.erase_late(work, ticket.id, made, self._wiring.clock())
            if text and made and await self._holds(work, ticket, job):
                summary = summary_of(job.turns, text, self._window)
                await summaries.add(work, ticket, summary, made[-1], self._wiring.clock())

    async def _holds(self, work: UnitOfWork, ticket: Ticket, job: _Job) -> bool:
        """Tell whether nothing that was summarised was edited, deleted or erased meanwhile."""
        now = await self._history(work, ticket)
        groups = turn_groups(now.thread, now.summary)[: len(job.turns)]
        return now.summary == job.history.summary and tuple(groups) == job.turns


async def _unless_heard(news: News, work: Coroutine[Any, Any, str]) -> str:
    """Do the work, or cancel it as soon as there is news.

    Raises:
        Moved: it was cancelled.
    """
    working, hearing = asyncio.create_task(work), asyncio.create_task(_heard(news))
    try:
        await asyncio.wait((working, hearing), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Moved
    finally:
        hearing.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))


async def _heard(news: News) -> None:
    await news.wait()


def _usable(completion: Completion) -> str:
    """Return the notes; none if they were cut off, or quoted by the last step of a fallback."""
    whole = completion.finish_reason is FinishReason.STOP
    return completion.text.strip() if whole and completion.endpoint != EMBEDDED else ""
