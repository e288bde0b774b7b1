"""The chain of endpoints: who is asked next when a model fails. It is a completer itself.

    the first endpoint, with its own retries → the other endpoints in order
    → where the prompt was too long: the larger model, and nothing else
    → where there are passages to quote: kb-extractive
    → CompletionError, which hands off

Nothing is handed on once text was given out, nor what a content filter refused: another endpoint
is no way around it. What is too long even for the larger model is the caller's to shorten.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from supportbot.completions.attempts import Attempt, Calling
from supportbot.completions.base import Completer
from supportbot.completions.breaker import Breaker, BreakerRules, BreakerState, Trouble
from supportbot.completions.failures import BREAKER_OPEN, completion_error, cure, left_alone
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    AttemptFailed,
    Completion,
    CompletionEvent,
    Prompt,
    TextDelta,
)

_log = structlog.get_logger(__name__)
_OVERFLOW = "context_length"
_FILTERED = "content_filter"


@dataclass(frozen=True, slots=True)
class Link:
    """One endpoint of the chain."""

    completer: Completer
    breaker: Breaker
    #: Longest prompt worth asking it with; None: not known.
    context_tokens: int | None = None

    @property
    def label(self) -> str:
        """How it is shown: model and endpoint."""
        return f"{self.completer.model} at {self.completer.endpoint}"


class Chain:
    """Asks one endpoint after the other; `model` and `endpoint` are those of the first."""

    def __init__(
        self,
        links: Sequence[Link],
        calling: Calling,
        *,
        larger: Link | None = None,
        quoting: Completer | None = None,
    ) -> None:
        """Build a chain of at least one link; what it is made of is closed with it."""
        self.model = links[0].completer.model
        self.endpoint = links[0].completer.endpoint
        self._links = tuple(links)
        self._larger = larger
        self._quoting = Link(quoting, Breaker(BreakerRules())) if quoting else None
        self._calling = calling

    @property
    def breakers(self) -> Mapping[str, BreakerState]:
        """The state of each endpoint's breaker, for `/readyz` and metrics. Needs a running loop."""
        states: dict[str, BreakerState] = {}
        for n, link in enumerate((*self._links, *_one(self._larger)), start=1):
            label = link.label if link.label not in states else f"{link.label} ({n})"
            states[label] = link.breaker.state(_now())
        return states

    async def complete(self, prompt: Prompt) -> AsyncGenerator[CompletionEvent, None]:
        """Ask until somebody answers; see `Completer.complete`.

        Attempts are numbered across endpoints; each says who was asked. One that was left alone
        is told as a failed attempt of kind `breaker_open`, which cost nothing.
        """
        call = _Call()
        for link in self._route(prompt, call):
            async with aclosing(self._ask(link, prompt, call)) as events:
                async for event in events:
                    yield event
            if call.is_over:
                break
        if call.failure is None and not call.is_over:
            call.failure = self._left_alone()
        if call.failure is not None:
            raise call.failure

    async def aclose(self) -> None:
        """Close every endpoint."""
        for link in (*self._links, *_one(self._larger), *_one(self._quoting)):
            await link.completer.aclose()

    def _route(self, prompt: Prompt, call: _Call) -> Iterator[Link]:
        """Yield who is to be asked next; the failure so far decides."""
        for link in self._links:
            yield link
            if call.kind in (_OVERFLOW, _FILTERED):
                break
        if call.kind == _OVERFLOW and self._larger and call.fits(self._larger):
            yield self._larger
        if call.kind not in (_OVERFLOW, _FILTERED) and self._quoting and prompt.passages:
            yield self._quoting

    async def _ask(
        self, link: Link, prompt: Prompt, call: _Call
    ) -> AsyncGenerator[CompletionEvent, None]:
        with link.breaker.trial(_now()) as admitted:
            if not admitted:
                yield call.note(self._unasked(link))
                return
            try:
                async with aclosing(link.completer.complete(prompt)) as events:
                    async for event in events:
                        if isinstance(event, Completion):
                            _judge(link, event)  # nobody may come back for what follows an answer
                            yield call.note(event)
                        else:
                            yield call.note(event)
                            _judge(link, event)
            except CompletionError as error:
                call.failure = error

    def _unasked(self, link: Link) -> AttemptFailed:
        blank = Completion(
            model=link.completer.model,
            endpoint=link.completer.endpoint,
            text="",
            finish_reason=None,
            started_at=self._calling.clock(),
            latency_ms=0,
        )
        error = completion_error(BREAKER_OPEN, "It is left alone for a while.", permanent=False)
        return Attempt(self._calling, blank).failed(error)

    def _left_alone(self) -> CompletionError:
        """Make the error of a call for which nobody was asked; the first endpoint's tells why."""
        trouble = self._links[0].breaker.trouble or Trouble(BREAKER_OPEN, _now())
        ago = timedelta(seconds=round(_now() - trouble.since))
        return left_alone(trouble.kind, self._calling.clock() - ago)


def _judge(link: Link, event: CompletionEvent) -> None:
    """Let the breaker know, and say once that it opened and once that it closed.

    Raises:
        CompletionError: the call stops trying, for the endpoint is left alone now.
    """
    breaker = link.breaker
    model, endpoint = link.completer.model, link.completer.endpoint
    match event:
        case Completion():
            if breaker.succeeded():
                _log.info("model_asked_again", model=model, endpoint=endpoint)
        case AttemptFailed(completion):
            kind, now = completion.error_kind or "", _now()
            was_closed = breaker.state(now) is BreakerState.CLOSED
            gives_up = breaker.failed(kind, now)
            if was_closed and breaker.state(now) is not BreakerState.CLOSED:
                _log.warning(
                    "model_left_alone",
                    model=model,
                    endpoint=endpoint,
                    kind=kind,
                    seconds=round(breaker.rest_seconds(now)),
                    look_at=cure(kind),
                )
            if gives_up:
                raise completion_error(kind, "It is left alone for a while.", permanent=False)


@dataclass(slots=True)
class _Call:
    """How one call stands."""

    attempts: int = 0
    #: Text was given out, or the whole answer: nobody else is asked.
    is_over: bool = False
    failure: CompletionError | None = None
    estimate: int = 0

    @property
    def kind(self) -> str | None:
        """Why the newest endpoint failed."""
        return self.failure.kind if self.failure else None

    def fits(self, link: Link) -> bool:
        """Tell whether the prompt may fit where it is asked next."""
        return link.context_tokens is None or self.estimate <= link.context_tokens

    def note(self, event: CompletionEvent) -> CompletionEvent:
        """Note an event; number it among all attempts of the call."""
        match event:
            case TextDelta():
                self.is_over = True
                return event
            case AttemptFailed(completion):
                return AttemptFailed(self._numbered(completion))
            case Completion():
                self.is_over, self.failure = True, None
                return self._numbered(event)

    def _numbered(self, completion: Completion) -> Completion:
        self.attempts += 1
        self.estimate = completion.tokens_estimated or self.estimate
        return replace(completion, attempt=self.attempts)


def _one(link: Link | None) -> tuple[Link, ...]:
    return (link,) if link else ()


def _now() -> float:
    return asyncio.get_running_loop().time()
