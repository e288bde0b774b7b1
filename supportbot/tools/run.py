"""The guard around a tool: whatever happens in it becomes a text for the model.

Nothing that a tool raises comes out of here, and no traceback and no exception's text reaches the
model, except that of a `ToolError`, which is meant for it.
"""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

import structlog
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from supportbot.errors import ToolError
from supportbot.model.policy import CompiledPolicy
from supportbot.tools.attempt import Raised, attempt, attempt_async
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
            f"{name} was not called: it is not known for certain who the customer is. Tell them "
            "that nothing about an account can be said or done here until that is certain, and "
            "offer to ask a person.",
        )
    # The types may bring validators of their author's, and those may raise anything.
    read = attempt(lambda: tool.read(arguments))
    return _unread(tool, read.error) if isinstance(read, Raised) else Ready(tool, read)


async def run(ready: Ready, context: ToolContext, most_seconds: float = math.inf) -> Ran:
    """Call a tool and wait for it, at most for its time, and at most for `most_seconds`."""
    tool = ready.tool
    given = {**ready.arguments, **{name: fill(context) for name, fill in tool.hidden.items()}}
    seconds = min(tool.rules.timeout_seconds, most_seconds)
    calling = asyncio.ensure_future(attempt_async(_called(tool, given)))
    try:
        await asyncio.wait({calling}, timeout=seconds)
        timed_out = not calling.done()
    finally:
        calling.cancel()
    if timed_out:
        return _timed_out(tool, seconds)
    ran = Raised(asyncio.CancelledError()) if calling.cancelled() else calling.result()
    return _raised(tool, ran.error) if isinstance(ran, Raised) else ran


async def _called(tool: Tool, given: dict[str, object]) -> Ran | Raised:
    if inspect.iscoroutinefunction(tool.function):
        begun: object = tool.function(**given)
    else:
        begun = await in_thread(lambda: _blocking(tool, given), f"tool-{tool.name}")
    if isinstance(begun, Ran | Raised):
        return begun
    return _returned(tool, await _value(begun))


def _blocking(tool: Tool, given: dict[str, object]) -> object:
    """Call a plain function, in its thread; an async one inside a wrapper only begins here."""
    value = tool.function(**given)
    return value if isinstance(value, Awaitable) else _returned(tool, value)


async def _value(begun: object) -> object:
    return await begun if isinstance(begun, Awaitable) else begun


def _unread(tool: Tool, error: BaseException) -> Ran:
    if isinstance(error, ValidationError):
        return wrong_arguments(tool.name, error)
    kind = type(error).__name__
    _log.warning("tool_arguments_unreadable", tool=tool.name, error=kind)
    said = f"{tool.name} was not called: its arguments could not be checked ({kind})."
    return failed("invalid_arguments", said)


def _timed_out(tool: Tool, seconds: float) -> Ran:
    _log.warning("tool_timed_out", tool=tool.name, seconds=seconds)
    why = f"it gave no result within {seconds:.3g} seconds"
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
