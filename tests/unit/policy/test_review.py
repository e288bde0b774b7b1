from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.model.catalog import Mode
from supportbot.model.completion import (
    Completion,
    FinishReason,
    Passage,
    Prompt,
    ToolCall,
    ToolSpec,
)
from supportbot.model.handoff import HANDOFF_TOOL
from supportbot.model.policy import CompiledPolicy, DraftReply, Handoff, HandoffReason, Reply
from supportbot.policy.base import Answer
from supportbot.policy.review import HANDOFF_NOTE, RULES, Rule, review

MakePolicy = Callable[..., CompiledPolicy]

PASSAGE = Passage("help/a#0", "Returning an order", "Within 30 days.", "https://help/a", "v")
PROMPT = Prompt((), (PASSAGE,), (ToolSpec(HANDOFF_TOOL, "", {}),))
COMPLETION = Completion(
    "m", "e", "You can return it.", FinishReason.STOP, datetime(2026, 1, 1, tzinfo=UTC), 5
)


def answer(policy: CompiledPolicy, mode: Mode = Mode.AUTO, **changes: Any) -> Answer:
    return Answer(policy, mode, PROMPT, replace(COMPLETION, **changes))


def calling(name: str, arguments: str) -> dict[str, Any]:
    call = ToolCall("c1", name, arguments)
    return {"text": "", "tool_calls": (call,), "finish_reason": FinishReason.TOOL_CALLS}


@pytest.mark.parametrize(
    ("mode", "decision"),
    [
        (Mode.AUTO, Reply("You can return it.")),
        (Mode.DRAFT, DraftReply("You can return it.")),
        (Mode.SHADOW, DraftReply("You can return it.", shadow=True)),
    ],
)
def test_mode_decides_what_becomes_of_a_good_answer(
    mode: Mode, decision: object, make_policy: MakePolicy
) -> None:
    assert review(answer(make_policy(), mode)) == decision
    assert review(answer(make_policy(mode=mode))) == decision


def test_product_that_is_off_is_never_answered(make_policy: MakePolicy) -> None:
    with pytest.raises(ValueError, match="is off"):
        review(answer(make_policy(mode=Mode.OFF)))


@pytest.mark.parametrize(
    ("rule", "reason", "changes"),
    [
        ("refused", HandoffReason.POLICY, {"finish_reason": FinishReason.CONTENT_FILTER}),
        ("truncated", HandoffReason.LIMIT, {"finish_reason": FinishReason.LENGTH}),
        ("empty_answer", HandoffReason.ERROR, {"text": " \n"}),
        ("never_phrase", HandoffReason.POLICY, {"text": "I **promise** a full refund."}),
        ("citation_missing", HandoffReason.LOW_CONFIDENCE, {"text": "Surely."}),
        ("unknown_tool", HandoffReason.ERROR, calling("erase_all", "{}")),
        ("handoff_requested", HandoffReason.ASKED, calling("handoff", '{"reason": "asked"}')),
    ],
)
@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.DRAFT, Mode.SHADOW])
def test_rule_hands_over_and_is_recorded(
    rule: str,
    reason: HandoffReason,
    changes: dict[str, Any],
    mode: Mode,
    make_policy: MakePolicy,
) -> None:
    policy = make_policy(cite_required=True, never=("full refund",))
    decision = review(answer(policy, mode, **changes))
    assert isinstance(decision, Handoff)
    assert (decision.rules, decision.reason) == ((rule,), reason)
    assert (decision.note is None) is (mode is Mode.SHADOW)


@pytest.mark.parametrize("text", ["See https://help/a.", "As said in *Returning  an Order*: 30."])
def test_citation_by_link_or_title_is_enough(text: str, make_policy: MakePolicy) -> None:
    decision = review(answer(make_policy(cite_required=True), text=text))
    assert isinstance(decision, Reply)
    assert "[Returning an order](https://help/a)" in decision.text


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.DRAFT, Mode.SHADOW])
def test_what_a_tool_gave_back_in_this_turn_is_a_source(
    mode: Mode, make_policy: MakePolicy
) -> None:
    policy = make_policy(cite_required=True)
    rested = replace(answer(policy, mode, text="It was shipped."), tools=("find_order",))
    decision = review(rested)
    assert not isinstance(decision, Handoff)
    assert (decision.text, decision.tools) == ("It was shipped.", ("find_order",))
    assert isinstance(review(replace(rested, tools=())), Handoff)


def test_words_of_the_model_are_told_in_auto_mode_only(make_policy: MakePolicy) -> None:
    policy = make_policy(canned={"handoff": "A colleague writes soon."})
    call = calling("handoff", '{"reason": "policy", "message": "My own words."}')
    for mode, told in ((Mode.AUTO, "My own words."), (Mode.DRAFT, "A colleague writes soon.")):
        decision = review(answer(policy, mode, **call))
        assert isinstance(decision, Handoff)
        assert decision.note == told


def test_never_phrase_in_a_handoff_message_is_not_told(make_policy: MakePolicy) -> None:
    call = calling("handoff", '{"reason": "asked", "message": "A full refund is on its way."}')
    decision = review(answer(make_policy(never=("full refund",)), **call))
    assert isinstance(decision, Handoff)
    assert decision.note == HANDOFF_NOTE


def test_not_found_has_its_own_canned_text(make_policy: MakePolicy) -> None:
    policy = make_policy(canned={"handoff": "H", "not_found": "N"}, cite_required=True)
    missing = review(answer(policy, text="Surely."))
    refused = review(answer(policy, finish_reason=FinishReason.CONTENT_FILTER))
    assert isinstance(missing, Handoff)
    assert isinstance(refused, Handoff)
    assert (missing.note, refused.note) == ("N", "H")


@pytest.mark.parametrize("arguments", ["", "{", "[]", '{"reason": 5}', '{"reason": "overdue"}'])
def test_unreadable_handoff_still_hands_over(arguments: str, make_policy: MakePolicy) -> None:
    decision = review(answer(make_policy(), **calling("handoff", arguments)))
    assert isinstance(decision, Handoff)
    assert decision.reason is HandoffReason.LOW_CONFIDENCE


def test_own_rule_may_ask_for_a_look_first(make_policy: MakePolicy) -> None:
    look = Rule("looks_odd", "", lambda given: DraftReply(given.completion.text))
    assert review(answer(make_policy()), (*RULES, look)) == DraftReply(
        "You can return it.", rules=("looks_odd",)
    )
    decision = review(answer(make_policy(), Mode.SHADOW), (*RULES, look))
    assert decision == DraftReply("You can return it.", rules=("looks_odd",), shadow=True)


def test_rules_have_names_of_their_own_and_descriptions() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.description for rule in RULES)
