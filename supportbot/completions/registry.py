"""Which completer a configuration means. Vendors load here, not before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from supportbot.completions.base import Completer
from supportbot.completions.prices import PRICES, PriceTable
from supportbot.completions.tokens import RememberingCounter, TokenCounter
from supportbot.completions.wire import Wire
from supportbot.errors import ConfigError
from supportbot.model.time import Clock

#: Sent to servers that want no key; the SDK insists on one.
NO_KEY = "not-needed"


@dataclass(frozen=True, slots=True)
class ModelAt:
    """A model somewhere else than the first one; without a base URL it is at the first one's."""

    name: str
    base_url: str | None = None
    #: None: the first model's, where this one is at the same place; else none is sent.
    api_key: str | None = None
    #: What a request may hold; None: not known.
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """How much one process asks at once; see `gate`."""

    starts: int = 100
    queued: int = 1000
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    silence_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What the configuration says about the model; all of it may be missing."""

    name: str | None = None
    base_url: str | None = None
    api_key: str | None = None
    system_role: Literal["system", "developer"] = "system"
    max_output_tokens: int | None = None
    stream_usage: bool = True
    attempts: int = 3
    limit_name: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    #: Asked in this order when the first one fails.
    fallbacks: tuple[ModelAt, ...] = ()
    #: Asked when a prompt was too long.
    larger: ModelAt | None = None
    #: Whether kb-extractive quotes when nobody answers.
    quotes: bool = True
    load: Load = field(default_factory=Load)
    prices: PriceTable = PRICES

    @property
    def is_embedded(self) -> bool:
        """True where neither a key nor a base URL is given: kb-extractive answers."""
        return not self.api_key and not self.base_url

    def wire(self, model: str) -> Wire:
        """Say how a model is spoken to."""
        return Wire(
            model=model,
            system_role=self.system_role,
            limit_name=self.limit_name,
            stream_usage=self.stream_usage,
            max_output_tokens=self.max_output_tokens,
        )


def build_completer(
    choice: ModelChoice, *, clock: Clock, count: TokenCounter | None = None
) -> Completer:
    """Build the completer of one configuration; see `build_completers`."""
    (completer,) = build_completers([choice], clock=clock, count=count)
    return completer


def build_completers(
    choices: Sequence[ModelChoice], *, clock: Clock, count: TokenCounter | None = None
) -> list[Completer]:
    """Build a completer of each configuration, a `Chain`; those of one key share its budget.

    Neither key nor base URL means kb-extractive alone. `count` estimates prompts, uncalibrated; one
    that remembers and is shared with whoever composes them counts each text once.

    Raises:
        ConfigError: a model's name is missing, or a base URL is none.
    """
    for choice in choices:
        _check(choice)
    from supportbot.completions.building import build_all

    return build_all(choices, clock=clock, count=count or RememberingCounter())


def _check(choice: ModelChoice) -> None:
    if choice.is_embedded:
        return
    if not choice.name:
        raise ConfigError(
            "`[model] name` is missing: a key or a base URL is set, so name the model to ask"
        )
    if choice.base_url and not choice.base_url.startswith(("http://", "https://")):
        raise ConfigError(
            "`[model] base_url` must begin with http:// or https://, such as "
            "http://127.0.0.1:11434/v1"
        )
