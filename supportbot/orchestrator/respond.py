"""Answers a ticket's newest turn: passages, prompt, model, review, and one commit behind a fence.

Idempotent: run late, twice, or on two machines at once, a turn gets one answer. No transaction is
open while the model thinks.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from supportbot.completions.base import Completer
from supportbot.errors import CompletionError
from supportbot.knowledge.base import Retriever
from supportbot.model.catalog import Mode
from supportbot.model.completion import Completion, Passage, Prompt
from supportbot.model.message import Message, Visibility
from supportbot.model.policy import (
    Decision,
    Handoff,
    HandoffReason,
)
from supportbot.model.question import Question
from supportbot.model.ticket import ActorKind, Ticket
from supportbot.orchestrator.outcome import Asked, Turn, commit
from supportbot.orchestrator.wiring import Wiring
from supportbot.policy.base import Answer, ReviewRule
from supportbot.policy.compose import Fencing, Window, compose
from supportbot.policy.review import review
from supportbot.store import threads, tickets
from supportbot.tools.handoff import handoff_tool

_PASSAGES = 5


@dataclass(frozen=True, slots=True)
class RespondRules:
    """Limits of a turn."""

    #: Wall-clock seconds for everything the model does in one turn.
    turn_seconds: float = 60.0
    context_tokens: int = 100_000
    max_output_tokens: int | None = None


class Respond:
    """The bot's own verb: from a ticket that is owed an answer to a committed decision."""

    def __init__(
        self,
        wiring: Wiring,
        completer: Completer,
        retriever: Retriever,
        rules: RespondRules,
        *,
        count_tokens: Callable[[str], int],
        review_rules: Sequence[ReviewRule],
    ) -> None:
        self._wiring = wiring
        self._completer = completer
        self._retriever = retriever
        self._turn_seconds = rules.turn_seconds
        self._window = Window(
            budget_tokens=rules.context_tokens,
            count=count_tokens,
            max_output_tokens=rules.max_output_tokens,
        )
        self._review_rules = review_rules

    async def answer(self, ticket_id: int) -> None:
        """Answer what the ticket is owed, if it is still the bot's turn."""
        turn = await self._load(ticket_id)
        if turn is None:
            return
        if turn.mode is Mode.OFF:
            await commit(self._wiring, turn, None, None)
            return
        asked, decision = await self._ask(turn)
        await commit(self._wiring, turn, asked, decision)

    async def _load(self, ticket_id: int) -> Turn | None:
        async with self._wiring.db.reading() as work:
            ticket = await tickets.get(work, ticket_id)
            if not ticket.bot_owes or _waits(ticket, self._wiring.clock()):
                return None
            thread = await threads.messages(work, ticket.id, episode_n=ticket.episode_n)
        published = self._wiring.policy(ticket.product)
        return Turn(
            ticket=ticket,
            thread=tuple(thread),
            upto_seq=max((m.seq for m in thread if _asks(m)), default=ticket.asked_seq),
            published=published,
            mode=published.policy.mode,
        )

    async def _ask(self, turn: Turn) -> tuple[Asked, Decision]:
        passages = await self._retriever.search(_question(turn), _PASSAGES)
        prompt = self._compose(turn, passages)
        started_at = self._wiring.clock()
        try:
            async with asyncio.timeout(self._turn_seconds):
                completion = await self._complete(prompt)
        except TimeoutError:
            return self._failed(prompt, started_at, "deadline")
        except CompletionError as error:
            return self._failed(prompt, started_at, error.kind)
        answer = Answer(
            policy=turn.published.policy, mode=turn.mode, prompt=prompt, completion=completion
        )
        return Asked(prompt, completion), review(answer, self._review_rules)

    def _compose(self, turn: Turn, passages: Sequence[Passage]) -> Prompt:
        token = hashlib.sha256(f"fence:{turn.ticket.public_id}".encode()).hexdigest()[:16]
        return compose(
            turn.published.policy,
            turn.thread,
            passages,
            fencing=Fencing(token, {"channel": turn.ticket.channel_kind}),
            window=self._window,
            tools=(handoff_tool(),),
        )

    async def _complete(self, prompt: Prompt) -> Completion:
        async with aclosing(self._completer.complete(prompt)) as events:
            async for event in events:
                if isinstance(event, Completion):
                    return event
        raise CompletionError("no_completion", "the completer ended early", permanent=True)

    def _failed(self, prompt: Prompt, started_at: datetime, kind: str) -> tuple[Asked, Handoff]:
        elapsed = self._wiring.clock() - started_at
        completion = Completion(
            model=self._completer.model,
            endpoint=self._completer.endpoint,
            text="",
            finish_reason=None,
            started_at=started_at,
            latency_ms=int(elapsed.total_seconds() * 1000),
            error_kind=kind,
        )
        handoff = Handoff(HandoffReason.ERROR, summary=f"The model failed: {kind}.")
        return Asked(prompt, completion), handoff


def _waits(ticket: Ticket, now: datetime) -> bool:
    return ticket.retry_at is not None and ticket.retry_at > now


def _asks(message: Message) -> bool:
    return message.author.kind is ActorKind.CUSTOMER and message.visibility is Visibility.PUBLIC


def _question(turn: Turn) -> Question:
    """Ask knowledge with the newest turn, and with all the customer said in this episode."""
    asked = [message for message in turn.thread if _asks(message)]
    newest = [m.text for m in asked if m.seq > turn.ticket.answered_seq] or [""]
    return Question(
        last="\n".join(newest),
        all="\n".join(message.text for message in asked),
        collections=turn.published.policy.collections,
    )
