from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field, ValidationError

import supportbot
from supportbot.errors import ConfigError
from supportbot.model.completion import ToolSpec
from supportbot.tools.declare import tool, tool_from_schema
from supportbot.tools.tool import Tool, ToolContext, ToolRules

HERE = Path(__file__)


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Lock:
    """Nothing that JSON can hold."""


class Address(BaseModel):
    street: str
    title: str = ""


@dataclass
class Line:
    item: str
    count: int = 1


class Chain(BaseModel):
    next: Optional[Chain] = None  # noqa: UP045 - resolved at run time


@tool
def order(
    order_id: Annotated[str, Field(description="With its #.")],
    size: Size,
    lines: list[Line],
    to: Address,
    speed: Literal["slow", "fast"] = "slow",
    copies: Annotated[int, Field(ge=1)] = 1,
) -> str:
    """Order something.

    Slowly, by default.
    """
    return order_id


def test_a_declared_tool_is_still_the_function() -> None:
    assert order("#1", Size.SMALL, [], Address(street="x")) == "#1"


def test_types_become_a_closed_schema_without_references() -> None:
    spec = order.build().spec
    schema = json.loads(json.dumps(spec.parameters))
    assert (spec.name, spec.description) == ("order", "Order something.\n\nSlowly, by default.")
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["order_id", "size", "lines", "to"]
    properties = schema["properties"]
    assert properties["order_id"] == {"description": "With its #.", "type": "string"}
    assert properties["size"] == {"enum": ["small", "large"], "type": "string"}
    assert properties["speed"] == {"default": "slow", "enum": ["slow", "fast"], "type": "string"}
    assert properties["copies"] == {"default": 1, "minimum": 1, "type": "integer"}
    assert properties["to"]["properties"] == {
        "street": {"type": "string"},
        "title": {"default": "", "type": "string"},
    }
    assert properties["lines"]["items"]["required"] == ["item"]
    assert "$" not in json.dumps(schema)


def test_arguments_arrive_as_the_types_that_were_written() -> None:
    given = order.build().read(
        '{"order_id":"#1","size":"large","lines":[{"item":"a"}],"to":{"street":"x"}}'
    )
    assert given == {
        "order_id": "#1",
        "size": Size.LARGE,
        "lines": [Line("a")],
        "to": Address(street="x"),
        "speed": "slow",
        "copies": 1,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        '{"order_id":"#1"',
        '["#1"]',
        "{}",
        '{"order_id":"#1","size":"huge","lines":[],"to":{"street":"x"}}',
        '{"order_id":"#1","size":"small","lines":[],"to":{"street":"x"},"admin":true}',
        '{"order_id":"#1","size":"small","lines":[],"to":{"street":"x"},"copies":0}',
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments: str) -> None:
    with pytest.raises(ValidationError):
        order.build().read(arguments)


def test_no_arguments_may_be_written_as_nothing() -> None:
    @tool
    def ping() -> str:
        return "pong"

    built = ping.build()
    assert built.read("") == built.read("{}") == {}
    assert dict(built.spec.parameters) == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }


def properties(built: Tool) -> list[str]:
    shown: Any = built.spec.parameters["properties"]
    return [*shown]


def test_any_name_of_a_parameter_will_do() -> None:
    @tool
    def odd(_x: int, copy: int, model_dump: int, *, schema: int = 4) -> int:
        return _x + copy + model_dump + schema

    built = odd.build()
    assert properties(built) == ["_x", "copy", "model_dump", "schema"]
    assert built.function(**built.read('{"_x":1,"copy":2,"model_dump":3}')) == 10


def test_what_is_ours_is_never_shown_to_the_model() -> None:
    @tool(writes=True)
    def pay(amount: int, context: ToolContext, idempotency_key: str) -> None: ...

    built = pay.build()
    assert properties(built) == ["amount"]
    with pytest.raises(ValidationError):
        built.read('{"amount":1,"idempotency_key":"mine"}')
    assert sorted(built.hidden) == ["context", "idempotency_key"]


def test_an_optional_context_is_ours_too() -> None:
    @tool
    def look(context: ToolContext | None = None) -> None: ...

    assert [*look.build().hidden] == ["context"]


def test_asking_for_the_key_makes_a_tool_repeatable() -> None:
    @tool(writes=True)
    def keyed(idempotency_key: str) -> None: ...

    @tool(writes=True)
    def plain() -> None: ...

    @tool(writes=True, idempotent=True)
    def declared(context: ToolContext) -> None: ...

    found = [one.build().rules.idempotent for one in (keyed, plain, declared)]
    assert found == [True, False, True]


def test_settings_of_a_tool_are_kept() -> None:
    @tool(name="other-name", writes=True, needs_identity=True, timeout_seconds=3)
    async def mine() -> None: ...

    built = mine.build()
    assert built.name == "other-name"
    assert built.rules == ToolRules(writes=True, needs_identity=True, timeout_seconds=3)


def _declarations() -> Iterator[tuple[str, Callable[[], Any], str]]:  # noqa: C901 - a list
    def untyped(x) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001 - that is the fault
    def many(*x: int) -> None: ...
    def more(**x: int) -> None: ...
    def placed(x: int, /) -> None: ...
    def strange(x: Lock) -> None: ...
    def calling(x: Callable[[], int]) -> None: ...
    def endless(x: Chain) -> None: ...
    def handoff() -> None: ...
    def missing(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821 - the fault
    def steps() -> Iterator[int]:
        yield 1

    yield "untyped", tool(untyped).build, "'x' has no type"
    yield "args", tool(many).build, "name every parameter"
    yield "kwargs", tool(more).build, "name every parameter"
    yield "positional", tool(placed).build, "name every parameter"
    yield "callable", tool(calling).build, "cannot be described"
    yield "unsupported", tool(strange).build, "cannot be described"
    yield "recursive", tool(endless).build, "Chain contains itself"
    yield "reserved", tool(handoff).build, "kept for giving a ticket"
    yield "unknown type", tool(missing).build, "Nowhere"
    yield "generator", tool(steps).build, "one result"
    yield "name", tool(name="no spaces")(handoff).build, "cannot be a tool's name"
    yield "long name", tool(name="x" * 65)(handoff).build, "cannot be a tool's name"
    yield "timeout", tool(name="x", timeout_seconds=0)(handoff).build, "more than 0"


@pytest.mark.parametrize(
    ("build", "said"), [pytest.param(b, s, id=name) for name, b, s in _declarations()]
)
def test_what_cannot_be_offered_is_refused_at_its_line(build: Callable[[], Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        build()
    assert refused.value.path == HERE
    line = HERE.read_text(encoding="utf-8").splitlines()[(refused.value.line or 0) - 1]
    assert line.strip().startswith("def ")


SCHEMA = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "n": {"type": "integer"}, "any": {}},
    "required": ["id"],
}


def from_schema(**changes: Any) -> Tool:
    spec = ToolSpec("look", "Look.", {**SCHEMA, **changes})
    return tool_from_schema(spec, lambda **given: given)


def test_a_schema_is_offered_as_it_is() -> None:
    assert from_schema().spec.parameters == SCHEMA


def test_arguments_are_checked_against_a_schema() -> None:
    read = from_schema().read
    assert read('{"id":"a"}') == {"id": "a"}
    assert read('{"id":"a","n":1,"any":[1]}') == {"id": "a", "n": 1, "any": [1]}
    for wrong in ("{}", '{"id":1}', '{"id":"a","n":"1"}', "[]", "{"):
        with pytest.raises(ValidationError):
            read(wrong)


def test_an_open_schema_lets_more_through_and_a_closed_one_does_not() -> None:
    assert from_schema().read('{"id":"a","more":1}') == {"id": "a", "more": 1}
    with pytest.raises(ValidationError):
        from_schema(additionalProperties=False).read('{"id":"a","more":1}')


def test_authors_find_the_names_in_the_package() -> None:
    assert supportbot.tool is tool
    assert supportbot.tool_from_schema is tool_from_schema
    assert supportbot.ToolContext is ToolContext
    assert issubclass(supportbot.ToolError, Exception)
