"""Which completer a configuration means. Vendors load here, not before."""

from __future__ import annotations

from collections.abc import Sequence

from supportbot.completions.base import Completer
from supportbot.completions.choice import ModelChoice
from supportbot.completions.tokens import RememberingCounter, TokenCounter
from supportbot.errors import ConfigError
from supportbot.model.time import Clock


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
