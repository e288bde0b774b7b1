"""Building the completers of configurations: one connection for each place and key."""

from __future__ import annotations

from collections.abc import Sequence

from supportbot.completions.attempts import Calling, Retrying
from supportbot.completions.base import Completer
from supportbot.completions.breaker import Breaker, BreakerRules
from supportbot.completions.chain import Chain, Link
from supportbot.completions.choice import NO_KEY, Load, ModelAt, ModelChoice
from supportbot.completions.connection import Connection, Place, Pool
from supportbot.completions.embedded import embedded_completer
from supportbot.completions.gate import Rates, StartGate
from supportbot.completions.openai import OpenAICompleter
from supportbot.completions.tokens import TokenCounter
from supportbot.model.time import Clock


def build_all(
    choices: Sequence[ModelChoice], *, clock: Clock, count: TokenCounter
) -> list[Completer]:
    """Build a completer of each; nothing is connected before the first call."""
    places = _Places(choices[0].load)
    return [
        embedded_completer(clock=clock)
        if choice.is_embedded
        else _chain(choice, Calling(clock, _retrying(choice), count, choice.prices), places)
        for choice in choices
    ]


def _chain(choice: ModelChoice, calling: Calling, places: _Places) -> Chain:
    def link(model: ModelAt) -> Link:
        connection = places.connection(_place(model, choice))
        completer = OpenAICompleter(choice.wire(model), connection, calling)
        return Link(completer, Breaker(BreakerRules()), model.context_tokens)

    first = ModelAt(choice.name or "", sees=choice.sees)
    return Chain(
        [link(model) for model in (first, *choice.fallbacks)],
        calling,
        larger=link(choice.larger) if choice.larger else None,
        quoting=embedded_completer(clock=calling.clock) if choice.quotes else None,
    )


def _retrying(choice: ModelChoice) -> Retrying:
    return Retrying(attempts=choice.attempts)


def _place(model: ModelAt, choice: ModelChoice) -> Place:
    """Say where a model is; a key never goes to another place than the one it was given for."""
    if model.base_url in (None, choice.base_url):
        return Place(model.api_key or choice.api_key or NO_KEY, choice.base_url)
    return Place(model.api_key or NO_KEY, model.base_url)


class _Places:
    """The connections of a process, one for each base URL and key."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._gate = StartGate(load.starts, load.queued)
        self._open: dict[Place, Connection] = {}

    def connection(self, place: Place) -> Connection:
        """Return the connection of a place, a new one for a new place."""
        if place not in self._open:
            load = self._load
            self._open[place] = Connection(
                place,
                gate=self._gate,
                rates=Rates(load.requests_per_minute, load.tokens_per_minute, load.queued),
                http_client=Pool(silence_seconds=load.silence_seconds).client(),
            )
        return self._open[place]
