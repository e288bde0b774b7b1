"""Which completer a configuration means. Vendors load here, not before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from supportbot.completions.base import Completer
from supportbot.completions.wire import Wire
from supportbot.errors import ConfigError
from supportbot.model.time import Clock

#: Sent to servers that want no key; the SDK insists on one.
NO_KEY = "not-needed"


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

    @property
    def is_embedded(self) -> bool:
        """True where neither a key nor a base URL is given: kb-extractive answers."""
        return not self.api_key and not self.base_url


def build_completer(choice: ModelChoice, *, clock: Clock) -> Completer:
    """Build the completer of a configuration. Neither key nor base URL means kb-extractive.

    Raises:
        ConfigError: the model's name is missing, or the base URL is none.
    """
    if choice.is_embedded:
        from supportbot.completions.embedded import embedded_completer

        return embedded_completer(clock=clock)
    if not choice.name:
        raise ConfigError(
            "`[model] name` is missing: a key or a base URL is set, so name the model to ask"
        )
    if choice.base_url and not choice.base_url.startswith(("http://", "https://")):
        raise ConfigError(
            "`[model] base_url` must begin with http:// or https://, such as "
            "http://127.0.0.1:11434/v1"
        )
    from supportbot.completions.openai import OpenAICompleter, Retrying

    wire = Wire(
        model=choice.name,
        system_role=choice.system_role,
        limit_name=choice.limit_name,
        stream_usage=choice.stream_usage,
        max_output_tokens=choice.max_output_tokens,
    )
    return OpenAICompleter(
        wire,
        api_key=choice.api_key or NO_KEY,
        base_url=choice.base_url,
        clock=clock,
        retrying=Retrying(attempts=choice.attempts),
    )
