from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.model.catalog import Mode
from supportbot.model.policy import CompiledPolicy
from supportbot.policy.release import may_grow, releasable
from supportbot.policy.review import RULES, Rule


def policy(**changes: Any) -> CompiledPolicy:
    fields: dict[str, Any] = {
        "product": "shop",
        "name": "Shop",
        "mode": Mode.AUTO,
        "system": "",
        "sha256": "",
        "canonical": "",
        **changes,
    }
    return CompiledPolicy(**fields)


NEVER = policy(never=("full refund", "we guarantee that. always"))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Open the pa", ""),
        ("Open the page. Then", "Open the page."),
        ("Open the page.", ""),
        ("One. Two! Thr", "One. Two!"),
        ('He said "no." Then', 'He said "no."'),
        ("- first\n- second\n\nAnd", "- first\n- second"),
        ("Version 3.5 is", ""),
        ("Run:\n\n```\nls.\n\nrm x. y", "Run:"),
        ("Run:\n\n```\nls\n```\n\nDone", "Run:\n\n```\nls\n```"),
    ],
)
def test_whole_sentences_and_blocks_may_be_seen(text: str, seen: str) -> None:
    assert releasable(text, policy()) == seen


def test_a_forbidden_phrase_stops_the_answer() -> None:
    assert releasable("Sure. You get a full re", NEVER) == "Sure."
    assert releasable("Sure. You get a full *Refund*", NEVER) is None


def test_the_beginning_of_a_forbidden_phrase_is_held_back() -> None:
    """The sentence before its second half could not be taken back."""
    assert releasable("Yes. And we guarantee that. Al", NEVER) == "Yes."
    assert releasable("Yes. And we guarantee that. Nearly. B", NEVER) == (
        "Yes. And we guarantee that. Nearly."
    )
    assert releasable("Yes. And we guarantee that. Always", NEVER) is None


def test_answers_that_must_cite_are_seen_when_they_are_whole() -> None:
    assert may_grow(policy(), RULES)
    assert not may_grow(policy(cite_required=True), RULES)


def test_answers_that_a_plugin_s_rule_judges_are_seen_when_they_are_whole() -> None:
    own = Rule("own", "Looks at the whole.", lambda _answer: None)
    assert not may_grow(policy(), (*RULES, own))


def test_a_block_of_code_that_does_not_end_takes_no_longer_than_plain_text() -> None:
    began = time.process_time()
    assert releasable("```\n" + "Do a b c d. " * 40_000, NEVER) == ""
    assert time.process_time() - began < 1  # it took eight seconds once


def test_a_beginning_is_found_however_much_of_it_is_not_read() -> None:
    assert releasable(f"Yes. And we{'*' * 500} guarantee that. Al", NEVER) == "Yes."


@given(st.text(alphabet="ab. !\n`ful refnd", max_size=120))
def test_what_is_seen_is_a_beginning_without_a_forbidden_phrase(text: str) -> None:
    shown = ""
    for length in range(len(text) + 1):
        part = releasable(text[:length], NEVER)
        if part is None:
            return
        assert text.startswith(part)
        assert releasable(part, NEVER) is not None
        shown = max(shown, part, key=len)
        assert text.startswith(shown)
