"""A store that is away for a moment while a turn is answered: nothing paid for or done is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from supportbot.completions.scripted import Turn
from supportbot.errors import StoreUnavailable
from supportbot.model.completion import ToolCall, Usage
from supportbot.model.ticket import Handler
from supportbot.orchestrator.answering import outcome, tool_rounds, watch
from supportbot.orchestrator.answering.budgets import Budget, SpendingRules
from supportbot.store.database import Database
from supportbot.store.tables.answers import CompletionRow
from supportbot.testing import said
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import Toolbox, gather


class Shop:
    """A write that counts how often it was done."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def toolbox(self, *, keyed: bool = False) -> Toolbox:
        @tool(writes=True, name="refund")
        def plain(number: str) -> str:
            """Pay an order back."""
            self.done.append(number)
            return "refunded"

        @tool(writes=True, name="refund")
        def repeatable(number: str, idempotency_key: str) -> str:
            """Pay an order back."""
            self.done.append(f"{number} {idempotency_key}")
            return "refunded"

        return gather([repeatable if keyed else plain]).toolbox


def refund() -> Turn:
    return Turn(tool_calls=(ToolCall("c1", "refund", '{"number":"7"}'),), usage=Usage(prompt=40))


def away_once(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[str]:
    """Let a store's function fail once."""
    whole: Callable[..., Any] = getattr(module, name)
    failed: list[str] = []

    async def flaky(*args: Any, **kwargs: Any) -> Any:
        if failed:
            return await whole(*args, **kwargs)
        failed.append(name)
        raise StoreUnavailable("away for a moment")

    monkeypatch.setattr(module, name, flaky)
    return failed


def fails_in_name_only(monkeypatch: pytest.MonkeyPatch, world: Any) -> list[bool]:
    """Let the first commit after the model was asked be reported as failed."""
    whole, asked = Database.writing, world.completer.prompts
    failed: list[bool] = []

    @asynccontextmanager
    async def writing(self: Database, **how: Any) -> AsyncIterator[Any]:
        async with whole(self, **how) as work:
            yield work
        if asked and not failed:
            failed.append(True)
            raise StoreUnavailable("away for a moment")

    monkeypatch.setattr(Database, "writing", writing)
    return failed


async def completions(world: Any) -> list[Any]:
    async with world.db.reading() as work:
        return list(await work.connection.execute(select(CompletionRow)))


@pytest.mark.parametrize("keyed", [True, False])
async def test_what_a_write_did_is_stored_all_the_same(
    make_world: Any, monkeypatch: pytest.MonkeyPatch, *, keyed: bool
) -> None:
    shop = Shop()
    toolbox = shop.toolbox(keyed=keyed)
    world = await make_world([refund(), "It is done."], toolbox=toolbox, tools=("refund",))
    failed = away_once(monkeypatch, tool_rounds.tool_calls, "finish")
    ticket = await world.ask(said("Refund 7."))
    assert failed
    assert len(shop.done) == 1
    assert ticket.handler is Handler.BOT
    assert world.channel.texts("t1") == ["It is done."]


@pytest.mark.parametrize("step", ["append_message", "append_events"])
async def test_an_answer_outlives_a_commit_that_fails(
    make_world: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world = await make_world(["It is done."])
    await world.hear(said("Is it done?"))
    failed = away_once(monkeypatch, outcome.threads, step)
    await world.settle()
    assert failed
    assert len(world.completer.prompts) == len(await completions(world)) == 1
    assert world.channel.texts("t1") == ["It is done."]


async def test_a_commit_that_failed_in_name_only_is_not_done_twice(
    make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store went away with the answer to COMMIT on its way: the sweep finds the reply."""
    world = await make_world(["It is done."])
    ticket = await world.ticket((await world.hear(said("Is it done?"))).ticket)
    failed = fails_in_name_only(monkeypatch, world)
    await world.settle_ticket(ticket.id)
    world.clock.advance(seconds=60)
    await world.settle()
    assert failed
    assert len(await completions(world)) == len(world.completer.prompts) == 1
    assert world.channel.texts("t1") == ["It is done."]
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.attempts, ticket.bot_owes) == (0, False)


@pytest.mark.parametrize("in_name_only", [False, True])
async def test_a_round_is_begun_once_in_spite_of_a_failed_commit(
    make_world: Any, monkeypatch: pytest.MonkeyPatch, *, in_name_only: bool
) -> None:
    shop = Shop()
    world = await make_world([refund(), "It is done."], toolbox=shop.toolbox(), tools=("refund",))
    if in_name_only:
        failed: Sequence[object] = fails_in_name_only(monkeypatch, world)
    else:
        failed = away_once(monkeypatch, tool_rounds.tool_calls, "add")
    await world.ask(said("Refund 7."))
    assert failed
    assert len(shop.done) == 1
    assert len(world.completer.prompts) == len(await completions(world)) == 2
    assert world.channel.texts("t1") == ["It is done."]


async def test_news_that_cannot_be_looked_into_end_no_answer(
    make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    world = await make_world([Turn("It is done.", end_gate=gate), "not needed"])
    ticket = await world.ticket((await world.hear(said("Is it done?"))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    failed = away_once(monkeypatch, watch.tickets, "get")
    async with world.db.writing() as work:
        await world.dispatcher.wake(work, ticket.id, ticket.asked_seq)
    await world.until(lambda: bool(failed))
    gate.set()
    await settling
    assert len(world.completer.prompts) == len(await completions(world)) == 1
    assert world.channel.texts("t1") == ["It is done."]


async def test_news_that_could_not_be_looked_into_are_looked_into_again(
    make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_LOOK_AGAIN_SECONDS", 0.05)
    world = await make_world([Turn("too early", end_gate=asyncio.Event()), "to both"])
    ticket = await world.ticket((await world.hear(said("first"))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    with monkeypatch.context() as patch:
        failed = away_once(patch, watch.tickets, "get")
        await world.hear(said("second"))
        await world.until(lambda: bool(failed))
        await settling
    await world.settle()
    assert world.channel.texts("t1") == ["to both"]


async def test_calls_of_tool_rounds_are_counted_at_once(make_world: Any) -> None:
    world = await make_world(
        [refund(), Turn("It is done.", usage=Usage(prompt=2))],
        toolbox=Shop().toolbox(),
        tools=("refund",),
        budgets=SpendingRules(installation=Budget(tokens=43)),
    )
    await world.ask(said("Refund 7."))
    ticket = await world.ask(said("Thank you.", thread="t2"))
    degraded = [event for event in await world.events(ticket) if event.kind.value == "degraded"]
    assert [event.data["spent"] for event in degraded] == [42]
