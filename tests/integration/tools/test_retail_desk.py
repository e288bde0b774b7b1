"""The retail desk: 114 recorded cases, whose 550 calls go through the ledger to a scripted model.

What is proved: each call runs once, in order, and its output reaches the model byte for byte,
errors too. Not proved: that a real model follows the policy; the calls are the recorded ones.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from supportbot.completions.scripted import Scripted, ScriptedCompleter
from supportbot.completions.scripted import Turn as Said
from supportbot.completions.wire import Wire, request_body
from supportbot.dispatch.local import LocalDispatcher
from supportbot.errors import ToolError
from supportbot.model.catalog import Mode
from supportbot.model.completion import Completion, Prompt, ToolCall, ToolSpec
from supportbot.model.message import Role
from supportbot.model.policy import CompiledPolicy, PublishedPolicy
from supportbot.model.time import public_id
from supportbot.orchestrator.answering.tool_rounds import Carried, Ending, ToolRounds
from supportbot.orchestrator.answering.turn import Asked, Turn
from supportbot.orchestrator.hearing.backlog import Backlog
from supportbot.orchestrator.hearing.intake import Intake
from supportbot.orchestrator.hearing.understanding import IntakeRules, Understanding
from supportbot.orchestrator.wiring import ConnectedChannel, Wiring
from supportbot.policy.compose import Fencing, Window, compose
from supportbot.store import answers, catalog, threads, tickets, tool_calls
from supportbot.store.database import Database
from supportbot.testing import MemoryChannel, said
from supportbot.tools.declare import tool_from_schema
from supportbot.tools.tool import ToolContext, ToolRules
from supportbot.tools.toolbox import Toolbox, gather

DATA = Path(__file__).parents[4] / "shared" / "data" / "tau2-retail"
WRITES = {
    "cancel_pending_order",
    "exchange_delivered_order_items",
    "return_delivered_order_items",
    "modify_user_address",
    "modify_pending_order_address",
    "modify_pending_order_items",
    "modify_pending_order_payment",
}
WINDOW = Window(budget_tokens=1_000_000, count=lambda text: len(text) // 3)

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="the recorded retail cases are not here"),
    pytest.mark.timeout(300),
]


@dataclass
class Shelf:
    """The shop's side: it gives the recorded output of a place in a case, and checks who asks.

    Not by arguments: the same question has another answer after a write.
    """

    expected: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def toolbox(self, specs: list[dict[str, Any]]) -> Toolbox:
        gathered = gather(self._tool(one["function"]) for one in specs)
        assert gathered.problems == ()
        return gathered.toolbox

    def _tool(self, spec: Mapping[str, Any]) -> Any:
        name = spec["name"]

        def answer(context: ToolContext, **given: object) -> str:
            round_n, position = map(int, context.idempotency_key.split("-")[-2:])
            action = self.expected[round_n + position]
            assert (name, given) == (action["name"], action["arguments"])
            self.keys.append(context.idempotency_key)
            if action["error"]:
                raise ToolError(action["output"])
            output: str = action["output"]
            return output

        described = ToolSpec(name, spec["description"], spec["parameters"])
        return tool_from_schema(described, answer, ToolRules(writes=name in WRITES))


@dataclass
class Desk:
    """A shop with one channel."""

    wiring: Wiring
    intake: Intake
    channel: MemoryChannel
    shelf: Shelf
    toolbox: Toolbox
    specs: list[dict[str, Any]]

    async def open(self, text: str, thread: str) -> int:
        accepted = await self.intake.accept(self.channel.inbound(said(text, thread=thread)))
        assert accepted.ticket is not None
        async with self.wiring.db.reading() as work:
            return (await tickets.by_public_id(work, accepted.ticket)).id

    async def turn(self, ticket_id: int) -> Turn:
        async with self.wiring.db.reading() as work:
            ticket = await tickets.get(work, ticket_id)
            thread = await threads.messages(work, ticket_id)
        policy = self.wiring.policy("shop")
        return Turn(ticket, tuple(thread), ticket.asked_seq, policy, Mode.AUTO)

    async def answer(self, ticket_id: int, completer: ScriptedCompleter) -> str:
        """Let the model speak until it answers; objects are new each round, as after a start."""
        for number in itertools.count():
            turn = await self.turn(ticket_id)
            rounds = ToolRounds(self.wiring, self.toolbox)
            prompt = compose(
                turn.published.policy,
                turn.thread,
                (),
                fencing=Fencing("f" * 16, {}),
                window=WINDOW,
                tools=rounds.offered(turn.published.policy, turn.mode),
            )
            completion = await complete(completer, prompt)
            if not completion.tool_calls:
                return completion.text
            assert await rounds.begin(turn, Asked(prompt, completion), number)
            rounds = ToolRounds(self.wiring, self.toolbox)
            assert await rounds.carry_out(turn) == Carried(Ending.FINISHED)
        raise AssertionError


async def complete(completer: ScriptedCompleter, prompt: Prompt) -> Completion:
    async with aclosing(completer.complete(prompt)) as events:
        async for event in events:
            if isinstance(event, Completion):
                return event
    raise AssertionError


def script(task: Mapping[str, Any]) -> list[Scripted]:
    calls = [
        Said(tool_calls=(ToolCall(f"call_{n}", one["name"], json.dumps(one["arguments"])),))
        for n, one in enumerate(task["actions"])
    ]
    return [*calls, " ".join(task["communicate"] or []) or "Done."]


@pytest.fixture(scope="module")
def tasks() -> list[dict[str, Any]]:
    text = (DATA / "tasks.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
async def desk(db: Database, clock: Any) -> Desk:
    """A shop under the recorded policy, with the sixteen tools."""
    specs = json.loads((DATA / "tools.json").read_text(encoding="utf-8"))
    names = tuple(one["function"]["name"] for one in specs)
    system = (DATA / "policy.md").read_text(encoding="utf-8")
    policy = CompiledPolicy("shop", "Shop", Mode.AUTO, system, "a" * 64, "{}", tools=names)
    channel = MemoryChannel(clock)
    async with db.writing() as work:
        product = await catalog.ensure_product(work, "shop", "Shop")
        stored = await catalog.ensure_channel(work, channel.key, channel.kind, clock())
        version = await catalog.publish_policy(work, product, policy, clock())
    numbers = itertools.count(1)
    wiring = Wiring(
        db=db,
        clock=clock,
        new_id=lambda: public_id(clock(), next(numbers).to_bytes(10)),
        dispatcher=LocalDispatcher(),
        channels={channel.key: ConnectedChannel(stored.id, channel)},
        products={"shop": product},
        policies={"shop": PublishedPolicy(version, policy)},
        default_product="shop",
    )
    understanding = Understanding(wiring, IntakeRules(reopen_days=7))
    shelf, intake = Shelf(), Intake(wiring, understanding, Backlog(wiring, understanding))
    return Desk(wiring, intake, channel, shelf, shelf.toolbox(specs), specs)


async def test_every_recorded_call_runs_in_order_and_its_output_reaches_the_model_unchanged(
    desk: Desk, tasks: list[dict[str, Any]], clock: Any
) -> None:
    seen = errors = 0
    for number, task in enumerate(tasks):
        ticket_id = await desk.open(task["user_text"], f"thread-{number}")
        desk.shelf.expected = task["actions"]
        completer = ScriptedCompleter(script(task), clock=clock)
        await desk.answer(ticket_id, completer)
        outputs = [action["output"] for action in task["actions"]]
        for given, prompt in enumerate(completer.prompts):
            told = [m.content for m in prompt.messages if m.role is Role.TOOL]
            assert told == outputs[:given], task["task_id"]
        seen += len(outputs)
        errors += sum(action["error"] for action in task["actions"])
        await _ledger_tells_the_same(desk, ticket_id, task, completer)
    assert (len(tasks), seen, errors) == (114, 550, 18)
    assert len({*desk.shelf.keys}) == 550


async def _ledger_tells_the_same(
    desk: Desk, ticket_id: int, task: Mapping[str, Any], completer: ScriptedCompleter
) -> None:
    """The store alone tells which calls there were, and what each request to the model was."""
    async with desk.wiring.db.reading() as work:
        ledger = await tool_calls.of_ticket(work, ticket_id)
        completions = await answers.completions(work, ticket_id)
        requests = [await answers.prompt_messages(work, one.id) for one in completions]
    assert [
        (one.name, json.loads(one.arguments or ""), one.result, one.state == "failed")
        for one in ledger
    ] == [(a["name"], a["arguments"], a["output"], a["error"]) for a in task["actions"]]
    assert requests == [list(prompt.messages) for prompt in completer.prompts[:-1]]


async def test_the_model_is_given_the_policy_and_the_tools_as_they_are_written(
    desk: Desk, tasks: list[dict[str, Any]], clock: Any
) -> None:
    task = next(one for one in tasks if len(one["actions"]) > 1)
    desk.shelf.expected = task["actions"]
    completer = ScriptedCompleter(script(task), clock=clock)
    await desk.answer(await desk.open(task["user_text"], "one"), completer)
    for prompt in completer.prompts:
        body = request_body(prompt, Wire("scripted"))
        assert body["messages"][0]["content"] == (DATA / "policy.md").read_text(encoding="utf-8")
        assert body["tools"] == sorted(desk.specs, key=lambda one: one["function"]["name"])


async def test_calls_asked_for_at_once_are_answered_in_their_order(
    desk: Desk, tasks: list[dict[str, Any]], clock: Any
) -> None:
    """All calls of each case in one round: writes wait for what stands before them."""
    for number, task in enumerate(one for one in tasks[:40] if one["actions"]):
        ticket_id = await desk.open(task["user_text"], f"thread-{number}")
        desk.shelf.expected = task["actions"]
        turns = [one for one in script(task) if isinstance(one, Said)]
        calls = tuple(call for one in turns for call in one.tool_calls)
        completer = ScriptedCompleter([replace(turns[0], tool_calls=calls), "Done."], clock=clock)
        await desk.answer(ticket_id, completer)
        told = [m for m in completer.prompts[-1].messages if m.role is Role.TOOL]
        assert [m.tool_call_id for m in told] == [call.id for call in calls]
        assert [m.content for m in told] == [action["output"] for action in task["actions"]]
