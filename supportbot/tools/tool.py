"""A tool: a function that a model may call, with all that is known about calling it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from supportbot.errors import ConfigError
from supportbot.model.completion import ToolSpec
from supportbot.model.handoff import HANDOFF_TOOL

#: What the chat completions API takes for a function's name.
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

#: Name of a parameter that is given the idempotency key instead of a value of the model's.
KEY_PARAMETER = "idempotency_key"


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a tool may know of the conversation it is called in. A model can neither see nor set it.

    A parameter of this type is filled in by supportbot.
    """

    #: Public id of the ticket.
    ticket: str
    product: str
    #: slack, email, web or console
    channel_kind: str
    #: The customer as the channel knows them: `T1:U1` in Slack, the address in email.
    customer: str
    #: True where it is certain who the customer is. Senders of mail can be forged.
    verified: bool
    #: The same for every repetition of one call, different for every other call.
    idempotency_key: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ToolRules:
    """How a tool is called."""

    #: It changes something outside: never run twice without an idempotency key.
    writes: bool = False
    #: Called again with the same idempotency key, it does not do its work a second time.
    idempotent: bool = False
    #: It is refused unless it is certain who the customer is.
    needs_identity: bool = False
    timeout_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A function as a model sees it, and how to call it."""

    spec: ToolSpec
    rules: ToolRules
    function: Callable[..., object]
    #: Turns the JSON a model wrote into arguments; raises pydantic's ValidationError.
    read: Callable[[str], dict[str, object]]
    #: Parameters that the model does not see, by name.
    hidden: Mapping[str, Callable[[ToolContext], object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.spec.name):
            raise misdeclared(
                self.function,
                f"{self.spec.name!r} cannot be a tool's name: use 1 to 64 of a-z A-Z 0-9 _ -",
            )
        if self.spec.name == HANDOFF_TOOL:
            raise misdeclared(
                self.function,
                f"the name {HANDOFF_TOOL!r} is kept for giving a ticket to a person",
            )
        if self.rules.timeout_seconds <= 0:
            raise misdeclared(self.function, "timeout_seconds must be more than 0")

    @property
    def name(self) -> str:
        """The name a model calls it by."""
        return self.spec.name


def misdeclared(function: Callable[..., object], message: str) -> ConfigError:
    """Describe what is wrong with a function, at the place where it stands."""
    plain: Any = inspect.unwrap(function)
    code = getattr(plain, "__code__", None)
    if code is None:
        return ConfigError(f"tool: {message}")
    return ConfigError(
        f"tool {plain.__name__}: {message}", path=Path(code.co_filename), line=code.co_firstlineno
    )
