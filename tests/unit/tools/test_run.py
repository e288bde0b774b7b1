from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import json
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator

from supportbot.errors import ToolError
from supportbot.tools.declare import DeclaredTool, tool
from supportbot.tools.result import Outcome, Ran
from supportbot.tools.run import Ready, prepare, run
from supportbot.tools.tool import ToolContext
from supportbot.tools.toolbox import Toolbox, gather

SECRET = "sk-do-not-tell"


def boxed(*declared: DeclaredTool[..., Any]) -> Toolbox:
    gathered = gather(declared)
    assert gathered.problems == ()
    return gathered.toolbox


async def call(
    declared: DeclaredTool[..., Any], context: ToolContext, arguments: str = "{}"
) -> Ran:
    built = declared.build()
    return await run(Ready(built, built.read(arguments)), context)


def kind(ran: Ran | Ready) -> str:
    assert isinstance(ran, Ran)
    error: str = json.loads(ran.text)["error"]["type"]
    return error


@tool
def look(order: str) -> dict[str, str]:
    return {"order": order}


@tool(writes=True, needs_identity=True)
def pay(amount: int) -> str:
    return "paid"


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("fly", "{}", "unknown_tool"),
        ("hidden", "{}", "not_allowed"),
        ("look", '{"order": "1"', "invalid_json"),
        ("look", "{}", "invalid_arguments"),
        ("look", '{"order": 1}', "invalid_arguments"),
        ("look", '{"order": "1", "x": 1}', "invalid_arguments"),
        ("look", "[1]", "invalid_arguments"),
        ("look", "[" * 100_000, "invalid_json"),
    ],
)
def test_a_call_that_may_not_be_made_is_an_error_for_the_model(
    policy_with: Any, context: ToolContext, name: str, arguments: str, expected: str
) -> None:
    @tool
    def hidden() -> None: ...

    refused = prepare(boxed(look, hidden), policy_with("look"), name, arguments, context)
    assert kind(refused) == expected
    assert isinstance(refused, Ran)
    assert refused.outcome is Outcome.FAILED


def test_an_unknown_tool_names_those_that_may_be_used(
    policy_with: Any, context: ToolContext
) -> None:
    refused = prepare(boxed(look, pay), policy_with("look"), "fly", "{}", context)
    assert isinstance(refused, Ran)
    assert "there are: look" in refused.text
    assert "pay" not in refused.text


def test_wrong_arguments_are_named_and_not_repeated(policy_with: Any, context: ToolContext) -> None:
    refused = prepare(
        boxed(look), policy_with("look"), "look", f'{{"order":["{SECRET}"]}}', context
    )
    assert isinstance(refused, Ran)
    assert "order: Input should be a valid string" in refused.text
    assert SECRET not in refused.text
    assert "pydantic" not in refused.text


def test_a_tool_that_needs_to_know_who_it_is_refuses_strangers(
    policy_with: Any, context: ToolContext
) -> None:
    stranger = replace(context, verified=False)
    box, policy = boxed(pay), policy_with("pay")
    assert kind(prepare(box, policy, "pay", '{"amount":1}', stranger)) == "identity_required"
    assert isinstance(prepare(box, policy, "pay", '{"amount":1}', context), Ready)


def _broken_by(text: str) -> str:
    errors = {"division": ZeroDivisionError, "key": KeyError, "exit": SystemExit}
    raise errors[text](SECRET)


@pytest.mark.parametrize(
    ("which", "name"),
    [("division", "ZeroDivisionError"), ("key", "KeyError"), ("exit", "SystemExit")],
)
def test_a_validator_that_breaks_is_a_wrong_argument(
    policy_with: Any, context: ToolContext, which: str, name: str
) -> None:
    @tool
    def find(order: Annotated[str, AfterValidator(_broken_by)]) -> None: ...

    arguments = json.dumps({"order": which})
    refused = prepare(boxed(find), policy_with("find"), "find", arguments, context)
    assert kind(refused) == "invalid_arguments"
    assert isinstance(refused, Ran)
    assert refused.outcome is Outcome.FAILED
    assert f"({name})" in refused.text
    assert SECRET not in refused.text


def _wrapped(function: Callable[..., Coroutine[Any, Any, object]]) -> Callable[..., object]:
    """Wrap an async function as a decorator does that does not know of them."""

    @functools.wraps(function)
    def wrapped(*args: Any, **given: Any) -> object:
        return function(*args, **given)

    return wrapped


async def test_an_async_function_inside_a_plain_wrapper_runs_to_its_end(
    context: ToolContext,
) -> None:
    done = []

    async def paid(amount: int) -> str:
        await asyncio.sleep(0)
        done.append(amount)
        return "paid"

    ran = await call(tool(writes=True)(_wrapped(paid)), context, '{"amount":3}')
    assert (ran, done) == (Ran(Outcome.DONE, "paid"), [3])


async def test_a_wrapped_async_function_that_exits_or_takes_too_long_is_told(
    context: ToolContext,
) -> None:
    async def leave() -> None:
        sys.exit(3)

    async def asleep() -> None:
        await asyncio.sleep(20)

    left = await call(tool(name="leave")(_wrapped(leave)), context)
    assert kind(left) == "exception"
    late = await call(tool(name="asleep", timeout_seconds=0.05)(_wrapped(asleep)), context)
    assert kind(late) == "timeout"


async def test_a_call_is_given_no_more_than_what_is_left(context: ToolContext) -> None:
    @tool
    async def asleep() -> None:
        await asyncio.sleep(20)

    built = asleep.build()
    ran = await asyncio.wait_for(run(Ready(built, {}), context, most_seconds=0.05), 5)
    assert kind(ran) == "timeout"
    assert "within 0.05 seconds" in ran.text


async def test_making_text_of_a_result_does_not_hold_up_the_loop(context: ToolContext) -> None:
    class Slow(dict[str, int]):
        def items(self) -> Any:
            time.sleep(0.2)
            return super().items()

    @tool
    def rows() -> dict[str, int]:
        return Slow(a=1)

    ticks = 0
    running = asyncio.create_task(call(rows, context))
    while not running.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert running.result().text == '{"a":1}'
    assert ticks > 5


async def test_sync_and_async_functions_run(context: ToolContext) -> None:
    @tool
    async def later(order: str) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"order": order}

    for one in (look, later):
        ran = await call(one, context, '{"order":"#1"}')
        assert (ran.outcome, ran.text) == (Outcome.DONE, '{"order":"#1"}')


async def test_a_blocking_function_does_not_hold_up_the_loop(context: ToolContext) -> None:
    place = contextvars.ContextVar("place", default="nowhere")
    place.set("here")

    @tool
    def slow() -> list[object]:
        time.sleep(0.2)
        return [threading.current_thread().daemon, place.get()]

    ticks = 0
    running = asyncio.create_task(call(slow, context))
    while not running.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert running.result().text == '[true,"here"]'
    assert ticks > 5


async def test_what_is_ours_is_filled_in(context: ToolContext) -> None:
    @tool
    def who(context: ToolContext, idempotency_key: str) -> list[object]:
        return [context.customer, context.verified, context.ticket, idempotency_key]

    assert (await call(who, context)).text == '["T1:U1",true,"T1","T1-1-0-0"]'


async def test_an_authors_own_error_reaches_the_model_word_for_word(context: ToolContext) -> None:
    @tool(writes=True)
    def refuse() -> None:
        raise ToolError('Error: "gift card" too small')

    ran = await call(refuse, context)
    assert ran == Ran(Outcome.FAILED, 'Error: "gift card" too small')


def _raising() -> list[tuple[str, Callable[[], object]]]:
    def value() -> None:
        raise ValueError(SECRET)

    def end() -> object:
        return next(iter([]))

    def leave() -> None:
        sys.exit(SECRET)

    async def later() -> None:
        raise KeyError(SECRET)

    async def leave_later() -> None:
        sys.exit(SECRET)

    async def interrupted() -> None:
        await asyncio.sleep(0)
        raise KeyboardInterrupt(SECRET)

    async def cancelled() -> None:
        raise asyncio.CancelledError(SECRET)

    return [
        ("ValueError", value),
        ("StopIteration", end),
        ("SystemExit", leave),
        ("KeyError", later),
        ("SystemExit", leave_later),
        ("KeyboardInterrupt", interrupted),
        ("CancelledError", cancelled),
    ]


@pytest.mark.parametrize(("name", "function"), _raising())
async def test_any_other_error_is_told_by_its_class_alone(
    context: ToolContext, name: str, function: Callable[[], object]
) -> None:
    ran = await call(tool(name="broken")(function), context)
    assert ran.outcome is Outcome.FAILED
    assert ran.text == (f'{{"error":{{"message":"broken failed ({name}).","type":"exception"}}}}')


@pytest.mark.parametrize(("rules", "outcome"), [({}, "failed"), ({"writes": True}, "unknown")])
async def test_of_a_write_that_lost_its_connection_nobody_knows(
    context: ToolContext, rules: dict[str, Any], outcome: str
) -> None:
    @tool(**rules)
    def send() -> None:
        raise ConnectionResetError(SECRET)

    ran = await call(send, context)
    assert ran.outcome == outcome
    assert SECRET not in ran.text


@pytest.mark.parametrize(
    ("rules", "outcome", "expected"),
    [({}, "failed", "timeout"), ({"writes": True}, "unknown", "uncertain")],
)
async def test_a_tool_that_takes_too_long_is_given_up(
    context: ToolContext, rules: dict[str, Any], outcome: str, expected: str
) -> None:
    gate = threading.Event()

    @tool(**rules, timeout_seconds=0.05)
    def blocked() -> None:
        gate.wait(20)
        raise ValueError("nobody hears this")

    @tool(**rules, timeout_seconds=0.05)
    async def asleep() -> None:
        await asyncio.sleep(20)

    @tool(**rules, timeout_seconds=0.05)
    async def stubborn() -> None:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            raise ValueError("nobody hears this either") from None

    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: heard.append(told))
    for one in (blocked, asleep, stubborn):
        ran = await call(one, context)
        assert (ran.outcome, kind(ran)) == (outcome, expected)
    gate.set()
    await asyncio.sleep(0.01)
    gc.collect()
    assert heard == []


async def test_to_cancel_a_call_cancels_the_function(context: ToolContext) -> None:
    stopped = asyncio.Event()

    @tool
    async def asleep() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            stopped.set()

    running = asyncio.create_task(call(asleep, context))
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(stopped.wait(), 1)


async def test_a_result_that_cannot_be_shown_was_still_a_success(context: ToolContext) -> None:
    @tool(writes=True)
    def strange() -> object:
        return object()

    ran = await call(strange, context)
    assert (ran.outcome, kind(ran)) == (Outcome.DONE, "unreadable_result")


async def test_a_long_error_is_cut(context: ToolContext) -> None:
    @tool
    def verbose() -> None:
        raise ToolError("x" * 100_000)

    assert len((await call(verbose, context)).text) < 21_000
