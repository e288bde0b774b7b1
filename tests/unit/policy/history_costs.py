"""What a long thread costs: counts of one made-up conversation, the same in every run.

The prompts are those of the product at its default settings; the summaries are as long as a model
is asked for. `python -m tests.unit.policy.history_costs` prints the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from rich.console import Console
from rich.table import Table

from supportbot.completions.tokens import RememberingCounter, estimate_prompt
from supportbot.model.catalog import Mode
from supportbot.model.completion import Prompt
from supportbot.model.message import Message
from supportbot.model.policy import CompiledPolicy
from supportbot.model.summary import Summary
from supportbot.policy.compose import Fencing, Window, compose
from supportbot.policy.summarise import History, summary_of, summary_prompt, to_cover
from supportbot.store.answers import part
from supportbot.tools.handoff import handoff_tool
from tests.unit.policy import conversation

#: As `[model]` has them: 16,000 tokens of context, 1,000 of them for the answer.
BUDGET, OUTPUT, HISTORY = 15_000, 1_000, 800
#: The longest that a summary may be: 150 words.
NOTES = "The customer of order 2026-17 asked why the shop's checkout fails; was told to wait. " * 10
POLICY = CompiledPolicy(
    "shop", "Shop", Mode.AUTO, "Be kind, be exact, and promise nothing. " * 75, "0" * 64, "{}"
)
FENCING = Fencing("0123456789abcdef", {"channel": "email"})


@dataclass(frozen=True, slots=True)
class Answered:
    """One turn: its prompt, the same prompt with the whole history, and the calls it took."""

    prompt: Prompt
    whole: Prompt
    question: str
    calls: int


@dataclass(frozen=True, slots=True)
class Costs:
    """A conversation that was answered."""

    turns: list[Answered]
    summary_tokens: int
    count: Callable[[str], int]

    @property
    def calls_per_turn(self) -> float:
        return sum(turn.calls for turn in self.turns) / len(self.turns)

    def share(self, turn: Answered) -> float:
        """Input tokens of an answer, against those with the whole history."""
        return estimate_prompt(turn.prompt, self.count) / estimate_prompt(turn.whole, self.count)

    @property
    def total_share(self) -> float:
        """The same for all answers together, with what the summaries themselves cost."""
        spent = sum(estimate_prompt(turn.prompt, self.count) for turn in self.turns)
        whole = sum(estimate_prompt(turn.whole, self.count) for turn in self.turns)
        return (spent + self.summary_tokens) / whole

    @property
    def kept_prefixes(self) -> list[float]:
        """How much of each prompt, its passages aside, the next one begins with; in bytes."""
        return [
            _common(_lasting(before), _wire(after.prompt)) / len(_lasting(before))
            for before, after in pairwise(self.turns)
        ]

    @property
    def kept_with_passages(self) -> list[float]:
        """The same with the passages, which are found anew for every turn."""
        return [
            _common(_wire(before.prompt), _wire(after.prompt)) / len(_wire(before.prompt))
            for before, after in pairwise(self.turns)
        ]


def _wire(prompt: Prompt) -> bytes:
    """The tools, then the messages, as a model reads them."""
    tools = "\n".join(f"{tool.name} {tool.parameters}" for tool in prompt.tools)
    return "\n".join([tools, *map(part, prompt.messages)]).encode()


def _lasting(turn: Answered) -> bytes:
    """A prompt up to the end of its newest question."""
    wire, end = _wire(turn.prompt), turn.question.encode()
    return wire[: wire.rindex(end) + len(end)]


def _common(one: bytes, other: bytes) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def answered(turns: int) -> Costs:
    """Answer a conversation, summarising where it is due."""
    count = RememberingCounter()
    window = Window(BUDGET, count, OUTPUT)
    done: list[Answered] = []
    summary: Summary | None = None
    summaries = summary_tokens = 0
    for turn, thread in enumerate(conversation.asked(turns)):
        history = History(POLICY, thread, summary, FENCING)
        covered = to_cover(history, window, HISTORY, summaries)
        if covered:
            asked = summary_prompt(history, covered, window)
            summary_tokens += estimate_prompt(asked, count) + count(NOTES)
            summary = summary_of(covered, NOTES, window)
            summaries += 1
        done.append(
            Answered(
                prompt=_prompt(thread, turn, window, summary),
                whole=_prompt(thread, turn, Window(10**7, count, OUTPUT), None),
                question=thread[-1].text,
                calls=2 if covered else 1,
            )
        )
    return Costs(done, summary_tokens, count)


def _prompt(thread: list[Message], turn: int, window: Window, summary: Summary | None) -> Prompt:
    return compose(
        POLICY,
        thread,
        conversation.passages(turn),
        fencing=FENCING,
        window=window,
        tools=(handoff_tool(),),
        summary=summary,
    )


def table() -> Table:
    """Put the figures of several lengths side by side."""
    shown = Table(
        "turns",
        "input tokens",
        "whole history",
        "share",
        "all turns",
        "prefix kept",
        "with passages",
        "calls/turn",
    )
    for turns in (10, 20, 40, 60):
        costs = answered(turns)
        kept, strict, last = costs.kept_prefixes, costs.kept_with_passages, costs.turns[-1]
        shown.add_row(
            str(turns),
            str(estimate_prompt(last.prompt, costs.count)),
            str(estimate_prompt(last.whole, costs.count)),
            f"{costs.share(last):.2f}",
            f"{costs.total_share:.2f}",
            f"{fmean(kept):.3f}",
            f"{fmean(strict):.3f}",
            f"{costs.calls_per_turn:.2f}",
        )
    return shown


if __name__ == "__main__":
    Console().print(table())
