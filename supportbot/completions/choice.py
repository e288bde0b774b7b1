"""What a configuration says about models; plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from supportbot.completions.prices import PRICES, PriceTable
from supportbot.completions.wire import Wire

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
    #: Whether it can be shown pictures.
    sees: bool = False


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
    #: Whether the first model can be shown pictures.
    sees: bool = False

    @property
    def is_embedded(self) -> bool:
        """True where neither a key nor a base URL is given: kb-extractive answers."""
        return not self.api_key and not self.base_url

    def wire(self, model: ModelAt) -> Wire:
        """Say how a model is spoken to."""
        return Wire(
            model=model.name,
            sees=model.sees,
            system_role=self.system_role,
            limit_name=self.limit_name,
            stream_usage=self.stream_usage,
            max_output_tokens=self.max_output_tokens,
        )
