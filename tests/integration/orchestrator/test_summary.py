from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from supportbot.completions.base import EMBEDDED
from supportbot.completions.scripted import Scripted, ScriptedCompleter, Turn
from supportbot.errors import CompletionError, StoreUnavailable
from supportbot.model.catalog import Mode
from supportbot.model.completion import Completion, FinishReason, Prompt, ToolCall, Usage
from supportbot.model.fence import SUMMARY, unfence
from supportbot.model.message import Message
from supportbot.model.summary import Summary
from supportbot.model.ticket import EventKind, Ticket
from supportbot.orchestrator.answering.budgets import Budget, SpendingRules, Step
from supportbot.orchestrator.answering.summary import Summaries, SummaryRules
from supportbot.orchestrator.answering.turn import Asked
from supportbot.policy.compose import Window
from supportbot.store import answers, summaries, threads, tickets
from supportbot.store.answers import Purpose
from supportbot.store.tables.answers import CompletionRow, ThreadSummaryRow
from supportbot.store.usage import Reported, reported
from supportbot.testing import said

LONG = "and it has been like this since Monday " * 12


class Notes:
    """A model that writes notes, and the verb around it."""

    def __init__(
        self,
        world: Any,
        script: list[Scripted] | Callable[[Prompt], Scripted],
        rules: SummaryRules | None = None,
        **completer: Any,
    ) -> None:
        self.world = world
        self.model = ScriptedCompleter(script, clock=world.clock, **completer)
        window = Window(100_000, lambda text: len(text) // 4, 900)
        self.verb = Summaries(world.wiring, self.model, window, rules or SummaryRules())

    async def talk(self, first: int, last: int) -> Ticket:
        """Let the customer ask turn after turn, and look each time whether a summary is due."""
        for n in range(first, last + 1):
            ticket: Ticket = await self.world.ask(said(f"question {n} {LONG}"))
            await self.verb.after_answer(ticket.id)
        return ticket

    async def latest(self, ticket: Ticket) -> Summary | None:
        async with self.world.db.reading() as work:
            return await self.verb.latest(work, await tickets.get(work, ticket.id))

    async def thread(self, ticket: Ticket) -> list[Message]:
        messages: list[Message] = await self.world.messages(ticket)
        return messages

    async def completions(self) -> list[Any]:
        async with self.world.db.reading() as work:
            query = select(CompletionRow).where(CompletionRow.purpose == summaries.PURPOSE)
            return list(await work.connection.execute(query))


async def test_long_thread_is_summarised_once_in_ten_turns(world: Any) -> None:
    notes = Notes(world, ["notes one", "notes two"])
    ticket = await notes.talk(1, 8)
    assert (notes.model.prompts, await notes.latest(ticket)) == ([], None)
    ticket = await notes.talk(9, 18)
    assert len(notes.model.prompts) == 1
    assert await notes.latest(ticket) == Summary(13, "notes one")
    await notes.talk(19, 20)
    assert len(notes.model.prompts) == 2
    assert await notes.latest(ticket) == Summary(33, "notes two")


async def test_next_summary_goes_on_from_the_last(world: Any) -> None:
    notes = Notes(world, ["notes one", "notes two"])
    await notes.talk(1, 19)
    blocks = list(unfence(notes.model.prompts[1].messages[1].content))
    assert (blocks[0].kind, blocks[0].text) == (SUMMARY, "notes one")
    asked = [block.text.split(" and")[0] for block in blocks if block.kind == "customer"]
    assert asked[0] == "question 8"
    assert asked[-1] == "question 17"


async def test_call_is_recorded_as_what_it_was_for(world: Any) -> None:
    notes = Notes(world, [Turn("notes", usage=Usage(prompt=700, output=90))])
    await notes.talk(1, 9)
    (row,) = await notes.completions()
    assert (row.upto_seq, row.tokens_in, row.tokens_out, row.error_kind) == (13, 700, 90, None)


async def test_short_threads_ask_nothing_of_the_store(world: Any) -> None:
    notes = Notes(world, [])
    ticket = await notes.talk(1, 2)
    assert not notes.verb.may_be_due(ticket, await notes.thread(ticket))
    ticket = await notes.talk(3, 8)
    assert notes.verb.may_be_due(ticket, await notes.thread(ticket))


@pytest.mark.parametrize(
    "answer",
    [
        Turn(error=CompletionError("overloaded", "no", permanent=True)),
        Turn("cut off in the mid", finish_reason=FinishReason.LENGTH),
        Turn(""),
        Turn("", tool_calls=(ToolCall("1", "handoff", "{}"),)),
        Turn("too late", delay_seconds=30),
    ],
)
async def test_failure_is_harmless_and_not_tried_again_at_once(world: Any, answer: Turn) -> None:
    notes = Notes(world, [answer, "must not be asked"], SummaryRules(call_seconds=0.05))
    ticket = await notes.talk(1, 11)
    assert len(notes.model.prompts) == 1
    assert len(await notes.completions()) == 1
    assert await notes.latest(ticket) is None
    assert not ticket.bot_owes


@pytest.mark.parametrize(
    ("rules", "completer"),
    [(SummaryRules(history_tokens=0), {}), (SummaryRules(), {"endpoint": EMBEDDED})],
)
async def test_where_nobody_can_summarise_nobody_is_asked(
    world: Any, rules: SummaryRules, completer: dict[str, Any]
) -> None:
    notes = Notes(world, [], rules, **completer)
    ticket = await notes.talk(1, 9)
    assert not notes.verb.may_be_due(ticket, await notes.thread(ticket))
    assert notes.model.prompts == []


async def test_erasing_what_a_summary_covers_erases_it_and_an_older_one_holds(world: Any) -> None:
    notes = Notes(world, ["notes one", "notes two", "notes three"])
    ticket = await notes.talk(1, 19)
    async with world.db.writing() as work:
        assert await summaries.erase_covering(work, ticket.id, 34, world.clock()) == 0
        assert await summaries.erase_covering(work, ticket.id, 33, world.clock()) == 1
    assert await notes.latest(ticket) == Summary(13, "notes one")
    async with world.db.writing() as work:
        assert await summaries.erase_covering(work, ticket.id, 1, world.clock()) == 1
    assert await notes.latest(ticket) is None
    async with world.db.reading() as work:
        bodies = await work.connection.execute(select(ThreadSummaryRow.body))
        assert set(bodies.scalars()) == {None}


async def test_summary_may_be_made_again_where_one_was_erased(world: Any) -> None:
    notes = Notes(world, [])
    ticket = await notes.talk(1, 1)
    async with world.db.writing() as work:
        ids = await work.connection.execute(select(CompletionRow.id))
        completion_id = ids.scalars().one()
        for text in ("old", "new"):
            await summaries.add(work, ticket, Summary(1, text), completion_id, world.clock())
            assert await summaries.latest(work, ticket) == Summary(1, text)
            if text == "old":
                await summaries.erase_covering(work, ticket.id, 1, world.clock())


async def test_message_deleted_during_the_call_never_enters_a_summary(world: Any) -> None:
    gate = asyncio.Event()
    notes = Notes(world, [Turn("notes of a secret", gate=gate)])
    ticket = await notes.talk(1, 8)
    await world.ask(said(f"question 9 {LONG}"))
    lane = asyncio.create_task(notes.verb.after_answer(ticket.id))
    await world.until(lambda: bool(notes.model.prompts))
    first = (await notes.thread(ticket))[0]
    async with world.db.writing() as work:
        await threads.rewrite_body(work, first.id, None, "deleted by its author", world.clock())
        await summaries.erase_covering(work, ticket.id, first.seq, world.clock())
    gate.set()
    await lane
    assert await notes.latest(ticket) is None
    assert len(await notes.completions()) == 1


async def test_customer_who_writes_during_the_call_ends_it_at_once(world: Any) -> None:
    notes = Notes(world, [Turn("notes", gate=asyncio.Event())])
    ticket = await notes.talk(1, 8)
    await world.ask(said(f"question 9 {LONG}"))
    learnt: list[Asked] = []
    lane = asyncio.create_task(
        notes.verb.after_answer(ticket.id, lambda _ticket, asked: learnt.extend(asked))
    )
    await world.until(lambda: bool(notes.model.prompts))
    await world.hear(said("urgent!"))
    await lane
    assert await notes.latest(ticket) is None
    (row,) = await notes.completions()
    assert (row.error_kind, row.usage_estimated) == ("superseded", True)
    assert row.tokens_in > 0
    assert [one.completion.usage.prompt for one in learnt] == [row.tokens_in]


async def test_a_summary_outlives_a_store_that_is_away_for_a_moment(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes(world, [Turn("notes", usage=Usage(prompt=700, output=90))])
    ticket = await notes.talk(1, 8)
    await world.ask(said(f"question 9 {LONG}"))
    whole, failed = answers.add_completion, []

    async def flaky(*args: Any) -> int:
        if not failed:
            failed.append(True)
            raise StoreUnavailable("away for a moment")
        return await whole(*args)

    monkeypatch.setattr(answers, "add_completion", flaky)
    await notes.verb.after_answer(ticket.id)
    assert failed
    assert await notes.latest(ticket) == Summary(13, "notes")
    assert len(await notes.completions()) == 1


async def test_nothing_is_summarised_while_a_customer_waits(world: Any) -> None:
    notes = Notes(world, [])
    ticket = await notes.talk(1, 8)
    await world.ask(said(f"question 9 {LONG}"))
    await world.hear(said("urgent!"))
    await notes.verb.after_answer(ticket.id)
    assert notes.model.prompts == []


async def test_the_next_message_does_not_wait_for_a_summary(world: Any) -> None:
    notes = Notes(world, [Turn("notes", gate=asyncio.Event())])
    await notes.talk(1, 8)
    summarise_after(world, notes)
    await world.dispatcher.start(world.settle_ticket, ())
    await world.hear(said(f"question 9 {LONG}"))
    await world.until(lambda: bool(notes.model.prompts))
    sent = len(world.channel.sent)
    await world.hear(said("urgent!"))
    await world.until(lambda: len(world.channel.sent) > sent)
    await world.dispatcher.stop(1)


@pytest.mark.parametrize("step", [Step.DRAFT, Step.HANDOFF])
async def test_no_summary_is_made_where_a_budget_is_nearly_spent(
    make_world: Any, step: Step
) -> None:
    tokens = {Step.DRAFT: 97, Step.HANDOFF: 100}[step]
    world = await make_world(budgets=SpendingRules(installation=Budget(tokens=100)))
    notes = Notes(world, [])
    ticket = await notes.talk(1, 8)
    summarise_after(world, notes)
    call = Completion("m", "there", "hi", FinishReason.STOP, world.clock(), 5, usage=Usage(tokens))
    purpose = Purpose(world.wiring.policies["shop"].version_id)
    async with world.db.writing() as work:
        await answers.add_completion(work, ticket, purpose, Prompt(()), call)
    world.clock.advance(seconds=6)
    await world.ask(said(f"question 9 {LONG}"))
    (degraded,) = [e for e in await world.events(ticket) if e.kind is EventKind.DEGRADED]
    assert degraded.reason == step
    assert notes.model.prompts == []


async def test_no_summary_is_made_of_a_product_that_is_off(world: Any) -> None:
    notes = Notes(world, [])
    await notes.talk(1, 8)
    summarise_after(world, notes)
    published = world.wiring.policies["shop"]
    off = replace(published, policy=replace(published.policy, mode=Mode.OFF))
    world.wiring.policies["shop"] = off
    await world.ask(said(f"question 9 {LONG}"))
    assert notes.model.prompts == []


async def test_a_summary_counts_for_the_budget_at_once(make_world: Any) -> None:
    world = await make_world(budgets=SpendingRules(installation=Budget(tokens=1000)))
    notes = Notes(world, [Turn("notes", usage=Usage(prompt=800))])
    await notes.talk(1, 8)
    summarise_after(world, notes)
    await world.ask(said(f"question 9 {LONG}"))
    assert len(notes.model.prompts) == 1
    ticket = await world.ask(said("something else", thread="t2"))
    (degraded,) = [e for e in await world.events(ticket) if e.kind is EventKind.DEGRADED]
    assert degraded.data["spent"] == 800


def summarise_after(world: Any, notes: Notes) -> None:
    """Let every answer from now on be followed by a look whether a summary is due."""
    settle = world.settle_ticket
    settle._summaries = settle._respond._summaries = notes.verb


async def test_what_servers_counted_is_found_again_beside_our_estimate(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    purpose = Purpose(world.wiring.policies["shop"].version_id)
    call = Completion("m", "there", "hi", FinishReason.STOP, world.clock(), 5)
    async with world.db.writing() as work:
        for usage, estimated, error_kind in (
            (Usage(900), 1000, None),
            (Usage(901, estimated=True), 1000, None),
            (Usage(902), None, None),
            (Usage(903), 1000, "superseded"),
            (Usage(904), 1100, None),
        ):
            one = replace(call, usage=usage, tokens_estimated=estimated, error_kind=error_kind)
            await answers.add_completion(work, ticket, purpose, Prompt(()), one)
        found = await reported(work)
    assert [one for one in found if one.model == "m"] == [
        Reported("m", estimated=1000, reported=900),
        Reported("m", estimated=1100, reported=904),
    ]
