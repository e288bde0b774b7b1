from __future__ import annotations

from statistics import fmean

import pytest

from tests.unit.policy.history_costs import answered


@pytest.mark.parametrize("turns", [20, 40, 60])
def test_long_thread_costs_half_and_keeps_its_prefix(turns: int) -> None:
    costs = answered(turns)
    assert costs.share(costs.turns[-1]) <= 0.5
    assert fmean(costs.kept_prefixes) >= 0.9
    assert costs.calls_per_turn <= 1.1


def test_newest_question_is_whole_in_every_prompt() -> None:
    for turn in answered(30).turns:
        last = turn.prompt.messages[-1].content
        assert turn.question in last
        assert last.count("<<passage ") == 3


def test_prefix_changes_with_a_summary_only() -> None:
    costs = answered(60)
    changed = [kept < 1 for kept in costs.kept_prefixes]
    assert changed == [turn.calls > 1 for turn in costs.turns[1:]]


def test_short_threads_are_sent_whole() -> None:
    assert all(turn.prompt == turn.whole for turn in answered(8).turns)
