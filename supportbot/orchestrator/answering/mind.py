"""What turns are answered with: models, knowledge, tools, rules, and what they may cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from supportbot.completions.base import Completer
from supportbot.completions.prices import PriceTable
from supportbot.completions.tokens import Calibration
from supportbot.knowledge.base import Retriever
from supportbot.model.completion import ToolSpec
from supportbot.orchestrator.answering.budgets import Plan, Step
from supportbot.orchestrator.answering.files import SharedFiles
from supportbot.orchestrator.answering.tool_rounds import ToolRounds
from supportbot.orchestrator.answering.turn import Calls, Turn
from supportbot.policy.base import ReviewRule
from supportbot.policy.compose import Window
from supportbot.tools.handoff import handoff_tool

#: A short history is a window of this share.
_SHORT = 1 / 3


@dataclass(frozen=True, slots=True)
class Mind:
    """Everything that has a say in an answer."""

    completer: Completer
    retriever: Retriever
    rounds: ToolRounds
    window: Window
    review_rules: Sequence[ReviewRule]
    prices: PriceTable
    calibration: Calibration
    files: SharedFiles
    #: Asked when a budget runs low; None: there is no cheaper one.
    cheaper: Completer | None = None

    def asked(self, plan: Plan) -> Completer:
        """Return the model to ask on a step of the ladder."""
        if self.cheaper is not None and plan.includes(Step.CHEAPER_MODEL):
            return self.cheaper
        return self.completer

    def window_of(self, plan: Plan) -> Window:
        """Return the room for a prompt on a step of the ladder."""
        if not plan.includes(Step.SHORT_HISTORY):
            return self.window
        return replace(self.window, budget_tokens=int(self.window.budget_tokens * _SHORT))

    def tools(self, turn: Turn, *, last_round: bool) -> tuple[ToolSpec, ...]:
        """Return what the model is offered; in the last round it can only answer or hand off."""
        if last_round:
            return (handoff_tool(),)
        return (handoff_tool(), *self.rounds.offered(turn.published.policy, turn.mode))

    def break_off(self, calls: Calls, kind: str, plan: Plan) -> None:
        """Note that the call under way was given up, with what it must have cost."""
        calls.break_off(kind, self.asked(plan), self.window.count, self.prices)
