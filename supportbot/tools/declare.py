"""`@supportbot.tool`: how the author of a bot folder offers a function to the model."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, overload

from supportbot.model.completion import ToolSpec
from supportbot.tools.arguments import hidden_of, reader_of, signature_of
from supportbot.tools.tool import KEY_PARAMETER, Tool, ToolRules, misdeclared

_P = ParamSpec("_P")
_R = TypeVar("_R")

_NO_RULES = ToolRules()


class DeclaredTool(Generic[_P, _R]):
    """A function declared as a tool. Called, it is the function itself, so it can be tested."""

    def __init__(self, function: Callable[_P, _R], rules: ToolRules, name: str | None) -> None:
        self._function = function
        self._rules = rules
        self._name = name
        functools.update_wrapper(self, function)

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Call the function."""
        return self._function(*args, **kwargs)

    def build(self) -> Tool:
        """Return the tool.

        Raises:
            ConfigError: it cannot be offered as it is; names file and line.
        """
        function = self._function
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise misdeclared(function, "it yields; a tool returns one result")
        signature = signature_of(function)
        spec = ToolSpec(
            name=self._name or str(getattr(function, "__name__", "")),
            description=inspect.getdoc(function) or "",
            parameters=signature.schema,
        )
        rules = _with_key(self._rules, signature.hidden)
        return Tool(spec, rules, function, signature.read, signature.hidden)


@overload
def tool(function: Callable[_P, _R], /) -> DeclaredTool[_P, _R]: ...


@overload
def tool(
    *,
    name: str | None = None,
    writes: bool = False,
    idempotent: bool = False,
    needs_identity: bool = False,
    timeout_seconds: float = 20.0,
) -> Callable[[Callable[_P, _R]], DeclaredTool[_P, _R]]: ...


def tool(
    function: Callable[_P, _R] | None = None,
    /,
    *,
    name: str | None = None,
    writes: bool = False,
    idempotent: bool = False,
    needs_identity: bool = False,
    timeout_seconds: float = 20.0,
) -> Any:
    """Offer a typed function, sync or async, to the model.

    The docstring tells the model what it is for; `Annotated[str, Field(description=...)]` describes
    a parameter. A parameter of type `supportbot.ToolContext` is filled in by supportbot, and so is
    one named `idempotency_key`. Raise `supportbot.ToolError` to tell the model what went wrong.

    `writes`: it changes something. If nobody can tell afterwards whether it did (the process was
    killed, it took too long, or it raised an OSError such as a lost connection), it is shown as
    uncertain and the ticket goes to a person; but an `idempotent` one (a function with a parameter
    `idempotency_key` is) is called again with the same key. `needs_identity`: refused unless
    it is certain who the customer is. `timeout_seconds`: how long it may take.
    """
    rules = ToolRules(
        writes=writes,
        idempotent=idempotent,
        needs_identity=needs_identity,
        timeout_seconds=timeout_seconds,
    )
    if function is not None:
        return DeclaredTool(function, rules, name)

    def declare(declared: Callable[_P, _R]) -> DeclaredTool[_P, _R]:
        return DeclaredTool(declared, rules, name)

    return declare


def tool_from_schema(
    spec: ToolSpec, function: Callable[..., object], rules: ToolRules = _NO_RULES
) -> Tool:
    """Make a tool of a function whose arguments a JSON schema describes already.

    The function is called with the arguments by name; names and outermost types are checked before,
    whatever lies deeper is the function's business. A `ToolContext` is filled in as for `tool`.

    Raises:
        ConfigError: the name cannot be used.
    """
    hidden = hidden_of(function)
    return Tool(spec, _with_key(rules, hidden), function, reader_of(spec.parameters), hidden)


def _with_key(rules: ToolRules, hidden: Mapping[str, object]) -> ToolRules:
    """Believe a function that asks for the key: it can be called again with the same one."""
    if KEY_PARAMETER not in hidden or rules.idempotent:
        return rules
    return ToolRules(
        writes=rules.writes,
        idempotent=True,
        needs_identity=rules.needs_identity,
        timeout_seconds=rules.timeout_seconds,
    )
