"""The contract of a review rule, and what it is shown. Entry points: `supportbot.review_rules`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from supportbot.model.catalog import Mode
from supportbot.model.completion import Completion, Prompt
from supportbot.model.policy import CompiledPolicy, DraftReply, Handoff


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer under review."""

    policy: CompiledPolicy
    #: The mode in force; never looser than the policy's own.
    mode: Mode
    prompt: Prompt
    completion: Completion
    #: Names of the tools whose results of this turn the model read.
    tools: tuple[str, ...] = ()


class ReviewRule(Protocol):
    """One thing to look for in an answer before it may leave."""

    @property
    def name(self) -> str:
        """Name it by what was found, such as `citation_missing`; recorded with the decision."""

    @property
    def description(self) -> str:
        """Say in one line what is done about it; shown to operators."""

    def check(self, answer: Answer) -> Handoff | DraftReply | None:
        """Return None to let it pass, else what shall happen. Pure and quick.

        A `DraftReply` lets an operator look first; a `Handoff` gives the ticket to a person. Its
        note, where it has one, is told to the customer in auto mode only; without one the canned
        text is. It judges whole answers: where a package brings a rule, no answer grows in sight.
        """
