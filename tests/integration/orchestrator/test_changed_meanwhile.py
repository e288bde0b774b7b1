"""Words that are changed or taken back while something is being made of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from sqlalchemy import text

from supportbot.completions.scripted import ScriptedCompleter, Turn
from supportbot.model.catalog import Mode
from supportbot.model.completion import CompletionEvent, Prompt, ToolCall
from supportbot.model.draft import DraftState
from supportbot.model.inbound import Action, ActionKind, Attached, Deleted, Edited, Sender
from supportbot.model.ticket import Status
from supportbot.model.tool_call import CallState
from supportbot.orchestrator.answering.live import LiveRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.store import tickets, tool_calls
from supportbot.store.database import Database
from supportbot.testing import LiveMemoryChannel, MemoryChannel, said
from supportbot.tools.declare import tool
from supportbot.tools.tool import ToolContext
from supportbot.tools.toolbox import gather
from tests.integration.orchestrator.kept import tables_with
from tests.integration.orchestrator.test_taken_back import (
    ADA,
    SECRET,
    edit,
    taken_back,
)

_QUEUED = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
QUICK = RespondRules(live=LiveRules(start_seconds=0.0, flush_seconds=0.01, lease_seconds=8.0))


class Gated(ScriptedCompleter):
    """Says the end of its first answer only when it is let."""

    def __init__(self, script: Any, clock: Any) -> None:
        super().__init__(script, clock=clock)
        self.gate = asyncio.Event()

    async def complete(self, prompt: Prompt) -> AsyncGenerator[CompletionEvent, None]:
        first = not self.prompts
        async for event in super().complete(prompt):
            if first:
                await self.gate.wait()
            yield event


async def queued(db: Database, count: int) -> None:
    """Wait until so many wait for whoever writes now: PostgreSQL tells, SQLite has them at once."""
    async with db.reading() as work:
        if work.connection.dialect.name == "sqlite":
            await asyncio.sleep(0.1)
            return
        async with asyncio.timeout(30):
            while (await work.connection.execute(_QUEUED)).scalar_one() < count:  # noqa: ASYNC110 - a server tells nobody
                await asyncio.sleep(0.01)


async def raced(world: Any, ticket: Any, heard: Edited | Deleted) -> None:
    """Let a change be committed when the model has spoken and its answer waits to be stored."""
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: bool(world.completer.prompts))
    held, free = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with world.db.writing() as work:
            await tickets.get(work, ticket.id, lock=True)
            held.set()
            await free.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    changing = asyncio.create_task(world.hear(heard))
    await queued(world.db, 1)
    world.completer.gate.set()
    await queued(world.db, 2)
    free.set()
    await asyncio.gather(holding, changing, settling)
    await world.settle()


async def asked_twice(world: Any) -> Any:
    await world.hear(said("hello"), "m0")
    accepted = await world.hear(said("cancel order 1"), "m1")
    return await world.ticket(accepted.ticket)


def last_asked(world: Any) -> str:
    return str(world.completer.prompts[-1].messages[-1].content)


async def test_words_edited_before_the_commit_are_asked_as_they_are_now(
    make_world: Any, clock: Any
) -> None:
    world = await make_world(completer=Gated(_said("stale", "fresh"), clock))
    ticket = await asked_twice(world)
    await raced(world, ticket, edit("cancel order 2"))
    assert "cancel order 2" in last_asked(world)
    assert world.channel.texts("t1") == ["fresh"]


async def test_answer_to_words_taken_back_before_the_commit_never_leaves(
    make_world: Any, clock: Any
) -> None:
    world = await make_world(completer=Gated(_said("stale", "fresh"), clock))
    ticket = await asked_twice(world)
    await raced(world, ticket, taken_back())
    assert "cancel" not in last_asked(world)
    assert world.channel.texts("t1") == ["fresh"]


@pytest.mark.parametrize("change", [edit("cancel order 2"), taken_back()], ids=["edit", "delete"])
async def test_tool_is_not_asked_for_with_words_that_changed_before_the_round_was_stored(
    make_world: Any, clock: Any, change: Edited | Deleted
) -> None:
    done: list[str] = []
    world = await make_world(
        completer=Gated(_said(cancels(SECRET), "fresh"), clock), **cancelling(done)
    )
    await world.hear(said("hello"), "m0")
    accepted = await world.hear(said(f"cancel order {SECRET}"), "m1")
    await raced(world, await world.ticket(accepted.ticket), change)
    assert done == []
    assert "tool_call" not in await tables_with(world.db, SECRET)


@pytest.mark.parametrize("change", [edit("cancel order 2"), taken_back()], ids=["edit", "delete"])
async def test_write_does_not_begin_once_its_words_changed(
    make_world: Any, change: Edited | Deleted
) -> None:
    """They change while a call before it in the same round only reads."""
    done: list[str] = []
    reading, go_on = asyncio.Event(), asyncio.Event()
    both = Turn(tool_calls=(call("look_up", "c1"), call("cancel", "c2")))
    world = await make_world(_said(both, "fresh"), **cancelling(done, reading=reading, go_on=go_on))
    await world.hear(said("hello"), "m0")
    accepted = await world.hear(said("cancel order 1"), "m1")
    ticket = await world.ticket(accepted.ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await reading.wait()
    await world.hear(change)
    go_on.set()
    await settling
    assert done == []
    await world.settle()
    assert world.channel.texts("t1") == ["fresh"]


async def test_write_is_refused_where_words_change_under_an_answer_that_is_seen(
    make_world: Any, clock: Any
) -> None:
    """What was seen is finished; the model is told that the call was not made."""
    done: list[str] = []
    reading, go_on = asyncio.Event(), asyncio.Event()
    spoken = asyncio.Event()
    calls = (call("look_up", "c1"), call("cancel", "c2"))
    both = Turn("I look it up. One moment.", tool_calls=calls, end_gate=spoken)
    world = await make_world(
        _said(both, "It was not cancelled."),
        channel=LiveMemoryChannel(clock),
        rules=QUICK,
        **cancelling(done, reading=reading, go_on=go_on),
    )
    accepted = await world.hear(said("cancel order 1"), "m1")
    ticket = await world.ticket(accepted.ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: any(world.channel.grown.values()))
    spoken.set()
    await reading.wait()
    await world.hear(edit("cancel order 2"))
    go_on.set()
    await settling
    assert done == []
    results = [m.content for m in world.completer.prompts[-1].messages if m.role == "tool"]
    assert "changed or took back" in results[-1]


async def test_call_that_was_asked_before_an_edit_is_not_made_after_a_crash(
    make_world: Any, clock: Any
) -> None:
    done: list[str] = []
    world = await make_world(_said(cancels("1"), "fresh"), **cancelling(done))
    accepted = await world.hear(said("cancel order 1"), "m1")
    ticket = await world.ticket(accepted.ticket)
    world.rounds.carry_out = _killed  # the process ends once the round is stored
    await world.settle_ticket(ticket.id)
    del world.rounds.carry_out
    await world.hear(edit("cancel order 2"))
    clock.advance(seconds=60)
    await world.settle()
    assert done == []
    async with world.db.reading() as work:
        states = [one.state for one in await tool_calls.of_ticket(work, ticket.id)]
    assert states == [CallState.FAILED]


async def test_killed_answer_to_words_that_are_taken_back_is_left_as_it_was_seen(
    make_world: Any, clock: Any
) -> None:
    channel = LiveMemoryChannel(clock)
    grown = Turn("Open the page. Then press Export. Done.", end_gate=asyncio.Event())
    rules = RespondRules(live=LiveRules(start_seconds=0.0, flush_seconds=0.01))
    world = await make_world([grown, "To the second."], channel=channel, rules=rules)
    ticket = await world.ticket((await world.hear(said("how?"), "m1")).ticket)
    lane = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: any(channel.grown.values()))
    await world.hear(taken_back("m1"))
    lane.cancel()
    await asyncio.gather(lane, return_exceptions=True)
    clock.advance(seconds=9)
    await world.settle()
    [shown] = channel.texts()
    assert grown.text.startswith(shown)
    now = await world.ticket(ticket.public_id)
    assert (now.bot_owes, now.status, now.waiting_since) == (False, Status.PENDING, None)
    assert len(world.completer.prompts) == 1
    await world.ask(said("and how as CSV?"))
    assert channel.texts()[-1] == "To the second."


async def test_whoever_took_their_words_back_has_no_say(make_world: Any, clock: Any) -> None:
    """The tool is called for whoever's question is left, and the channel vouches for them."""
    seen: list[tuple[str, bool]] = []

    @tool
    def note(context: ToolContext) -> str:
        """Note who asks."""
        seen.append((context.customer, context.verified))
        return "noted"

    world = await make_world(
        _said(Turn(tool_calls=(call("note", "c1"),)), "fine"),
        channel=MemoryChannel(clock, key="slack:x", kind="slack"),
        toolbox=gather([note]).toolbox,
        tools=("note",),
    )
    await world.hear(said("my orders please", shared_thread=True), "m1")
    await world.hear(said("give them to me", by="mallory", shared_thread=True), "m2")
    await world.hear(taken_back("m2"))
    await world.settle()
    assert seen == [("ada", True)]


async def test_edit_while_a_draft_waits_gets_a_new_draft(make_world: Any) -> None:
    world = await make_world(["old draft", "new draft"], mode=Mode.DRAFT)
    accepted = await world.hear(said("cancel order 1"), "m1")
    await world.settle()
    await world.hear(edit("cancel order 2"))
    await world.settle()
    found = await world.drafts(await world.ticket(accepted.ticket))
    assert [(one.state, one.text) for one in found] == [
        (DraftState.DISCARDED, "old draft"),
        (DraftState.OPEN, "new draft"),
    ]
    assert "cancel order 2" in last_asked(world)


async def test_what_was_settled_in_silence_is_not_answered_because_a_later_word_is_gone(
    make_world: Any, clock: Any
) -> None:
    for mode in (Mode.SHADOW, Mode.OFF):
        silent = await make_world(mode=mode)
        await silent.hear(said(f"in {mode}"), f"m-{mode}")
        await silent.settle()
    clock.advance(days=1)
    world = await make_world()
    await world.hear(said("never mind"), "m9")
    await world.hear(taken_back("m9"))
    await world.settle()
    drafting = await make_world(mode=Mode.DRAFT)
    await drafting.hear(said("one more"), "m10")
    await drafting.settle()
    await drafting.hear(taken_back("m10"))
    await world.settle()
    assert world.channel.texts("t1") == []


async def test_operators_are_not_told_words_that_were_taken_back(make_world: Any) -> None:
    world = await make_world()
    accepted = await world.hear(said(f"my password is {SECRET}"), "m1")
    await world.settle()
    await world.hear(Action(ActionKind.ESCALATE, ADA, ("t1",)))
    await world.hear(taken_back())
    await world.settle()
    (notice,) = world.channel.texts("operators")
    assert accepted.ticket in notice
    assert SECRET not in notice
    assert "delivery" not in await tables_with(world.db, SECRET)


async def test_drafts_that_never_left_go_with_the_words_they_answered(make_world: Any) -> None:
    world = await make_world([f"You said {SECRET}."], mode=Mode.DRAFT)
    accepted = await world.hear(said(f"my password is {SECRET}"), "m1")
    ticket = await world.ticket(accepted.ticket)
    await world.settle_ticket(ticket.id)
    await world.hear(taken_back())
    assert not {"draft", "delivery"} & await tables_with(world.db, SECRET)


async def test_names_of_files_go_with_their_message(make_world: Any) -> None:
    world = await make_world()
    file = Attached(f"{SECRET}.pdf", "application/pdf", b"x")
    await world.hear(said("see file", attachments=(file,)), "m1")
    await world.settle()
    await world.hear(taken_back())
    assert not {"attachment", "message"} & await tables_with(world.db, SECRET)


async def test_edit_that_overtook_its_message_leaves_no_words_behind(world: Any) -> None:
    await world.hear(said("root"), "m0")
    await world.hear(edit(f"new {SECRET}"))
    await world.hear(said("old"), "m1")
    await world.hear(taken_back())
    assert "inbound" not in await tables_with(world.db, SECRET)


def reply(text: str) -> Any:
    return said(text, addressed=False, shared_thread=True, thread_keys=("root",))


async def test_reply_that_waits_for_its_thread_can_be_taken_back(world: Any) -> None:
    await world.hear(reply(f"words {SECRET}"), "m2")
    await world.hear(Deleted("m2", ("root",)))
    accepted = await world.hear(
        said("@bot help", thread_keys=("root",), shared_thread=True), "root"
    )
    found = await world.messages(await world.ticket(accepted.ticket))
    assert [message.text for message in found] == ["@bot help"]
    assert not await tables_with(world.db, SECRET)


async def test_reply_that_waits_for_its_thread_can_be_edited(world: Any) -> None:
    await world.hear(reply("order 1"), "m2")
    await world.hear(Edited(Sender("ada"), "m2", ("root",), "order 2"))
    accepted = await world.hear(
        said("@bot help", thread_keys=("root",), shared_thread=True), "root"
    )
    found = await world.messages(await world.ticket(accepted.ticket))
    assert [message.text for message in found] == ["@bot help", "order 2"]


def _said(*answers: str | Turn) -> Any:
    left = iter(answers)
    return lambda _prompt: next(left)


def call(name: str, call_id: str, order: str = "1") -> ToolCall:
    arguments = {} if name == "note" else {"order": order}
    return ToolCall(call_id, name, json.dumps(arguments))


def cancels(order: str) -> Turn:
    return Turn(tool_calls=(call("cancel", "c1", order),))


def cancelling(
    done: list[str], reading: asyncio.Event | None = None, go_on: asyncio.Event | None = None
) -> dict[str, Any]:
    """Make a tool that cancels orders, and one that only reads and can be held up."""

    @tool
    async def look_up(order: str) -> str:
        """Look an order up."""
        if reading and go_on:
            reading.set()
            await go_on.wait()
        return f"{order} is known"

    @tool(writes=True)
    async def cancel(order: str) -> str:
        """Cancel an order."""
        done.append(order)
        return f"{order} is cancelled"

    return {"toolbox": gather([look_up, cancel]).toolbox, "tools": ("look_up", "cancel")}


async def _killed(*_arguments: object) -> None:
    raise RuntimeError("killed")
