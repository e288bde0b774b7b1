"""Tool rounds on both stores; a kill is a cancellation, and what follows works with new objects."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from supportbot.errors import ToolError
from supportbot.model.catalog import Mode
from supportbot.model.completion import Completion, FinishReason, Prompt, ToolCall
from supportbot.model.message import Role, Visibility
from supportbot.model.policy import Handoff, HandoffReason
from supportbot.model.ticket import EventKind, Ticket
from supportbot.model.tool_call import RecordedCall
from supportbot.orchestrator.answering.round_messages import standing
from supportbot.orchestrator.answering.tool_rounds import MOST_CALLS, Carried, Ending, ToolRounds
from supportbot.orchestrator.answering.turn import Asked, Turn
from supportbot.orchestrator.telling.handoff import hand_off
from supportbot.store import answers, threads, tickets, tool_calls
from supportbot.store.tables.answers import ToolCallRow
from supportbot.testing import said
from supportbot.tools.declare import DeclaredTool, tool
from supportbot.tools.tool import ToolContext
from supportbot.tools.toolbox import Toolbox, gather

FINISHED = Carried(Ending.FINISHED)
NAMES = ("look", "slow_look", "read_long", "pay", "pay_once", "stall", "refuse")


class Killed(BaseException):
    """The process is gone at this point."""


@dataclass
class Shop:
    """What tools do, and the log of it."""

    log: list[str] = field(default_factory=list)
    #: A write waits here after it has done its work.
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    #: What a keyed write has done, by key.
    paid: dict[str, str] = field(default_factory=dict)
    running: int = 0
    most_running: int = 0

    def toolbox(self) -> Toolbox:
        gathered = gather([*self._tools()])
        assert gathered.problems == ()
        return gathered.toolbox

    def _tools(self) -> list[DeclaredTool[..., Any]]:
        @tool
        def look(order: str) -> dict[str, str]:
            self.log.append(f"look {order}")
            return {"order": order}

        @tool
        async def slow_look(order: str) -> str:
            self.running += 1
            self.most_running = max(self.running, self.most_running)
            await asyncio.sleep(0.02)
            self.running -= 1
            self.log.append(f"slow_look {order}")
            return order

        @tool(writes=True)
        async def pay(order: str, context: ToolContext) -> str:
            self.log.append(f"pay {order}")
            await self.gate.wait()
            return f"paid {order} for {context.customer}"

        @tool(writes=True)
        async def pay_once(order: str, idempotency_key: str) -> str:
            self.log.append(f"pay_once {order}")
            self.paid.setdefault(idempotency_key, order)
            await self.gate.wait()
            return f"paid {self.paid[idempotency_key]}"

        @tool(writes=True, timeout_seconds=0.02)
        async def stall(idempotency_key: str, *, heal: bool = False) -> str:
            self.log.append(f"stall {idempotency_key}")
            if heal and len(self.log) > 1:
                return "healed"
            await asyncio.sleep(20)
            return "never"

        @tool(writes=True)
        def refuse() -> None:
            self.log.append("refuse")
            raise ToolError("Error: too late")

        @tool
        async def read_long() -> None:
            self.log.append("read_long")
            await asyncio.sleep(20)

        return [look, slow_look, read_long, pay, pay_once, stall, refuse]


@dataclass
class Desk:
    """One ticket and its tool rounds; `rounds` are new objects each time, as after a start."""

    world: Any
    shop: Shop
    public_id: str

    @property
    def rounds(self) -> ToolRounds:
        return ToolRounds(self.world.wiring, self.shop.toolbox())

    async def turn(self) -> Turn:
        ticket: Ticket = await self.world.ticket(self.public_id)
        return Turn(
            ticket=ticket,
            thread=tuple(await self.world.messages(ticket)),
            upto_seq=ticket.asked_seq,
            published=self.world.wiring.policy("shop"),
            mode=self.world.wiring.mode("shop"),
        )

    async def begin(self, *calls: tuple[str, Any] | ToolCall, round_n: int = 0) -> bool:
        return await self.rounds.begin(await self.turn(), asked(*calls), round_n)

    async def carry_out(self) -> Carried:
        return await self.rounds.carry_out(await self.turn())

    async def ask(self, *calls: tuple[str, Any] | ToolCall, round_n: int = 0) -> Carried:
        assert await self.begin(*calls, round_n=round_n)
        return await self.carry_out()

    async def results(self) -> list[str]:
        return [m.text for m in (await self.turn()).thread if m.role is Role.TOOL]

    async def kinds(self) -> list[str]:
        """The error types the model was told, `ok` where there was none."""
        return [_kind(text) for text in await self.results()]

    async def ledger(self) -> list[RecordedCall]:
        async with self.world.db.reading() as work:
            ticket = await tickets.by_public_id(work, self.public_id)
            return await tool_calls.of_ticket(work, ticket.id)

    async def states(self) -> list[str]:
        return [call.state.value for call in await self.ledger()]

    async def events(self, kind: EventKind) -> list[dict[str, Any]]:
        ticket = await self.world.ticket(self.public_id)
        return [dict(e.data) for e in await self.world.events(ticket) if e.kind is kind]

    async def killed(self, ready: Callable[[], bool]) -> None:
        """Carry out, and kill the process as soon as something is true."""
        running = asyncio.create_task(self.carry_out())
        await self.world.until(ready)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    async def take_over(self) -> None:
        await self.world.takeover.take_over(self.public_id, None)


def asked(*calls: tuple[str, Any] | ToolCall, error_kind: str | None = None) -> Asked:
    """Make an answer of a model that asks for calls."""
    made = [_call(number, call) for number, call in enumerate(calls)]
    completion = Completion(
        model="scripted",
        endpoint="scripted",
        text="Let me look.",
        finish_reason=FinishReason.TOOL_CALLS,
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
        latency_ms=5,
        tool_calls=tuple(made),
        error_kind=error_kind,
    )
    return Asked(Prompt(()), completion)


def _call(number: int, call: tuple[str, Any] | ToolCall) -> ToolCall:
    if isinstance(call, ToolCall):
        return call
    name, arguments = call
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall(f"call_{number}", name, text)


def _kind(text: str) -> str:
    try:
        return str(json.loads(text)["error"]["type"])
    except (ValueError, TypeError, KeyError):
        return "ok"


@pytest.fixture
async def desk(make_world: Any) -> Desk:
    """A ticket that owes an answer, with all tools allowed."""
    world = await make_world(tools=NAMES)
    accepted = await world.hear(said("where is my parcel?"))
    shop = Shop()
    shop.gate.set()
    return Desk(world, shop, accepted.ticket)


async def test_a_round_is_a_question_and_a_result_for_each_call(desk: Desk) -> None:
    assert await desk.ask(("look", {"order": "1"}), ("slow_look", {"order": "2"})) == FINISHED
    question, *results = (await desk.turn()).thread[1:]
    assert (question.role, question.text) == (Role.ASSISTANT, "Let me look.")
    assert question.data["tool_calls"] == [
        ["call_0", "look", '{"order": "1"}'],
        ["call_1", "slow_look", '{"order": "2"}'],
    ]
    assert [(m.role, m.tool_call_id, m.text) for m in results] == [
        (Role.TOOL, "call_0", '{"order":"1"}'),
        (Role.TOOL, "call_1", "2"),
    ]
    assert {m.visibility for m in (question, *results)} == {Visibility.INTERNAL}
    assert {m.data["upto"] for m in (question, *results)} == {1}
    assert await desk.states() == ["done", "done"]


async def test_a_round_is_told_in_the_transcript_once(desk: Desk) -> None:
    await desk.ask(("look", {"order": "1"}), ("refuse", {}))
    (event,) = await desk.events(EventKind.TOOL_CALLED)
    assert (event["names"], event["states"]) == (["look", "refuse"], ["done", "failed"])
    assert (event["upto"], event["round"]) == (1, 0)
    assert await desk.events(EventKind.TOOL_UNCERTAIN) == []


async def test_the_completion_is_stored_with_its_round(desk: Desk) -> None:
    turn = await desk.turn()
    failed = asked(error_kind="rate_limit")
    assert await desk.rounds.begin(turn, asked(("look", {"order": "1"})), 0, [failed])
    async with desk.world.db.reading() as work:
        stored = await answers.completions(work, turn.ticket.id)
    assert [one.error_kind for one in stored] == ["rate_limit", None]
    assert [call.completion_id for call in await desk.ledger()] == [stored[1].id]


async def test_tools_are_offered_by_the_policy(make_world: Any) -> None:
    world = await make_world(tools=("pay", "look", "gone"), read_only_tools=("pay",))
    rounds = ToolRounds(world.wiring, Shop().toolbox())
    policy = world.wiring.policy("shop").policy
    assert [spec.name for spec in rounds.offered(policy, Mode.AUTO)] == ["look"]


async def test_with_nothing_to_do_a_round_is_finished(desk: Desk) -> None:
    assert await desk.carry_out() == FINISHED
    await desk.ask(("look", {"order": "1"}))
    assert await desk.carry_out() == FINISHED
    assert desk.shop.log == ["look 1"]
    assert len(await desk.results()) == 1


async def test_a_stale_view_of_the_turn_answers_nothing_twice(desk: Desk) -> None:
    await desk.begin(("look", {"order": "1"}))
    turn = await desk.turn()
    assert await desk.rounds.carry_out(turn) == FINISHED
    assert await desk.rounds.carry_out(turn) == FINISHED
    assert await desk.results() == ['{"order":"1"}']


async def test_a_round_begins_once(desk: Desk) -> None:
    turn = await desk.turn()
    assert await desk.rounds.begin(turn, asked(("look", {"order": "1"})), 0)
    assert not await desk.rounds.begin(turn, asked(("look", {"order": "2"})), 0)
    assert [call.arguments for call in await desk.ledger()] == ['{"order": "1"}']


async def test_nothing_begins_behind_a_moved_fence(desk: Desk) -> None:
    turn = await desk.turn()
    await desk.take_over()
    assert not await desk.rounds.begin(turn, asked(("look", {"order": "1"})), 0)
    assert await desk.ledger() == []
    async with desk.world.db.reading() as work:
        assert len(await answers.completions(work, turn.ticket.id)) == 1


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (("fly", {}), "unknown_tool"),
        (("look", "{"), "invalid_json"),
        (("look", {}), "invalid_arguments"),
        (("pay", {"order": "1", "discount": 100}), "invalid_arguments"),
        (("a b", {}), "unknown_tool"),
        (("", {}), "unknown_tool"),
        (("x" * 500, {}), "unknown_tool"),
    ],
)
async def test_a_call_that_cannot_be_made_is_answered_all_the_same(
    desk: Desk, call: tuple[str, Any], kind: str
) -> None:
    assert await desk.ask(("look", {"order": "1"}), call) == FINISHED
    assert await desk.kinds() == ["ok", kind]
    assert await desk.states() == ["done", "failed"]
    assert desk.shop.log == ["look 1"]


async def test_a_tool_that_the_policy_does_not_name_is_not_called(make_world: Any) -> None:
    world = await make_world(tools=("look", "pay"), read_only_tools=("look", "pay"))
    accepted = await world.hear(said("hi"))
    desk = Desk(world, Shop(), accepted.ticket)
    await desk.ask(("slow_look", {"order": "1"}), ("pay", {"order": "1"}))
    assert await desk.kinds() == ["not_allowed", "not_allowed"]
    assert desk.shop.log == []


async def test_what_goes_back_to_the_model_is_fit_for_a_server(desk: Desk) -> None:
    calls = [
        ToolCall("same", "look", '{"order":"1"}'),
        ToolCall("same", "look", '{"order":"2"}'),
        ToolCall("", "get order!", "not json"),
        ToolCall("i" * 300, "look", "[1]"),
    ]
    await desk.ask(*calls)
    shown = (await desk.turn()).thread[1].data["tool_calls"]
    assert isinstance(shown, list)
    ids = [call[0] for call in shown]
    assert len({*ids}) == 4
    assert ids[0] == "same"
    assert max(map(len, ids)) <= 64
    assert shown[2][1:] == ["invalid-get_order_", "{}"]
    assert [call[2] for call in shown] == ['{"order":"1"}', '{"order":"2"}', "{}", "{}"]
    assert [m.tool_call_id for m in (await desk.turn()).thread[2:]] == ids
    assert (await desk.ledger())[2].arguments == "not json"


async def test_ids_are_not_used_again_in_a_later_round(desk: Desk) -> None:
    call = ToolCall("call_0", "look", '{"order":"1"}')
    await desk.ask(call)
    await desk.ask(call, round_n=1)
    first, second = (one.call_id for one in await desk.ledger())
    assert (first, second != first) == ("call_0", True)
    assert standing(await desk.turn()).unanswered is False


async def test_text_that_no_store_can_hold_is_made_storable(desk: Desk) -> None:
    await desk.ask(ToolCall("a\x00b", "look", '{"order":"1\ud800\x00"}'))
    assert await desk.results() == ['{"order":"1\ufffd\ufffd"}']
    await desk.ask(("slow_look", '{"order":"a\\u0000b"}'), round_n=1)
    assert (await desk.results())[1] == "a\ufffdb"


async def test_too_many_calls_at_once_are_refused_one_by_one(desk: Desk) -> None:
    await desk.ask(*[("look", {"order": str(n)}) for n in range(MOST_CALLS + 2)])
    assert await desk.kinds() == ["ok"] * MOST_CALLS + ["too_many_calls"] * 2


async def test_reads_run_side_by_side_and_writes_alone_in_order(desk: Desk) -> None:
    await desk.ask(
        ("slow_look", {"order": "1"}),
        ("slow_look", {"order": "2"}),
        ("pay", {"order": "3"}),
        ("refuse", {}),
        ("look", {"order": "4"}),
    )
    assert desk.shop.most_running == 2
    assert sorted(desk.shop.log[:2]) == ["slow_look 1", "slow_look 2"]
    assert desk.shop.log[2:] == ["pay 3", "refuse", "look 4"]
    assert (await desk.results())[2:4] == ["paid 3 for ada", "Error: too late"]


async def test_a_tool_knows_whom_it_serves(desk: Desk) -> None:
    await desk.ask(("pay", {"order": "1"}))
    (call,) = await desk.ledger()
    ticket = await desk.world.ticket(desk.public_id)
    assert await desk.results() == ["paid 1 for ada"]
    assert call.idempotency_key == f"{ticket.public_id}-1-0-0"


async def test_a_failed_write_is_not_uncertain(desk: Desk) -> None:
    assert await desk.ask(("refuse", {})) == FINISHED
    assert await desk.results() == ["Error: too late"]
    assert await desk.states() == ["failed"]


async def test_a_write_is_noted_before_it_begins_and_a_read_is_not(desk: Desk) -> None:
    desk.shop.gate.clear()
    await desk.begin(("look", {"order": "1"}), ("pay", {"order": "2"}))
    await desk.killed(lambda: "pay 2" in desk.shop.log)
    assert await desk.states() == ["done", "running"]


async def test_a_kill_before_anything_ran_loses_nothing(desk: Desk) -> None:
    await desk.begin(("look", {"order": "1"}), ("pay", {"order": "2"}))
    assert await desk.carry_out() == FINISHED
    assert desk.shop.log == ["look 1", "pay 2"]


async def test_a_read_that_was_killed_runs_again(desk: Desk) -> None:
    await desk.begin(("slow_look", {"order": "1"}))
    await desk.killed(lambda: desk.shop.running == 1)
    assert await desk.states() == ["asked"]
    assert await desk.carry_out() == FINISHED
    assert desk.shop.log == ["slow_look 1"]


def _in_seconds(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_after_the_deadline_no_call_begins(desk: Desk) -> None:
    await desk.begin(("look", {"order": "1"}), ("pay", {"order": "2"}))
    assert await desk.rounds.carry_out(await desk.turn(), _in_seconds(-0.001)) == FINISHED
    assert desk.shop.log == []
    assert await desk.kinds() == ["not_run", "not_run"]
    assert "the time for this answer was over" in (await desk.results())[1]


async def test_a_read_is_given_up_at_the_deadline(desk: Desk) -> None:
    await desk.begin(("read_long", {}), ("pay", {"order": "2"}))
    carrying = desk.rounds.carry_out(await desk.turn(), _in_seconds(0.1))
    assert await asyncio.wait_for(carrying, 5) == FINISHED
    assert await desk.kinds() == ["timeout", "not_run"]
    assert desk.shop.log == ["read_long"]


async def test_a_write_that_began_before_the_deadline_is_waited_for(desk: Desk) -> None:
    desk.shop.gate.clear()
    await desk.begin(("pay", {"order": "1"}), ("pay", {"order": "2"}))
    deadline = _in_seconds(1)
    running = asyncio.create_task(desk.rounds.carry_out(await desk.turn(), deadline))
    await desk.world.until(lambda: desk.shop.log == ["pay 1"])
    await asyncio.sleep(deadline - _in_seconds(0) + 0.01)
    desk.shop.gate.set()
    assert await running == FINISHED
    assert await desk.kinds() == ["ok", "not_run"]


async def test_after_the_deadline_a_write_that_was_killed_is_uncertain(desk: Desk) -> None:
    desk.shop.gate.clear()
    await desk.begin(("pay_once", {"order": "1"}))
    await desk.killed(lambda: bool(desk.shop.log))
    carried = await desk.rounds.carry_out(await desk.turn(), _in_seconds(-1))
    assert carried.ending is Ending.UNCERTAIN
    assert desk.shop.log == ["pay_once 1"]


async def test_a_write_that_was_killed_is_uncertain_and_never_repeated(desk: Desk) -> None:
    desk.shop.gate.clear()
    await desk.begin(("pay", {"order": "1"}), ("look", {"order": "2"}), ("pay", {"order": "3"}))
    await desk.killed(lambda: bool(desk.shop.log))
    desk.shop.gate.set()
    assert await desk.carry_out() == Carried(Ending.UNCERTAIN, ("pay",), ("call_0",))
    assert desk.shop.log == ["pay 1"]
    assert await desk.kinds() == ["uncertain", "not_run", "not_run"]
    assert await desk.states() == ["uncertain", "failed", "failed"]
    (event,) = await desk.events(EventKind.TOOL_UNCERTAIN)
    assert (event["names"], event["calls"]) == (["pay"], ["call_0"])
    assert await desk.carry_out() == FINISHED
    assert standing(await desk.turn()).uncertain == ("pay",)


async def test_a_keyed_write_that_was_killed_runs_again_under_its_key(desk: Desk) -> None:
    desk.shop.gate.clear()
    await desk.begin(("pay_once", {"order": "1"}))
    await desk.killed(lambda: bool(desk.shop.log))
    desk.shop.gate.set()
    assert await desk.carry_out() == FINISHED
    assert desk.shop.log == ["pay_once 1", "pay_once 1"]
    assert len(desk.shop.paid) == 1
    assert await desk.results() == ["paid 1"]


async def test_a_write_that_is_done_is_not_repeated_after_a_kill_in_the_next(desk: Desk) -> None:
    await desk.begin(("pay", {"order": "1"}), ("pay_once", {"order": "2"}))
    running = asyncio.create_task(desk.carry_out())
    desk.shop.gate.clear()
    await desk.world.until(lambda: "pay 1" in desk.shop.log)
    desk.shop.gate.set()
    await asyncio.sleep(0)
    desk.shop.gate.clear()
    await desk.world.until(lambda: "pay_once 2" in desk.shop.log)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await desk.states() == ["done", "running"]
    desk.shop.gate.set()
    assert await desk.carry_out() == FINISHED
    assert desk.shop.log == ["pay 1", "pay_once 2", "pay_once 2"]
    assert await desk.results() == ["paid 1 for ada", "paid 2"]


async def test_a_write_is_stored_before_a_slow_read_behind_it(desk: Desk) -> None:
    await desk.begin(("pay", {"order": "1"}), ("slow_look", {"order": "2"}))
    await desk.killed(lambda: desk.shop.running == 1)
    assert await desk.states() == ["done", "asked"]
    assert await desk.carry_out() == FINISHED
    assert desk.shop.log == ["pay 1", "slow_look 2"]


async def test_a_kill_before_the_result_of_a_write_is_on_disk_leaves_it_uncertain(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.begin(("pay", {"order": "1"}))
    await _killed_at(desk, monkeypatch, "finish")
    assert await desk.states() == ["running"]
    assert await desk.results() == []
    assert (await desk.carry_out()).ending is Ending.UNCERTAIN
    assert desk.shop.log == ["pay 1"]


async def test_a_kill_right_after_a_write_finds_its_result_on_disk(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.begin(("pay", {"order": "1"}))
    await _killed_at(desk, monkeypatch, "unanswered")
    assert await desk.states() == ["done"]
    assert await desk.results() == []
    assert await desk.carry_out() == FINISHED
    assert desk.shop.log == ["pay 1"]


async def _killed_at(desk: Desk, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """Carry out, and kill the process where it comes to that point after a tool has run."""
    whole = getattr(tool_calls, point)

    async def dies(*args: Any) -> Any:
        if desk.shop.log:
            raise Killed
        return await whole(*args)

    with monkeypatch.context() as patch:
        patch.setattr(tool_calls, point, dies)
        with pytest.raises(Killed):
            await desk.carry_out()


async def test_a_kill_between_store_and_thread_repeats_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is stored on its way to the read; then the round dies before it is told."""
    await desk.begin(("pay", {"order": "1"}), ("look", {"order": "2"}))

    async def dies(*_args: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(threads, "append_message", dies)
        with pytest.raises(Killed):
            await desk.carry_out()
    assert await desk.states() == ["done", "asked"]
    assert standing(await desk.turn()).unanswered
    assert await desk.carry_out() == FINISHED
    assert desk.shop.log == ["pay 1", "look 2", "look 2"]
    assert await desk.results() == ["paid 1 for ada", '{"order":"2"}']


async def test_a_write_that_takes_too_long_is_uncertain(desk: Desk) -> None:
    """It has a key, so it is tried twice under it; then a person must look."""
    carried = await desk.ask(("stall", {}), ("look", {"order": "1"}))
    assert carried == Carried(Ending.UNCERTAIN, ("stall",), ("call_0",))
    (key,) = {*desk.shop.log}
    assert desk.shop.log == [key, key]
    assert await desk.kinds() == ["uncertain", "not_run"]


async def test_a_keyed_write_that_took_too_long_may_succeed_the_second_time(desk: Desk) -> None:
    assert await desk.ask(("stall", {"heal": True})) == FINISHED
    assert await desk.results() == ["healed"]


async def test_a_person_who_takes_over_stops_the_writes_that_have_not_begun(desk: Desk) -> None:
    desk.shop.gate.clear()
    await desk.begin(("pay", {"order": "1"}), ("pay", {"order": "2"}), ("look", {"order": "3"}))
    running = asyncio.create_task(desk.carry_out())
    await desk.world.until(lambda: bool(desk.shop.log))
    await desk.take_over()
    desk.shop.gate.set()
    assert await running == Carried(Ending.MOVED)
    assert desk.shop.log == ["pay 1"]
    assert await desk.kinds() == ["ok", "not_run", "not_run"]
    assert "a person took over" in (await desk.results())[1]


async def test_a_take_over_before_the_first_write_stops_it(desk: Desk) -> None:
    await desk.begin(("pay", {"order": "1"}))
    turn = await desk.turn()
    await desk.take_over()
    assert await desk.rounds.carry_out(turn) == Carried(Ending.MOVED)
    assert desk.shop.log == []
    assert await desk.states() == ["failed"]


async def test_an_uncertain_write_is_told_to_the_person_who_took_over(desk: Desk) -> None:
    desk.shop.gate.clear()
    await desk.begin(("pay", {"order": "1"}))
    await desk.killed(lambda: bool(desk.shop.log))
    await desk.take_over()
    assert (await desk.rounds.abandon((await desk.turn()).ticket.id)).names == ("pay",)
    ticket = await desk.world.ticket(desk.public_id)
    notices = [one.text for one in await desk.world.deliveries(ticket)]
    assert any("not known whether the tool pay" in text for text in notices)


async def test_two_processes_at_one_round_do_its_write_once(desk: Desk) -> None:
    """The second finds it running: it cannot know that the first is alive."""
    desk.shop.gate.clear()
    await desk.begin(("pay", {"order": "1"}))
    first = asyncio.create_task(desk.carry_out())
    await desk.world.until(lambda: bool(desk.shop.log))
    second = await desk.carry_out()
    desk.shop.gate.set()
    assert second.ending is Ending.UNCERTAIN
    await first
    assert desk.shop.log == ["pay 1"]
    assert await desk.states() == ["uncertain"]
    assert len(await desk.results()) == 1


async def test_who_comes_late_to_a_write_leaves_the_round_to_the_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.begin(("pay", {"order": "1"}))
    whole = tool_calls.start

    async def later(work: Any, call: RecordedCall, at: datetime) -> bool:
        assert await whole(work, call, at)
        return await whole(work, call, at)

    monkeypatch.setattr(tool_calls, "start", later)
    assert await desk.carry_out() == Carried(Ending.MOVED)
    assert desk.shop.log == []
    assert await desk.results() == []


async def test_calls_of_a_turn_that_was_overtaken_do_not_begin(desk: Desk) -> None:
    await desk.begin(("pay", {"order": "1"}), ("look", {"order": "2"}))
    await desk.world.hear(said("stop, do not pay!"))
    assert await desk.carry_out() == FINISHED
    assert desk.shop.log == []
    assert await desk.kinds() == ["not_run", "not_run"]
    assert standing(await desk.turn()).next_round == 0


async def test_an_overtaken_turn_keeps_its_uncertain_write_in_sight(desk: Desk) -> None:
    desk.shop.gate.clear()
    await desk.begin(("pay", {"order": "1"}))
    await desk.killed(lambda: bool(desk.shop.log))
    await desk.world.hear(said("hello?"))
    assert (await desk.carry_out()).ending is Ending.UNCERTAIN
    assert standing(await desk.turn()).uncertain == ("pay",)
    turn = await desk.turn()
    async with desk.world.db.writing() as work:
        handoff = Handoff(HandoffReason.ERROR)
        await hand_off(desk.world.wiring, work, turn.ticket, handoff)
    assert standing(await desk.turn()).uncertain == ()


async def test_the_standing_of_a_turn_is_read_from_its_thread(desk: Desk) -> None:
    assert standing(await desk.turn()).next_round == 0
    await desk.begin(("look", {"order": "1"}))
    begun = standing(await desk.turn())
    assert (begun.next_round, begun.unanswered, begun.uncertain) == (1, True, ())
    await desk.carry_out()
    assert not standing(await desk.turn()).unanswered


async def test_an_answer_that_is_given_up_leaves_no_call_without_result(desk: Desk) -> None:
    desk.shop.gate.clear()
    await desk.begin(("look", {"order": "1"}), ("pay", {"order": "2"}), ("look", {"order": "3"}))
    await desk.killed(lambda: "pay 2" in desk.shop.log)
    abandoned = await desk.rounds.abandon((await desk.turn()).ticket.id)
    assert abandoned == Carried(Ending.UNCERTAIN, ("pay",), ("call_1",))
    assert await desk.kinds() == ["ok", "uncertain", "not_run"]
    assert not standing(await desk.turn()).unanswered


async def test_calls_that_nobody_goes_on_with_are_found(desk: Desk) -> None:
    await desk.begin(("look", {"order": "1"}))
    later = desk.world.clock.advance(minutes=5)
    ticket = (await desk.turn()).ticket
    assert await _abandoned(desk, later) == []
    await desk.take_over()
    assert await _abandoned(desk, later) == [ticket.id]
    assert await desk.rounds.abandon(ticket.id, ticket.opened_at) == FINISHED
    assert await _abandoned(desk, later) == [ticket.id]
    assert await desk.rounds.abandon(ticket.id, later) == FINISHED
    assert await _abandoned(desk, later) == []
    assert await desk.kinds() == ["not_run"]


async def _abandoned(desk: Desk, before: datetime) -> list[int]:
    async with desk.world.db.reading() as work:
        return await tool_calls.abandoned(work, before)


async def test_customers_never_see_tool_messages(desk: Desk) -> None:
    await desk.ask(("look", {"order": "1"}))
    assert desk.world.channel.sent == []
    shown = [m for m in (await desk.turn()).thread if m.visibility is Visibility.PUBLIC]
    assert [m.role for m in shown] == [Role.USER]


async def test_of_an_erased_call_everything_else_stays(desk: Desk) -> None:
    await desk.ask(("look", {"order": "1"}))
    async with desk.world.db.writing() as work:
        await work.connection.execute(update(ToolCallRow).values(arguments=None, result=None))
    (call,) = await desk.ledger()
    assert (call.name, call.state, call.arguments, call.result) == ("look", "done", None, None)
