"""Counts what went wrong, from what customers see and from what the tables say. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.conversation import Conversation
from tests.chaos.ledger import Ledger


@dataclass(slots=True)
class Verdict:
    """Each list holds one line a finding."""

    questions: int = 0
    answers: int = 0
    #: Questions that no visible answer and no person covers.
    lost: list[str] = field(default_factory=list)
    #: Said twice, answered twice, or stored twice.
    duplicated: list[str] = field(default_factory=list)
    #: Answers that stand before the answer to an earlier question.
    disordered: list[str] = field(default_factory=list)
    #: Deliveries of which nobody can tell whether they arrived: shown, never repeated.
    uncertain: list[str] = field(default_factory=list)
    #: What is still owed, refused or failed although nothing was killed any more.
    unfinished: list[str] = field(default_factory=list)
    handed_over: int = 0
    #: What tools really did, and how often one of it was repeated under its own key.
    effects: int = 0
    repeated_by_key: int = 0

    @property
    def clean(self) -> bool:
        """True when every promise was kept."""
        return not (self.lost or self.duplicated or self.disordered or self.unfinished)


def judge(
    conversations: Sequence[Conversation], ledger: Ledger, effects: Sequence[str] = ()
) -> Verdict:
    """Count over all conversations; `effects` are the lines that tools left."""
    verdict = Verdict(
        questions=sum(one.asked for one in conversations),
        answers=sum(bool(heard.covers) for one in conversations for heard in one.heard),
        uncertain=[key for state, key in ledger.bad if state == "uncertain"],
        unfinished=_unfinished(ledger),
        handed_over=sum(one.name in ledger.handed for one in conversations),
    )
    ranks = {question: rank for rank, question in enumerate(ledger.stored)}
    for one in conversations:
        _judge_one(one, verdict, ranks, handed=one.name in ledger.handed)
    twice = [question for question, times in ledger.stored.items() if times > 1]
    verdict.duplicated += [f"{name} no {number} is stored twice" for name, number in twice]
    _judge_effects(effects, verdict)
    return verdict


def _judge_effects(effects: Sequence[str], verdict: Verdict) -> None:
    """A write is repeated only where a key tells that it is the same one."""
    verdict.effects = len(effects)
    calls = Counter(effects)
    again = {line: times for line, times in calls.items() if times > 1}
    verdict.repeated_by_key = sum(n - 1 for line, n in again.items() if line.startswith("book|"))
    verdict.duplicated += [
        f"{line} happened {times} times"
        for line, times in again.items()
        if line.startswith("post|")
    ]
    wanted = Counter(tuple(line.split("|")[::2]) for line in calls)
    verdict.duplicated += [
        f"{tool} for {question} happened under {keys} keys"
        for (tool, question), keys in wanted.items()
        if keys > 1
    ]


def _judge_one(
    one: Conversation, verdict: Verdict, ranks: Mapping[tuple[str, int], int], *, handed: bool
) -> None:
    """Judge one thread. Questions count in the order in which they arrived: Slack overtakes."""
    missing = set(range(1, one.asked + 1)) - one.covered - one.waived
    if not handed:
        verdict.lost += [f"{one.name} no {number}" for number in sorted(missing)]
    empty = sum(not heard.text.strip() for heard in one.heard)
    verdict.unfinished += [f"{one.name}: {empty} messages without words"] if empty else []
    if not handed:  # a person who takes over cuts an answer short
        verdict.unfinished += [
            f"{one.name}: the answer to {max(heard.covers)} is cut short"
            for heard in one.heard
            if heard.covers and not heard.whole and one.waived.isdisjoint(heard.covers)
        ]
    keys = Counter(heard.key for heard in one.heard)
    verdict.duplicated += [f"{one.name}: {key} stands twice" for key, n in keys.items() if n > 1]
    newest = [
        max(due, key=lambda number: ranks.get((one.name, number), -1))
        for heard in one.heard
        if (due := set(heard.covers) - one.waived)
    ]
    again = Counter(newest)
    verdict.duplicated += [
        f"{one.name} no {number} is answered {times} times"
        for number, times in again.items()
        if times > 1
    ]
    pairs = pairwise(newest)
    verdict.disordered += [
        f"{one.name}: the answer to {later} stands before that to {earlier}"
        for later, earlier in pairs
        if ranks.get((one.name, later), -1) > ranks.get((one.name, earlier), -1)
    ]


def _unfinished(ledger: Ledger) -> list[str]:
    left = {
        "inbound rows without an outcome": ledger.unread,
        "tickets that are owed an answer": ledger.owing,
        "deliveries that have not left": ledger.unsent,
    }
    found = [f"{count} {what}" for what, count in left.items() if count]
    return found + [f"delivery {key} failed" for state, key in ledger.bad if state == "failed"]
