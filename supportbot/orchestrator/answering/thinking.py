"""From a turn to a decision: passages, prompt, model, tools, review; no transaction is open.

One wall-clock deadline bounds all of it. The model is left alone as soon as the turn is over; a
tool never is, for nobody could tell then what it did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from supportbot.completions.base import Completer
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    AttemptFailed,
    Completion,
    FinishReason,
    Passage,
    Prompt,
    TextDelta,
    ToolSpec,
)
from supportbot.model.handoff import HANDOFF_TOOL
from supportbot.model.policy import Decision, Handoff, HandoffReason
from supportbot.model.ticket import Ticket
from supportbot.orchestrator.answering.live import Stopped, Voice
from supportbot.orchestrator.answering.mind import Mind
from supportbot.orchestrator.answering.round_messages import standing
from supportbot.orchestrator.answering.tool_rounds import Ending
from supportbot.orchestrator.answering.turn import (
    DEADLINE,
    Asked,
    Calls,
    Moved,
    Turn,
    from_customer,
)
from supportbot.orchestrator.answering.watch import Watch
from supportbot.policy.base import Answer
from supportbot.policy.compose import compose, fencing_of
from supportbot.policy.review import review
from supportbot.store import threads

_PASSAGES = 5
#: Model calls of a turn; in the last one only an answer or a handoff is left.
_MOST_CALLS = 6
_OVERFLOW = "context_length"
#: Why a person gets a turn whose time is over.
_TOO_LATE = (
    "The model did not answer within the time that a turn has. If that goes on, look at its "
    "provider, or raise `[model] turn_seconds`."
)
#: What is left of the window for the one more try after a server found a prompt too long.
_SHRUNK = 0.7


@dataclass(frozen=True, slots=True)
class Thinking:
    """One turn being thought about."""

    mind: Mind
    watch: Watch
    calls: Calls
    #: By the loop's clock.
    deadline: float
    voice: Voice
    #: Told what calls cost as soon as they are stored.
    learn: Callable[[Ticket, Sequence[Asked]], None]

    async def decide(self, turn: Turn) -> Decision:
        """Find out what to do; a failure of the model is a handoff, never an exception.

        Raises:
            Moved: the turn is over.
        """
        try:
            return await self._decide(turn)
        except TimeoutError:
            return self._given_up(turn, DEADLINE, _TOO_LATE)
        except CompletionError as error:
            return self._given_up(turn, error.kind, error.why)
        except Stopped:
            self.mind.break_off(self.calls, "never_phrase", turn.plan)
            summary = "The answer held what must never be said, and was stopped."
            return Handoff(HandoffReason.POLICY, summary=summary, rules=("never_phrase",))

    async def _decide(self, turn: Turn) -> Decision:
        async with asyncio.timeout_at(self.deadline):
            passages = await self.mind.retriever.search(turn.question, _PASSAGES)
        while True:
            so_far = standing(turn)
            if so_far.unanswered:  # a process was killed at it
                turn = await self._carried_out(turn)
                continue
            if so_far.uncertain:
                return _unknown(so_far.uncertain)
            last_round = so_far.next_round >= _MOST_CALLS - 1
            tools = self.mind.tools(turn, last_round=last_round)
            answer = await self._answer(turn, passages, tools)
            if not _asks_tools(answer):
                return review(replace(answer, tools=so_far.done), self.mind.review_rules)
            turn = replace(turn, live=await self.voice.rest())
            await self._begin(turn, so_far.next_round)
            turn = await self._carried_out(turn)

    async def _begin(self, turn: Turn, round_n: int) -> None:
        """Store the calls of a model so far, the last of which asks for tools.

        Raises:
            Moved: the turn is over.
        """
        *earlier, asked = self.calls.take()
        try:
            begun = await self.mind.rounds.begin(turn, asked, round_n, earlier)
        finally:
            self.learn(turn.ticket, [*earlier, asked])
        if not begun:
            raise Moved

    async def _answer(
        self, turn: Turn, passages: Sequence[Passage], tools: Sequence[ToolSpec]
    ) -> Answer:
        """Ask the model; once more where it said nothing, broke off, or found the prompt too long.

        Before its first word the completer itself tries again, as often as it was told.
        """
        window, may_repeat = self.mind.window_of(turn.plan), True
        thread = turn.shown
        while True:
            prompt = compose(
                turn.published.policy,
                thread,
                passages,
                fencing=fencing_of(turn.ticket),
                window=window,
                tools=tools,
                summary=turn.summary if thread is turn.thread else None,
                files=turn.files,
            )
            try:
                completion = await self._ask(turn, prompt)
            except CompletionError as error:
                if not may_repeat or not await self._may_help(error):
                    raise
                if error.kind == _OVERFLOW:
                    shrunk = int(window.budget_tokens * _SHRUNK)
                    window = replace(window, budget_tokens=shrunk)
            else:
                if not (may_repeat and _says_nothing(completion)):
                    policy = turn.published.policy
                    whole = replace(completion, text=self.voice.before + completion.text)
                    return Answer(policy, turn.mode, prompt, whole)
            may_repeat = False

    async def _may_help(self, error: CompletionError) -> bool:
        """Tell whether to ask once more; not where the customer saw a part of the answer."""
        broke_off = self.calls.broke_off and not error.permanent
        return (error.kind == _OVERFLOW or broke_off) and await self.voice.rest() is None

    async def _carried_out(self, turn: Turn) -> Turn:
        """Do what the model asked for; return the turn with what came of it.

        Raises:
            Moved: the turn is over.
        """
        carried = await self.mind.rounds.carry_out(turn, self.deadline)
        if carried.ending is Ending.MOVED:
            raise Moved
        ticket = turn.ticket
        async with self.watch.wiring.db.reading() as work:
            thread = await threads.messages(work, ticket.id, episode_n=ticket.episode_n)
        if carried.ending is Ending.FINISHED and await self.watch.is_over(turn):
            raise Moved
        known = [m for m in thread if not from_customer(m) or m.seq <= turn.upto_seq]
        return replace(turn, thread=tuple(known))

    async def _ask(self, turn: Turn, prompt: Prompt) -> Completion:
        completer = self.mind.asked(turn.plan)
        async with asyncio.timeout_at(self.deadline):
            return await self.watch.unless_moved(turn, self._listen(completer, prompt))

    async def _listen(self, completer: Completer, prompt: Prompt) -> Completion:
        self.calls.begin(prompt)
        self.voice.begin()
        async with aclosing(completer.complete(prompt)) as events:
            async for event in events:
                match event:
                    case TextDelta():
                        self.voice.grow(self.calls.hear(event.text))
                    case AttemptFailed():
                        self.calls.failed(event.completion)
                    case Completion():
                        self.calls.answered(event)
                        return event
        raise CompletionError("no_completion", "the completer ended early", permanent=True)

    def _given_up(self, turn: Turn, kind: str, why: str) -> Handoff:
        self.mind.break_off(self.calls, kind, turn.plan)
        return Handoff(HandoffReason.ERROR, summary=why)


def _unknown(names: Sequence[str]) -> Handoff:
    """Let a person look into writes of unknown fate."""
    said = f"Nobody can tell whether {', '.join(names)} did what it was asked to."
    return Handoff(HandoffReason.ERROR, summary=said)


def _asks_tools(answer: Answer) -> bool:
    """Tell whether there is something to carry out; a handoff ends the matter instead."""
    names = {call.name for call in answer.completion.tool_calls}
    offered = {tool.name for tool in answer.prompt.tools}
    return bool(names) and HANDOFF_TOOL not in names and offered != {HANDOFF_TOOL}


def _says_nothing(completion: Completion) -> bool:
    stopped = completion.finish_reason is FinishReason.STOP
    return stopped and not completion.text.strip() and not completion.tool_calls
