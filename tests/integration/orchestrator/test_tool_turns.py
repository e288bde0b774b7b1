"""The tool loop of a turn: rounds until the model speaks, through kills and newer messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from supportbot.completions.scripted import Scripted, Turn
from supportbot.model.catalog import Mode
from supportbot.model.completion import Prompt, ToolCall, Usage
from supportbot.model.handoff import HANDOFF_TOOL
from supportbot.model.message import Role
from supportbot.model.ticket import EventKind, Handler
from supportbot.orchestrator.answering.budgets import Budget, Ladder, SpendingRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.store import threads
from supportbot.testing import said
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import Toolbox, gather

TOOLS = ("find_order", "refund")


@dataclass
class Shop:
    """What the tools did."""

    done: list[str] = field(default_factory=list)
    #: Clear it to hold every refund until it is set.
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def toolbox(self) -> Toolbox:
        @tool
        def find_order(number: str) -> dict[str, str]:
            """Find an order."""
            self.done.append(f"find {number}")
            return {"number": number, "status": "shipped"}

        @tool(writes=True)
        async def refund(number: str) -> str:
            """Pay an order back."""
            self.done.append(f"refund {number}")
            await self.open.wait()
            return f"refunded {number}"

        gathered = gather([find_order, refund])
        assert gathered.problems == ()
        return gathered.toolbox


def call(name: str, call_id: str = "c1", **arguments: Any) -> Turn:
    return Turn(tool_calls=(ToolCall(call_id, name, json.dumps(arguments)),))


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.open.set()
    return shop


@pytest.fixture
def make_shop(make_world: Any, shop: Shop) -> Callable[..., Any]:
    async def make(*script: Scripted | Callable[[Prompt], Scripted]) -> Any:
        given = script[0] if len(script) == 1 and callable(script[0]) else list(script)
        return await make_world(given, toolbox=shop.toolbox(), tools=TOOLS)

    return make


async def test_the_model_reads_what_its_tools_gave_back(make_shop: Any, shop: Shop) -> None:
    world = await make_shop(call("find_order", number="7"), "It is on its way.")
    ticket = await world.ask(said("Where is order 7?"))
    assert world.channel.texts("t1") == ["It is on its way."]
    assert shop.done == ["find 7"]
    first, second = world.completer.prompts
    assert second.messages[: len(first.messages)] == first.messages
    assert [m.role for m in second.messages[-2:]] == [Role.ASSISTANT, Role.TOOL]
    assert json.loads(second.messages[-1].content) == {"number": "7", "status": "shipped"}
    assert "tool_called" in await world.kinds(ticket)


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.DRAFT])
async def test_an_answer_may_rest_on_a_tool_where_a_source_is_required(
    make_world: Any, shop: Shop, mode: Mode
) -> None:
    script = [call("find_order", number="7"), "It was shipped.", "Surely."]
    rules = {"tools": TOOLS, "cite_required": True, "mode": mode}
    world = await make_world(script, toolbox=shop.toolbox(), **rules)
    ticket = await world.ask(said("Where is order 7?"))
    assert ticket.handler is Handler.BOT
    kind = EventKind.BOT_REPLIED if mode is Mode.AUTO else EventKind.DRAFTED
    async with world.db.reading() as work:
        events = await threads.events(work, ticket.id)
        thread = await threads.messages(work, ticket.id)
    (told,) = [m.data for m in thread if m.text == "It was shipped."] or [
        event.data for event in events if event.kind is kind
    ]
    assert told["tools"] == ["find_order"]
    # The next question has to find sources of its own.
    if mode is Mode.AUTO:
        assert (await world.ask(said("Will it fit?"))).handler is Handler.HUMAN


async def test_a_tool_that_failed_is_no_source(make_world: Any, shop: Shop) -> None:
    script = [call("find_order", nothing="7"), "It was shipped."]
    world = await make_world(script, toolbox=shop.toolbox(), tools=TOOLS, cite_required=True)
    assert (await world.ask(said("Where is order 7?"))).handler is Handler.HUMAN
    assert shop.done == []


async def test_a_tool_that_is_not_there_is_told_to_the_model(make_shop: Any, shop: Shop) -> None:
    world = await make_shop(call("delete_all"), "I cannot do that.")
    await world.ask(said("Delete all!"))
    assert "error" in world.completer.prompts[1].messages[-1].content
    assert world.channel.texts("t1") == ["I cannot do that."]
    assert shop.done == []


async def test_the_last_of_six_calls_is_made_without_tools(make_shop: Any, shop: Shop) -> None:
    def script(prompt: Prompt) -> Scripted:
        names = {spec.name for spec in prompt.tools}
        return call("find_order", number="7") if "find_order" in names else "I give up."

    world = await make_shop(script)
    await world.ask(said("Where is order 7?"))
    assert len(world.completer.prompts) == 6
    assert {spec.name for spec in world.completer.prompts[-1].tools} == {HANDOFF_TOOL}
    assert len(shop.done) == 5
    assert world.channel.texts("t1") == ["I give up."]


async def test_a_handoff_ends_the_loop(make_shop: Any, shop: Shop) -> None:
    handoff = call(HANDOFF_TOOL, reason="policy", message="A colleague looks into it.")
    world = await make_shop(call("find_order", number="7"), handoff)
    ticket = await world.ask(said("I want my money back."))
    assert ticket.handler is Handler.HUMAN
    assert world.channel.texts("t1") == ["A colleague looks into it."]


async def test_a_newer_message_waits_for_a_tool_and_then_supersedes(
    make_shop: Any, shop: Shop
) -> None:
    shop.open.clear()
    world = await make_shop(call("refund", number="7"), "Refunded, and thank you too.")
    ticket = await world.ticket((await world.hear(said("Refund 7."))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: shop.done == ["refund 7"])
    await world.hear(said("Thank you!"))
    await asyncio.sleep(0.05)
    assert not settling.done()
    shop.open.set()
    await settling
    await world.settle()
    assert shop.done == ["refund 7"]
    assert world.channel.texts("t1") == ["Refunded, and thank you too."]
    newest = world.completer.prompts[-1].messages
    assert any("refunded 7" in message.content for message in newest)


async def test_a_write_that_was_killed_is_not_repeated_but_looked_into(
    make_shop: Any, shop: Shop
) -> None:
    shop.open.clear()
    world = await make_shop(call("refund", number="7"), "never said")
    ticket = await world.ticket((await world.hear(said("Refund 7."))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: shop.done == ["refund 7"])
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    shop.open.set()
    await world.settle()
    assert shop.done == ["refund 7"]
    ticket = await world.ticket(ticket.public_id)
    assert ticket.handler is Handler.HUMAN
    assert "tool_uncertain" in await world.kinds(ticket)
    assert len(world.channel.texts("t1")) == 1


async def test_a_killed_turn_goes_on_after_its_finished_calls(make_shop: Any, shop: Shop) -> None:
    gate = asyncio.Event()
    world = await make_shop(
        call("find_order", number="7"), Turn("too slow", gate=gate), "It is on its way."
    )
    ticket = await world.ticket((await world.hear(said("Where is 7?"))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 2)
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    await world.settle()
    assert shop.done == ["find 7"]
    assert world.channel.texts("t1") == ["It is on its way."]
    assert world.completer.prompts[2].messages == world.completer.prompts[1].messages


async def test_a_killed_write_of_a_ticket_that_a_person_took_is_told_to_people(
    make_shop: Any, shop: Shop
) -> None:
    shop.open.clear()
    world = await make_shop(call("refund", number="7"), "never said")
    ticket = await world.ticket((await world.hear(said("Refund 7."))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: shop.done == ["refund 7"])
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    await world.takeover.take_over(ticket.public_id, None)
    world.clock.advance(minutes=30)
    await world.sweep.close_abandoned()
    await world.settle()
    assert "tool_uncertain" in await world.kinds(ticket)
    [notice] = world.channel.texts("operators")
    assert "refund" in notice


async def test_the_deadline_of_a_turn_bounds_its_tools(make_world: Any) -> None:
    """What has not begun by then is not begun, and a person gets the ticket."""
    begun: list[str] = []

    @tool(writes=True)
    async def refund(number: str) -> str:
        """Pay an order back."""
        begun.append(number)
        await asyncio.sleep(0.15)
        return f"refunded {number}"

    calls = tuple(ToolCall(f"c{n}", "refund", json.dumps({"number": str(n)})) for n in range(12))
    world = await make_world(
        [Turn(tool_calls=calls), "too late"],
        toolbox=gather([refund]).toolbox,
        tools=("refund",),
        rules=RespondRules(turn_seconds=0.4),
    )
    ticket = await world.ask(said("Refund all."))
    assert ticket.handler is Handler.HUMAN
    assert 0 < len(begun) < 12
    assert len(world.channel.texts("t1")) == 1


@pytest.mark.parametrize("mode", [Mode.DRAFT, Mode.SHADOW])
async def test_nothing_is_changed_where_answers_do_not_leave(
    make_world: Any, shop: Shop, mode: Mode
) -> None:
    script = [call("refund", number="7"), call("find_order", "c2", number="7"), "I looked."]
    world = await make_world(script, toolbox=shop.toolbox(), tools=TOOLS, mode=mode)
    ticket = await world.ask(said("Refund 7."))
    assert shop.done == ["find 7"]
    asked, told, _ = world.completer.prompts
    assert {spec.name for spec in asked.tools} == {HANDOFF_TOOL, "find_order"}
    assert f"in {mode} mode a person decides" in told.messages[-1].content
    assert [draft.text for draft in await world.drafts(ticket)] == ["I looked."]


async def test_a_budget_that_only_lets_draft_lets_no_tool_write(
    make_world: Any, shop: Shop
) -> None:
    usage = Usage(prompt=96)
    script = [Turn("hello", usage=usage), call("refund", number="7"), "I may not."]
    budgets = SpendingRules(installation=Budget(tokens=100), ladder=Ladder(draft_percent=95))
    world = await make_world(script, toolbox=shop.toolbox(), tools=TOOLS, budgets=budgets)
    await world.ask(said("Hi."))
    ticket = await world.ask(said("Refund 7."))
    assert shop.done == []
    assert [draft.text for draft in await world.drafts(ticket)] == ["I may not."]


async def test_a_write_that_was_interrupted_is_not_repeated_in_draft_mode(
    make_world: Any,
) -> None:
    """Even with a key: what it did before the mode was changed, a person finds out."""
    paid: list[str] = []
    gate = asyncio.Event()

    @tool(writes=True)
    async def pay(idempotency_key: str) -> str:
        """Pay."""
        paid.append(idempotency_key)
        await gate.wait()
        return "paid"

    world = await make_world([call("pay")], toolbox=gather([pay]).toolbox, tools=("pay",))
    ticket = await world.ticket((await world.hear(said("Pay."))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(paid) == 1)
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    gate.set()
    published = world.wiring.policies["shop"]
    drafting = replace(published.policy, mode=Mode.DRAFT)
    world.wiring.policies["shop"] = replace(published, policy=drafting)
    await world.settle()
    assert len(paid) == 1
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_a_ticket_that_is_given_back_after_an_uncertain_write_is_answered(
    make_world: Any,
) -> None:
    @tool(writes=True)
    def refund(number: str) -> str:
        """Pay an order back."""
        raise ConnectionError(number)

    script = [call("refund", number="7"), "It was paid back."]
    world = await make_world(script, toolbox=gather([refund]).toolbox, tools=("refund",))
    ticket = await world.ask(said("Refund 7."))
    assert ticket.handler is Handler.HUMAN
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT
    assert world.channel.texts("t1")[1:] == ["It was paid back."]
    assert "uncertain" in world.completer.prompts[1].messages[-1].content


async def test_a_write_that_becomes_uncertain_again_is_looked_into_again(make_world: Any) -> None:
    @tool(writes=True)
    def refund(number: str) -> str:
        """Pay an order back."""
        raise ConnectionError(number)

    script = [call("refund", number="7"), call("refund", "c2", number="7")]
    world = await make_world(script, toolbox=gather([refund]).toolbox, tools=("refund",))
    ticket = await world.ask(said("Refund 7."))
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN
    assert (await world.kinds(ticket)).count("tool_uncertain") == 2
