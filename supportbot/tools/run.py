"""The guard around a tool: whatever happens in it becomes a text for the model.

Nothing that a tool raises comes out of here, and no traceback and no exception's text reaches the
model, except that of a `ToolError`, which is meant for it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from supportbot.errors import ToolError
from supportbot.model.policy import CompiledPolicy
from supportbot.tools.result import (
    Outcome,
    Ran,
    capped,
    error_text,
    failed,
    shown,
    unknown,
    wrong_arguments,
)
from supportbot.tools.thread import in_thread
from supportbot.tools.tool import Tool, ToolContext
from supportbot.tools.toolbox import Toolbox

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """A call that may be made."""

    tool: Tool
    arguments: Mapping[str, object]


def prepare(
    toolbox: Toolbox, policy: CompiledPolicy, name: str, arguments: str, context: ToolContext
) -> Ready | Ran:
    """Check a call before anything runs: is there such a tool, may it, are the arguments right."""
    tool = toolbox.tools.get(name)
    if tool is None:
        offered = ", ".join(one for one in policy.tools if toolbox.permitted(one, policy))
        return failed("unknown_tool", f"There is no tool {name!r}; there are: {offered or 'none'}.")
    if not toolbox.permitted(name, policy):
        return failed("not_allowed", f"The tool {name!r} may not be used here.")
    if tool.rules.needs_identity and not context.verified:
        return failed(
            "identity_required",
            f"{name} was not called: it is not known for certain who the customer is.",
        )
    try:
        return Ready(tool, tool.read(arguments))
    except ValidationError as error:
        return wrong_arguments(name, error)


async def run(ready: Ready, context: ToolContext) -> Ran:
    """Call a tool and wait for it, at most for its time."""
    tool = ready.tool
    given = {**ready.arguments, **{name: fill(context) for name, fill in tool.hidden.items()}}
    calling = _called(tool, given)
    try:
        await asyncio.wait({calling}, timeout=tool.rules.timeout_seconds)
        timed_out = not calling.done()
    finally:
        calling.cancel()
    if timed_out:
        return _timed_out(tool)
    error = asyncio.CancelledError() if calling.cancelled() else calling.exception()
    return _returned(tool, calling.result()) if error is None else _raised(tool, error)


def _called(tool: Tool, given: dict[str, object]) -> asyncio.Future[object]:
    if inspect.iscoroutinefunction(tool.function):
        calling: asyncio.Future[object] = asyncio.ensure_future(_awaited(tool, given))
    else:
        calling = in_thread(tool.function, given)
    calling.add_done_callback(_looked_at)
    return calling


async def _awaited(tool: Tool, given: dict[str, object]) -> object:
    coroutine = tool.function(**given)
    return await coroutine  # type: ignore[misc]  # a coroutine function was called


def _looked_at(calling: asyncio.Future[object]) -> None:
    """Take note of an error that came after the time was over; asyncio would print its text."""
    if not calling.cancelled():
        calling.exception()


def _timed_out(tool: Tool) -> Ran:
    _log.warning("tool_timed_out", tool=tool.name)
    why = f"it gave no result within {tool.rules.timeout_seconds:g} seconds"
    if tool.rules.writes:
        return unknown(tool.name, why)
    return failed("timeout", f"{tool.name}: {why}.")


def _returned(tool: Tool, value: object) -> Ran:
    try:
        return Ran(Outcome.DONE, shown(value))
    except (PydanticSerializationError, ValueError, TypeError, RecursionError):
        _log.warning("tool_result_unreadable", tool=tool.name, type=type(value).__name__)
        message = f"{tool.name} ran, but its result ({type(value).__name__}) cannot be shown."
        return Ran(Outcome.DONE, error_text("unreadable_result", message))


def _raised(tool: Tool, error: BaseException) -> Ran:
    if isinstance(error, ToolError):
        return Ran(Outcome.FAILED, capped(str(error)))
    _log.warning("tool_failed", tool=tool.name, error=type(error).__name__, where=_place(error))
    # A connection that broke, or a wait of its own that ended: the other side may have done it.
    if tool.rules.writes and isinstance(error, OSError | asyncio.CancelledError):
        return unknown(tool.name, f"it ended with {type(error).__name__}")
    return failed("exception", f"{tool.name} failed ({type(error).__name__}).")


def _place(error: BaseException) -> str | None:
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else None
