"""A completer that says what a script says: for tests, shows and replays. It asks nobody."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from supportbot.completions.characters import whole_characters
from supportbot.completions.stream import made_call
from supportbot.errors import CompletionError
from supportbot.model.completion import (
    AttemptFailed,
    Completion,
    CompletionEvent,
    FinishReason,
    Prompt,
    TextDelta,
    ToolCall,
    Usage,
)
from supportbot.model.time import Clock


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the script."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    #: None: `tool_calls` where there are calls, else `stop`.
    finish_reason: FinishReason | None = None
    usage: Usage = field(default_factory=Usage)
    delay_seconds: float = 0.0
    #: The answer waits until this is set.
    gate: asyncio.Event | None = None
    #: The text was given out, and the end waits until this is set.
    end_gate: asyncio.Event | None = None
    #: Raised instead of the end, after `text` was given out.
    error: CompletionError | None = None


#: What a script gives for a prompt; a text is a whole answer.
Scripted = Turn | str


class ScriptedCompleter:
    """Answers from a list, one turn a call, or from a function of the prompt."""

    def __init__(
        self,
        script: Iterable[Scripted] | Callable[[Prompt], Scripted],
        *,
        clock: Clock,
        model: str = "scripted",
        endpoint: str = "scripted",
    ) -> None:
        self.model = model
        self.endpoint = endpoint
        #: Every prompt that was asked, the oldest first.
        self.prompts: list[Prompt] = []
        self._clock = clock
        self._next: Callable[[Prompt], Scripted] = (
            script if callable(script) else _from_list(iter(script))
        )

    async def complete(self, prompt: Prompt) -> AsyncGenerator[CompletionEvent, None]:
        """Play the next turn; see `Completer.complete`. Text comes word by word.

        Raises:
            CompletionError: the turn says so, or the script is over (`script_over`).
        """
        self.prompts.append(prompt)
        started_at = self._clock()
        scripted = self._next(prompt)
        turn = _whole(Turn(scripted) if isinstance(scripted, str) else scripted)
        blank = Completion(
            model=self.model,
            endpoint=self.endpoint,
            text=turn.text,
            finish_reason=None,
            started_at=started_at,
            latency_ms=0,
            usage=turn.usage,
        )
        await asyncio.sleep(turn.delay_seconds)
        if turn.gate is not None:
            await turn.gate.wait()
        for word in re.findall(r"\S*\s*", turn.text):
            if word:
                yield TextDelta(word)
        if turn.end_gate is not None:
            await turn.end_gate.wait()
        latency_ms = int((self._clock() - started_at).total_seconds() * 1000)
        if turn.error is not None:
            yield AttemptFailed(replace(blank, latency_ms=latency_ms, error_kind=turn.error.kind))
            raise turn.error
        finish = FinishReason.TOOL_CALLS if turn.tool_calls else FinishReason.STOP
        yield replace(
            blank,
            finish_reason=turn.finish_reason or finish,
            latency_ms=latency_ms,
            tool_calls=turn.tool_calls,
        )

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""


def _whole(turn: Turn) -> Turn:
    """Return a turn as a server's answer would be given on."""
    calls = (
        made_call(n, call.id, call.name, call.arguments) for n, call in enumerate(turn.tool_calls)
    )
    return replace(turn, text=whole_characters(turn.text), tool_calls=tuple(calls))


def _from_list(turns: Iterator[Scripted]) -> Callable[[Prompt], Scripted]:
    def following(_prompt: Prompt) -> Scripted:
        for turn in turns:
            return turn
        over = CompletionError("script_over", "The script has no further turn.", permanent=True)
        return Turn(error=over)

    return following
