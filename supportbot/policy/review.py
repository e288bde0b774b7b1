"""What becomes of an answer: named rules are asked in order, the first that hits decides.

A decision never lets a word of the model leave in a mode other than auto, nor a word that holds
a never-phrase in any mode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from supportbot.model.catalog import Mode
from supportbot.model.completion import FinishReason, ToolCall
from supportbot.model.handoff import HANDOFF_TOOL, HandoffRequest, parse_handoff
from supportbot.model.policy import Decision, DraftReply, Handoff, HandoffReason, Reply
from supportbot.policy.base import Answer, ReviewRule
from supportbot.policy.phrases import found_phrase, plain
from supportbot.policy.sources import with_sources

#: Told to the customer where neither the model nor the policy (`canned: {handoff: ...}`) has words.
HANDOFF_NOTE = (
    "I am passing this on to a colleague, who will answer you here. You don't need to write again."
)

_SHOWN_CHARACTERS = 1_000
#: Why the model asked for a person, in words that are ours.
_ASKED_BECAUSE: Mapping[HandoffReason, str] = {
    HandoffReason.ASKED: "The customer wants a person, as the model understood them.",
    HandoffReason.POLICY: "A rule requires a person; the model did not name it.",
    HandoffReason.LOW_CONFIDENCE: "Neither rules nor knowledge nor tools gave the model an answer.",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A review rule made of a function."""

    name: str
    description: str
    check: Callable[[Answer], Handoff | DraftReply | None]


def review(answer: Answer, rules: Sequence[ReviewRule] | None = None) -> Decision:
    """Decide on an answer. `rules` default to `RULES`; a plugin's stand after them.

    Raises:
        ValueError: the mode is off: nothing should have been asked.
    """
    mode = answer.mode.tightened(answer.policy.mode)
    if mode is Mode.OFF:
        raise ValueError(f"product {answer.policy.product} is off; its tickets have no answers")
    for rule in RULES if rules is None else rules:
        if found := rule.check(answer):
            return _in_mode(replace(found, rules=(rule.name,)), mode, answer)
    said = with_sources(answer.completion.text, answer)
    if mode is Mode.AUTO:
        return Reply(said, tools=answer.tools)
    return DraftReply(said, shadow=mode is Mode.SHADOW, tools=answer.tools)


def _in_mode(found: Handoff | DraftReply, mode: Mode, answer: Answer) -> Decision:
    if isinstance(found, DraftReply):
        return replace(found, shadow=mode is Mode.SHADOW, tools=answer.tools)
    if mode is Mode.SHADOW:
        return replace(found, note=None)
    canned = answer.policy.canned.get("handoff", HANDOFF_NOTE)
    if found.reason is HandoffReason.LOW_CONFIDENCE:
        canned = answer.policy.canned.get("not_found", canned)
    said = found.note if mode is Mode.AUTO else None
    if said and found_phrase(said, answer.policy.never):
        said = None
    return replace(found, note=with_sources(said, answer) if said else canned)


def _handoff_requested(answer: Answer) -> Handoff | None:
    call = _call(answer, offered=True)
    if call is None:
        return None
    asked = parse_handoff(call.arguments)
    return Handoff(
        asked.reason,
        note=asked.message or None,
        summary=_why_asked(asked),
        asked=asked.summary[:_SHOWN_CHARACTERS],
        missing=asked.missing[:_SHOWN_CHARACTERS],
    )


def _why_asked(asked: HandoffRequest) -> str:
    if asked.reason is HandoffReason.POLICY and asked.rule:
        return f"A rule requires a person: {asked.rule[:_SHOWN_CHARACTERS]}"
    return _ASKED_BECAUSE[asked.reason]


def _unknown_tool(answer: Answer) -> Handoff | None:
    call = _call(answer, offered=False)
    if call is None:
        return None
    return Handoff(
        HandoffReason.ERROR, summary=f"The model called {call.name!r}, which it was not offered."
    )


def _call(answer: Answer, *, offered: bool) -> ToolCall | None:
    handoff = {tool.name for tool in answer.prompt.tools} & {HANDOFF_TOOL}
    calls = answer.completion.tool_calls
    return next((call for call in calls if (call.name in handoff) is offered), None)


def _refused(answer: Answer) -> Handoff | None:
    if answer.completion.finish_reason is not FinishReason.CONTENT_FILTER:
        return None
    return Handoff(HandoffReason.POLICY, summary="The model or its content filter refused.")


def _truncated(answer: Answer) -> Handoff | None:
    if answer.completion.finish_reason is not FinishReason.LENGTH:
        return None
    return Handoff(HandoffReason.LIMIT, summary=_with_text("The answer was cut off", answer))


def _empty(answer: Answer) -> Handoff | None:
    if answer.completion.text.strip():
        return None
    return Handoff(HandoffReason.ERROR, summary="The model answered with nothing.")


def _never_phrase(answer: Answer) -> Handoff | None:
    phrase = found_phrase(answer.completion.text, answer.policy.never)
    if phrase is None:
        return None
    return Handoff(
        HandoffReason.POLICY,
        summary=_with_text(f"The answer holds {phrase!r}, which must never be said", answer),
    )


def _citation_missing(answer: Answer) -> Handoff | None:
    # What a tool gave back in this turn is a source too, and has no title that could be named.
    if not answer.policy.cite_required or answer.tools:
        return None
    text = plain(answer.completion.text)
    for passage in answer.prompt.passages:
        if any(name and plain(name) in text for name in (passage.url, passage.title)):
            return None
    return Handoff(
        HandoffReason.LOW_CONFIDENCE,
        summary=_with_text("The answer names no passage it was given and rests on no tool", answer),
    )


def _with_text(said: str, answer: Answer) -> str:
    return f"{said}: {answer.completion.text[:_SHOWN_CHARACTERS]}"


#: In this order; the first that hits decides.
RULES: tuple[Rule, ...] = (
    Rule("handoff_requested", "The model asked for a person: hand over.", _handoff_requested),
    Rule("unknown_tool", "A tool was called that is not offered: hand over.", _unknown_tool),
    Rule("refused", "Refused by the model or a content filter: hand over.", _refused),
    Rule("truncated", "Cut off at the token limit: hand over.", _truncated),
    Rule("empty_answer", "Nothing was said: hand over.", _empty),
    Rule("never_phrase", "A phrase of `never` was said: hand over.", _never_phrase),
    Rule(
        "citation_missing",
        "A source is required, but no passage is named and no tool gave a result: hand over.",
        _citation_missing,
    ),
)
