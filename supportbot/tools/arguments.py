"""From a Python signature, or a JSON schema, to the arguments of a tool. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.errors import PydanticUserError

from supportbot.tools.tool import KEY_PARAMETER, ToolContext, misdeclared

_CONFIG = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
_JSON_TYPES: Mapping[object, Any] = {
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "array": list[Any],
    "object": dict[str, Any],
}
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes: from the model, and from us."""

    #: JSON schema of an object; whatever it does not name is refused.
    schema: Mapping[str, object]
    read: Callable[[str], dict[str, object]]
    hidden: Mapping[str, Callable[[ToolContext], object]]


@dataclass(frozen=True, slots=True)
class _Taken:
    """One argument a model may give."""

    name: str
    type: Any
    default: Any = ...


def signature_of(function: Callable[..., object]) -> Signature:
    """Read a function's parameters.

    Raises:
        ConfigError: a parameter has no type or one that JSON cannot hold; names file and line.
    """
    hints = _hints(function)
    parameters = list(inspect.signature(function).parameters.values())
    hidden = {p.name: source for p in parameters if (source := _source(p.name, hints))}
    taken = [_taken(function, p, hints) for p in parameters if p.name not in hidden]
    try:
        model = _model(taken)
        schema = _slim(model.model_json_schema())
    except (PydanticUserError, TypeError) as error:
        said = str(error).partition("\n")[0]
        raise misdeclared(
            function, f"a parameter's type cannot be described to a model: {said}"
        ) from error
    names = dict(_fields(taken))

    def read(text: str) -> dict[str, object]:
        given = model.model_validate_json(text or "{}")
        return {one.name: getattr(given, name) for name, one in names.items()}

    return Signature(schema, read, hidden)


def reader_of(schema: Mapping[str, Any]) -> Callable[[str], dict[str, object]]:
    """Make a reader for a JSON schema: it checks names and the outermost types, no deeper."""
    required = schema.get("required") or ()
    taken = [
        _Taken(name, _JSON_TYPES.get(about.get("type"), Any), ... if name in required else None)
        for name, about in (schema.get("properties") or {}).items()
    ]
    closed = schema.get("additionalProperties") is False
    model = _model(taken, ConfigDict(extra="forbid" if closed else "allow", strict=True))
    names = dict(_fields(taken))

    def read(text: str) -> dict[str, object]:
        given = model.model_validate_json(text or "{}")
        known = {
            one.name: getattr(given, name)
            for name, one in names.items()
            if name in given.model_fields_set
        }
        return {**known, **(given.model_extra or {})}

    return read


def hidden_of(function: Callable[..., object]) -> Mapping[str, Callable[[ToolContext], object]]:
    """Return the parameters of a function that the model does not see."""
    hints = _hints(function)
    return {name: source for name in hints if (source := _source(name, hints))}


def _hints(function: Callable[..., object]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise misdeclared(function, f"a type is not known: {error}") from error


def _source(name: str, hints: Mapping[str, Any]) -> Callable[[ToolContext], object] | None:
    hint = hints.get(name)
    if hint is ToolContext or ToolContext in get_args(hint):
        return _whole
    return _key if name == KEY_PARAMETER else None


def _whole(context: ToolContext) -> object:
    return context


def _key(context: ToolContext) -> object:
    return context.idempotency_key


def _taken(
    function: Callable[..., object], parameter: inspect.Parameter, hints: Mapping[str, Any]
) -> _Taken:
    if parameter.kind not in _NAMED:
        raise misdeclared(
            function, f"{parameter} cannot be filled in by a model; name every parameter"
        )
    if parameter.name not in hints:
        raise misdeclared(function, f"parameter {parameter.name!r} has no type; write one")
    without = parameter.default is inspect.Parameter.empty
    return _Taken(parameter.name, hints[parameter.name], ... if without else parameter.default)


def _fields(taken: list[_Taken]) -> Iterator[tuple[str, _Taken]]:
    """Name fields by number: an argument may be called `copy` or `_x`, a field may not."""
    for number, one in enumerate(taken):
        yield f"argument_{number}", one


def _model(taken: list[_Taken], config: ConfigDict = _CONFIG) -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (Annotated[one.type, Field(alias=one.name)], one.default)
        for name, one in _fields(taken)
    }
    return create_model("Arguments", __config__=config, **fields)


def _slim(schema: Mapping[str, Any]) -> dict[str, object]:
    """Put definitions where they are used and drop titles: some servers know neither."""
    known = schema.get("$defs", {})
    slim: dict[str, object] = _walked({k: v for k, v in schema.items() if k != "$defs"}, known, ())
    return slim


def _walked(node: Any, known: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_walked(one, known, inside) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name in inside:
            raise TypeError(f"{name} contains itself")
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _walked({**known[name], **beside}, known, (*inside, name))
    return {
        key: _of_key(key, value, known, inside) for key, value in node.items() if key != "title"
    }


def _of_key(key: str, value: Any, known: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    if key in ("default", "const", "enum", "examples"):
        return value
    if key == "properties":
        return {name: _walked(about, known, inside) for name, about in value.items()}
    return _walked(value, known, inside)
