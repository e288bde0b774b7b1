from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from supportbot.completions.attempts import Calling
from supportbot.completions.breaker import Breaker, BreakerRules, BreakerState
from supportbot.completions.chain import Chain, Link
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    AttemptFailed,
    ChatMessage,
    Completion,
    CompletionEvent,
    FinishReason,
    Passage,
    Prompt,
    TextDelta,
)
from supportbot.model.message import Role
from supportbot.store.spending import Spent, cost

PASSAGE = Passage("k", "Opening", "We open at nine.", None, "v")
PROMPT = Prompt((ChatMessage(Role.USER, "When?"),), passages=(PASSAGE,))
BARE = Prompt((ChatMessage(Role.USER, "When?"),))
RULES = BreakerRules(failures=2, window_seconds=60, open_seconds=0.05, standing_seconds=60)


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


def failure(kind: str, *, permanent: bool = False) -> CompletionError:
    return CompletionError(kind, f"it said {kind}", permanent=permanent)


@dataclass
class Endpoint:
    """Gives out its script: tries that fail, after a text or not, up to the text it answers."""

    model: str
    script: Sequence[str | CompletionError]
    endpoint: str = "http://e/v1"
    asked: int = 0
    closed: bool = False
    #: Set by a test that wants a call to hang.
    hangs: asyncio.Event | None = field(default=None)

    async def complete(self, prompt: Prompt) -> AsyncGenerator[CompletionEvent, None]:
        self.asked += 1
        if self.hangs is not None:
            await self.hangs.wait()
        for n, step in enumerate(self.script, start=1):
            if isinstance(step, str):
                yield TextDelta(step)
                if n == len(self.script):
                    yield self.completion(step, None)
                continue
            yield AttemptFailed(self.completion("", step.kind))
            if n == len(self.script):
                raise step

    def completion(self, text: str, kind: str | None) -> Completion:
        finish = None if kind else FinishReason.STOP
        return Completion(
            self.model, self.endpoint, text, finish, now(), 0, error_kind=kind, tokens_estimated=50
        )

    async def aclose(self) -> None:
        self.closed = True


def linked(endpoint: Endpoint, context_tokens: int | None = None) -> Link:
    return Link(endpoint, Breaker(RULES), context_tokens)


def chain(
    *endpoints: Endpoint, larger: Link | None = None, quoting: Endpoint | None = None
) -> Chain:
    links = [linked(endpoint) for endpoint in endpoints]
    return Chain(links, Calling(now), larger=larger, quoting=quoting)


async def heard(
    asked: Chain, prompt: Prompt = PROMPT
) -> tuple[list[CompletionEvent], CompletionError | None]:
    events: list[CompletionEvent] = []
    try:
        async with aclosing(asked.complete(prompt)) as stream:
            async for event in stream:
                events.append(event)  # noqa: PERF401 - what came before an error counts
    except CompletionError as error:
        return events, error
    return events, None


def told(events: list[CompletionEvent]) -> list[tuple[str, int, str | None]]:
    """Return model, number and failure of each attempt."""
    completions = [
        event.completion if isinstance(event, AttemptFailed) else event
        for event in events
        if not isinstance(event, TextDelta)
    ]
    return [(one.model, one.attempt, one.error_kind) for one in completions]


async def test_chain_is_named_after_its_first_endpoint() -> None:
    made = chain(Endpoint("a", ["x"], "http://a"), Endpoint("b", ["x"], "http://b"))
    assert (made.model, made.endpoint) == ("a", "http://a")


async def test_next_endpoint_is_asked_and_attempts_are_numbered_on() -> None:
    down = failure("server")
    events, error = await heard(chain(Endpoint("a", [down, down]), Endpoint("b", ["Hi."])))
    assert error is None
    assert told(events) == [("a", 1, "server"), ("a", 2, "server"), ("b", 3, None)]


async def test_last_failure_is_raised_where_nobody_answers() -> None:
    made = chain(
        Endpoint("a", [failure("server")]), Endpoint("b", [failure("quota", permanent=True)])
    )
    events, error = await heard(made)
    assert error is not None
    assert (error.kind, error.permanent) == ("quota", True)
    assert told(events) == [("a", 1, "server"), ("b", 2, "quota")]


async def test_nobody_else_is_asked_once_text_was_given_out() -> None:
    other, quoting = Endpoint("b", ["Hi."]), Endpoint("kb", ["Quote."])
    made = chain(Endpoint("a", ["Hal", failure("connection")]), other, quoting=quoting)
    events, error = await heard(made)
    assert error is not None
    assert error.kind == "connection"
    assert events[0] == TextDelta("Hal")
    assert (other.asked, quoting.asked) == (0, 0)


async def test_content_filter_is_not_asked_around() -> None:
    other, quoting = Endpoint("b", ["Hi."]), Endpoint("kb", ["Quote."])
    made = chain(Endpoint("a", [failure("content_filter", permanent=True)]), other, quoting=quoting)
    _, error = await heard(made)
    assert error is not None
    assert (error.kind, other.asked, quoting.asked) == ("content_filter", 0, 0)


async def test_overflow_goes_to_the_larger_model_only() -> None:
    other, larger = Endpoint("b", ["Hi."]), Endpoint("big", ["Long."])
    overflow = failure("context_length", permanent=True)
    events, error = await heard(chain(Endpoint("a", [overflow]), other, larger=linked(larger)))
    assert error is None
    assert told(events) == [("a", 1, "context_length"), ("big", 2, None)]
    assert other.asked == 0


async def test_larger_model_is_for_overflow_only() -> None:
    larger = Endpoint("big", ["Long."])
    _, error = await heard(chain(Endpoint("a", [failure("server")]), larger=linked(larger)))
    assert error is not None
    assert larger.asked == 0


async def test_overflow_that_no_window_holds_is_the_callers_to_shorten() -> None:
    larger, quoting = Endpoint("big", ["Long."]), Endpoint("kb", ["Quote."])
    overflow = failure("context_length", permanent=True)
    made = chain(Endpoint("a", [overflow]), larger=linked(larger, 49), quoting=quoting)
    _, error = await heard(made)
    assert error is not None
    assert (error.kind, larger.asked, quoting.asked) == ("context_length", 0, 0)


async def test_passages_are_quoted_where_no_model_answers() -> None:
    quoting = Endpoint("kb", ["Quote."], "embedded")
    events, error = await heard(chain(Endpoint("a", [failure("server")]), quoting=quoting))
    assert error is None
    assert told(events) == [("a", 1, "server"), ("kb", 2, None)]


async def test_nothing_is_quoted_where_no_passage_was_given() -> None:
    quoting = Endpoint("kb", ["Quote."])
    _, error = await heard(chain(Endpoint("a", [failure("server")]), quoting=quoting), BARE)
    assert error is not None
    assert quoting.asked == 0


async def test_endpoint_that_keeps_failing_is_left_alone_and_the_record_says_so() -> None:
    first = Endpoint("a", [failure("server")])
    made = chain(first, Endpoint("b", ["Hi."]))
    for _ in range(2):
        await heard(made)
    events, _ = await heard(made)
    assert first.asked == 2
    assert told(events) == [("a", 1, "breaker_open"), ("b", 2, None)]
    (skipped, *_) = events
    assert isinstance(skipped, AttemptFailed)
    assert cost(skipped.completion) == Spent()
    assert made.breakers == {
        "a at http://e/v1": BreakerState.OPEN,
        "b at http://e/v1": BreakerState.CLOSED,
    }


async def test_a_larger_model_is_still_judged_by_the_prompt_that_was_too_long() -> None:
    """An endpoint that is left alone has no estimate of its own."""
    overflow = failure("context_length", permanent=True)
    larger = Endpoint("big", ["Long."])
    down = Endpoint("a", [failure("authentication", permanent=True)])
    made = chain(down, Endpoint("b", [overflow]), larger=linked(larger, 49))
    for _ in range(2):
        _, error = await heard(made)
        assert error is not None
        assert error.kind == "context_length"
    assert (down.asked, larger.asked) == (1, 0)


async def test_a_breaker_that_opens_and_closes_is_said_once_each() -> None:
    first = Endpoint("a", [failure("quota", permanent=True)])
    made = Chain([Link(first, Breaker(replace(RULES, standing_seconds=0.05)))], Calling(now))
    with capture_logs() as logs:
        for _ in range(3):
            await heard(made)
        await asyncio.sleep(0.06)
        await heard(made)  # the probe fails too: it is the same outage
        await asyncio.sleep(0.06)
        first.script = ["Hi."]
        for _ in range(3):
            await heard(made)
    where = {"model": "a", "endpoint": "http://e/v1"}
    opened, closed = logs
    assert opened == {
        **where,
        "event": "model_left_alone",
        "log_level": "warning",
        "kind": "quota",
        "seconds": 0,
        "look_at": "The account has no credit left.",
    }
    assert closed == {**where, "event": "model_asked_again", "log_level": "info"}


async def test_call_stops_trying_once_its_breaker_opens() -> None:
    first = Endpoint("a", [failure("server")] * 5)
    events, _ = await heard(chain(first, Endpoint("b", ["Hi."])))
    assert told(events) == [("a", 1, "server"), ("a", 2, "server"), ("b", 3, None)]


async def test_open_everywhere_is_an_error_of_its_own() -> None:
    made = chain(Endpoint("a", [failure("authentication", permanent=True)]))
    await heard(made)
    events, error = await heard(made)
    assert error is not None
    assert (error.kind, error.permanent) == ("breaker_open", False)
    assert told(events) == [("a", 1, "breaker_open")]
    since = f"{now():%Y-%m-%d %H:%M}"
    assert error.why == (
        f"The model is left alone since {since} UTC (last error authentication) "
        "and asked again from time to time. Check OPENAI_API_KEY."
    )


async def test_endpoint_is_asked_again_after_its_rest() -> None:
    first = Endpoint("a", [failure("server")])
    made = chain(first)
    for _ in range(2):
        await heard(made)
    first.script = ["Hi."]
    await asyncio.sleep(RULES.open_seconds)
    events, _ = await heard(made)
    assert told(events) == [("a", 1, None)]
    assert set(made.breakers.values()) == {BreakerState.CLOSED}


async def test_an_answer_counts_for_whoever_reads_no_further() -> None:
    """The orchestrator stops at the completion: the breaker must have heard of it by then."""
    breaker = Breaker(RULES)
    for _ in range(RULES.failures):
        breaker.failed("server", asyncio.get_running_loop().time())
    await asyncio.sleep(RULES.open_seconds * 1.2)
    chain = Chain([Link(Endpoint("m", ["fine"]), breaker)], Calling(now))
    async with aclosing(chain.complete(BARE)) as events:
        async for event in events:
            if isinstance(event, Completion):
                break
    assert breaker.state(asyncio.get_running_loop().time()) is BreakerState.CLOSED


async def test_probe_that_is_cancelled_makes_room_for_another() -> None:
    first = Endpoint("a", [failure("server")])
    made = chain(first)
    for _ in range(2):
        await heard(made)
    await asyncio.sleep(RULES.open_seconds)
    first.hangs = asyncio.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await heard(made)
    first.hangs, first.script = None, ["Hi."]
    events, error = await heard(made)
    assert error is None
    assert told(events) == [("a", 1, None)]


async def test_two_links_of_one_name_are_both_listed() -> None:
    made = chain(Endpoint("a", ["x"]), Endpoint("a", ["x"]))
    assert list(made.breakers) == ["a at http://e/v1", "a at http://e/v1 (2)"]


async def test_everything_is_closed_with_it() -> None:
    parts = [Endpoint(name, ["x"]) for name in ("a", "b", "big", "kb")]
    first, second, larger, quoting = parts
    await chain(first, second, larger=linked(larger), quoting=quoting).aclose()
    assert all(part.closed for part in parts)
