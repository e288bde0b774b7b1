"""The tool calls of a turn, carried out on the ledger: nothing twice, nothing lost.

A round is one answer of the model that asks for calls. It is stored before anything runs, and it is
closed when every call of it has its tool message. Whatever dies in between is taken up again by the
next `carry_out`: what is done stays done, what only reads runs again, and a write that may have
happened is repeated only under its idempotency key.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from supportbot.model.catalog import Mode
from supportbot.model.completion import ToolSpec
from supportbot.model.policy import CompiledPolicy
from supportbot.model.ticket import BOT, EventKind, Handler, Ticket
from supportbot.model.tool_call import CallState, RecordedCall
from supportbot.orchestrator.answering.asker import Asker, asker
from supportbot.orchestrator.answering.round_messages import (
    asked_calls,
    question_message,
    result_message,
)
from supportbot.orchestrator.answering.turn import Asked, Turn
from supportbot.orchestrator.persist import WRITE_PATIENCE_SECONDS, persist
from supportbot.orchestrator.storable import storable
from supportbot.orchestrator.telling.notices import Notice, notify
from supportbot.orchestrator.wiring import Wiring
from supportbot.store import answers, prompt_words, spending, threads, tickets, tool_calls
from supportbot.store.threads import NewEvent
from supportbot.store.tool_calls import Round
from supportbot.store.unit_of_work import UnitOfWork
from supportbot.tools.result import Outcome, Ran, failed, unknown
from supportbot.tools.run import Ready, prepare, run
from supportbot.tools.tool import ToolContext
from supportbot.tools.toolbox import Toolbox

#: More calls in one round are refused: a model that asks for them has lost its way.
MOST_CALLS = 16
_STATES = {
    Outcome.DONE: CallState.DONE,
    Outcome.FAILED: CallState.FAILED,
    Outcome.UNKNOWN: CallState.UNCERTAIN,
}
_WAITING = frozenset({CallState.ASKED, CallState.RUNNING})
#: Why what was asked of a tool is not done any more.
CHANGED = "the customer changed or took back what they had asked"
_LATE = "the time for this answer was over"
_ERASED = "the message it came from was taken back"
_HELD = "in {} mode a person decides, and no tool may change anything"
_WORRY = "it is not known whether the tool {} did what it was asked to."


class Ending(StrEnum):
    """How carrying out a round ended."""

    #: Every call has its result: the model may be asked again.
    FINISHED = "finished"
    #: The ticket changed hands, or another process has the round: there is nothing to do here.
    MOVED = "moved"
    #: Nobody can tell whether a write happened: a person must look.
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a round; `names` and `call_ids` are those of the uncertain calls."""

    ending: Ending
    names: tuple[str, ...] = ()
    call_ids: tuple[str, ...] = ()


class _Stop(StrEnum):
    """Why the calls that are left are not carried out; the text is for model and operators."""

    MOVED = "a person took over the conversation"
    UNCERTAIN = "it is not known what the call before it did"
    ABANDONED = "the answer it was asked for was given up"
    ELSEWHERE = "another process carries it out"


class ToolRounds:
    """Stores what a model asks tools to do, does it, and stores what came of it."""

    def __init__(self, wiring: Wiring, toolbox: Toolbox) -> None:
        self._wiring = wiring
        self._toolbox = toolbox

    def offered(self, policy: CompiledPolicy, mode: Mode) -> tuple[ToolSpec, ...]:
        """Return the tools that may be used, ordered by name; without the handoff.

        The product's policy allows them; where answers do not leave by themselves, none writes.
        """
        names = [name for name in policy.tools if self._toolbox.permitted(name, policy)]
        return self._toolbox.allowed([n for n in names if mode is Mode.AUTO or not self._writes(n)])

    async def begin(
        self, turn: Turn, asked: Asked, round_n: int, earlier: Sequence[Asked] = ()
    ) -> bool:
        """Store an answer that asks for tool calls; `round_n` counts from 0 within the turn.

        The completion is stored in any case, and so are the `earlier` ones (failed attempts).
        False: the fence has moved, or somebody else began this round; nothing else was stored.
        """
        which = Round(turn.ticket.id, turn.upto_seq, round_n)
        key = f"{turn.ticket.public_id}-{turn.upto_seq}-{round_n}"

        async def store(again: bool) -> bool:  # noqa: FBT001 - what `persist` calls
            async with self._wiring.db.writing() as work:
                ticket = await tickets.get(work, turn.ticket.id, lock=True)
                taken = await tool_calls.taken(work, which)
                if again and await spending.recorded(work, ticket.id, asked.completion):
                    return taken.begun and turn.holds(ticket)
                made = [await _record(work, ticket, turn, one) for one in (*earlier, asked)]
                completion_id = made[-1]
                at = self._wiring.clock()
                if ticket.revision != turn.ticket.revision:
                    await prompt_words.erase_late(work, ticket.id, made, at)
                if taken.begun or not turn.holds(ticket):
                    return False
                calls = asked_calls(asked.completion.tool_calls, taken.call_ids, key, self._writes)
                message = question_message(turn, asked, completion_id, round_n, calls)
                await threads.append_message(work, ticket.id, message, at)
                await tool_calls.add(work, which, completion_id, calls, at)
            return True

        return await persist(store)

    async def carry_out(self, turn: Turn, deadline: float | None = None) -> Carried:
        """Carry out what is asked and not answered yet, also what an earlier process left behind.

        Reads run side by side, a write alone, and all in the order of the calls. Safe to repeat:
        with nothing to do it is finished. It must not be cancelled for a message that comes
        meanwhile: nobody could tell then what a write did.

        No call begins after `deadline` (a time of the loop's clock), and none that only reads goes
        on beyond it. A write that has begun keeps its own time: what it did must become known.
        """
        async with self._wiring.db.reading() as work:
            calls = await tool_calls.unanswered(work, turn.ticket.id)
            if not calls:
                return Carried(Ending.FINISHED)
            asked_upto = {call.upto_seq for call in calls}
            askers = {upto_seq: await asker(work, turn, upto_seq) for upto_seq in asked_upto}
        end = math.inf if deadline is None else deadline
        carrying = _Carrying(self._wiring, self._toolbox, turn, askers, end)
        await carrying.go_through([call for call in calls if call.state in _WAITING])
        if carrying.stop is _Stop.ELSEWHERE:
            return Carried(Ending.MOVED)
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, turn.ticket.id, lock=True)
            await carrying.store(work)
            closing = _Closing(self._wiring, work, ticket, carrying.stop)
            uncertain = await closing.close({call.id for call in calls})
        return _carried(uncertain, moved=not turn.holds(ticket))

    async def abandon(self, ticket_id: int, before: datetime | None = None) -> Carried:
        """Answer what is asked without running anything: the turn is over, or its process is gone.

        A write that had begun is uncertain. `before`: only calls begun before that moment.
        """
        async with self._wiring.db.writing() as work:
            ticket = await tickets.get(work, ticket_id, lock=True)
            calls = await tool_calls.unanswered(work, ticket_id)
            old = {call.id for call in calls if before is None or call.started_at < before}
            closing = _Closing(self._wiring, work, ticket, _Stop.ABANDONED)
            uncertain = await closing.close(old)
        return _carried(uncertain, moved=False)

    def _writes(self, name: str) -> bool:
        tool = self._toolbox.tools.get(name)
        return tool is not None and tool.rules.writes


@dataclass(slots=True)
class _Carrying:
    """Calls in work, and what came of those that are over."""

    wiring: Wiring
    toolbox: Toolbox
    turn: Turn
    #: For whom a call is made, by the newest message of the turn that asked for it.
    askers: Mapping[int, Asker]
    #: By the clock of the loop.
    deadline: float = math.inf
    stop: _Stop | None = None
    #: By the number of the call; not in the ledger yet.
    results: dict[int, Ran] = field(default_factory=dict)

    async def go_through(self, calls: Sequence[RecordedCall]) -> None:
        """Run the calls in their order until there is a reason to stop."""
        for writes, group in groupby(calls, key=self._is_write):
            if writes:
                await self._write_all(group)
            else:
                await asyncio.gather(*map(self._read, group))
            if self.stop is not None:
                return

    async def store(self, work: UnitOfWork) -> None:
        """Put the results into the ledger."""
        at = self.wiring.clock()
        for call_id, ran in self.results.items():
            await tool_calls.finish(work, call_id, _STATES[ran.outcome], ran.text, at)

    def _is_write(self, call: RecordedCall) -> bool:
        tool = self.toolbox.tools.get(call.name)
        return call.writes or (tool is not None and tool.rules.writes)

    async def _store_now(self) -> None:
        """Store what a write did before time passes: it could not be found out again."""

        async def store(_again: bool) -> None:  # noqa: FBT001 - what `persist` calls
            async with self.wiring.db.writing() as work:
                await self.store(work)

        await persist(store, WRITE_PATIENCE_SECONDS)
        self.results.clear()

    async def _read(self, call: RecordedCall) -> None:
        prepared = self._prepared(call)
        if not isinstance(prepared, Ran):
            prepared = await run(*prepared, self._seconds_left())
        self._over(call, prepared)

    async def _write_all(self, calls: Iterable[RecordedCall]) -> None:
        for call in calls:
            await self._write(call)
            if self.stop is not None:
                return

    async def _write(self, call: RecordedCall) -> None:
        prepared = self._prepared(call)
        repeatable = isinstance(prepared, tuple) and prepared[0].tool.rules.idempotent
        if call.state is CallState.RUNNING and not repeatable:
            self._over(call, unknown(call.name, "it was interrupted"))
        elif isinstance(prepared, Ran):
            self._over(call, prepared)
        else:
            await self._run_write(call, prepared, 2 if repeatable else 1)

    async def _run_write(
        self, call: RecordedCall, prepared: tuple[Ready, ToolContext], most_times: int
    ) -> None:
        for time in range(most_times):
            at = self.wiring.clock()
            if not await self._start(call, at):
                return
            call = replace(call, state=CallState.RUNNING, started_at=at)
            ran = await run(*prepared)
            last = time + 1 == most_times or self._seconds_left() <= 0
            if last or ran.outcome is not Outcome.UNKNOWN:
                self._over(call, ran)
                await self._store_now()
                return

    async def _start(self, call: RecordedCall, at: datetime) -> bool:
        """Note that a write begins, if the ticket is still ours; with it what is over already."""
        async with self.wiring.db.writing() as work:
            ticket = await tickets.get(work, self.turn.ticket.id, lock=True)
            await self.store(work)
            changed = ticket.revision != self.turn.ticket.revision
            if not self.turn.holds(ticket):
                self.stop = _Stop.MOVED
            elif not changed and not await tool_calls.start(work, call, at):
                self.stop = _Stop.ELSEWHERE
        self.results.clear()
        if changed and self.stop is None:  # the answer is seen already: it goes on without the call
            self._over(call, failed("not_run", f"{call.name} was not called: {CHANGED}."))
        return self.stop is None and not changed

    def _prepared(self, call: RecordedCall) -> tuple[Ready, ToolContext] | Ran:
        if call.position >= MOST_CALLS:
            return failed("too_many_calls", f"At most {MOST_CALLS} calls are made at once.")
        if call.upto_seq != self.turn.upto_seq and call.state is CallState.ASKED:
            return failed("not_run", f"{call.name} was not called: the customer wrote again.")
        if self._seconds_left() <= 0:
            return failed("not_run", f"{call.name} was not called: {_LATE}.")
        if call.arguments is None:
            return failed("not_run", f"{call.name} was not called: {_ERASED}.")
        if self.turn.mode is not Mode.AUTO and self._is_write(call):
            return failed(
                "not_allowed", f"{call.name} was not called: {_HELD.format(self.turn.mode)}."
            )
        ticket, asked_by = self.turn.ticket, self.askers[call.upto_seq]
        context = ToolContext(
            ticket=ticket.public_id,
            product=ticket.product,
            channel_kind=ticket.channel_kind,
            customer=asked_by.customer,
            verified=asked_by.verified,
            idempotency_key=call.idempotency_key,
            now=self.wiring.clock(),
        )
        policy = self.turn.published.policy
        ready = prepare(self.toolbox, policy, call.name, call.arguments, context)
        return ready if isinstance(ready, Ran) else (ready, context)

    def _seconds_left(self) -> float:
        return self.deadline - asyncio.get_running_loop().time()

    def _over(self, call: RecordedCall, ran: Ran) -> None:
        """Note what came of a call; nothing runs after one of which that is not known."""
        self.results[call.id] = replace(ran, text=storable(ran.text))
        if ran.outcome is Outcome.UNKNOWN:
            self.stop = _Stop.UNCERTAIN


@dataclass(frozen=True, slots=True)
class _Closing:
    """The end of a round, inside a transaction that holds the ticket's row."""

    wiring: Wiring
    work: UnitOfWork
    ticket: Ticket
    stop: _Stop | None

    async def close(self, which: Collection[int]) -> list[RecordedCall]:
        """Answer the calls of these numbers that nobody answered meanwhile.

        Returns those of which nobody knows what they did.
        """
        waiting = await tool_calls.unanswered(self.work, self.ticket.id)
        calls = [await self._over(call) for call in waiting if call.id in which]
        for call in calls:
            message = result_message(call, self.ticket.handler_epoch)
            await threads.append_message(self.work, self.ticket.id, message, self.wiring.clock())
        uncertain = [call for call in calls if call.state is CallState.UNCERTAIN]
        await self._tell(calls, uncertain)
        return uncertain

    async def _over(self, call: RecordedCall) -> RecordedCall:
        """Decide on a call that nobody carried out, or that somebody may have."""
        if call.state not in _WAITING:
            return call
        reason = self.stop or _Stop.ABANDONED
        ran = failed("not_run", f"{call.name} was not called: {reason}.")
        if call.state is CallState.RUNNING:
            ran = unknown(call.name, "it was interrupted")
        state = _STATES[ran.outcome]
        await tool_calls.finish(self.work, call.id, state, ran.text, self.wiring.clock())
        return replace(call, state=state, result=ran.text)

    async def _tell(self, calls: list[RecordedCall], uncertain: list[RecordedCall]) -> None:
        events = [
            NewEvent(EventKind.TOOL_CALLED, BOT, data={"upto": upto, "round": number, **_told(own)})
            for (upto, number), group in groupby(calls, key=lambda c: (c.upto_seq, c.round))
            if (own := list(group))
        ]
        if uncertain:
            names = ",".join(call.name for call in uncertain)
            events.append(NewEvent(EventKind.TOOL_UNCERTAIN, BOT, names, _told(uncertain)))
        await threads.append_events(self.work, self.ticket, events, self.wiring.clock())
        if self.ticket.handler is Handler.HUMAN:
            for call in uncertain:  # no handoff follows that would tell it
                text = f"**Please check** `{self.ticket.public_id}`: {_WORRY.format(call.name)}"
                notice = Notice(f"uncertain-{call.id}", text)
                await notify(self.wiring, self.work, self.ticket, notice)


def _told(calls: Sequence[RecordedCall]) -> dict[str, object]:
    return {
        "names": [call.name for call in calls],
        "states": [call.state.value for call in calls],
        "calls": [call.call_id for call in calls],
    }


def _carried(uncertain: Sequence[RecordedCall], *, moved: bool) -> Carried:
    ending = Ending.UNCERTAIN if uncertain else Ending.FINISHED
    return Carried(
        Ending.MOVED if moved else ending,
        tuple(call.name for call in uncertain),
        tuple(call.call_id for call in uncertain),
    )


async def _record(work: UnitOfWork, ticket: Ticket, turn: Turn, asked: Asked) -> int:
    return await answers.add_completion(work, ticket, turn.purpose, asked.prompt, asked.completion)
