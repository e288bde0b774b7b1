from __future__ import annotations

from supportbot.knowledge.search import fused
from supportbot.store.knowledge import Hit


def hit(name: str, score: float = 1.0) -> Hit:
    return Hit("help", name, 0, name, None, "0" * 64, "text", score)


def names(hits: list[Hit]) -> list[str]:
    return [one.document for one in hits]


def test_one_ranking_keeps_its_order() -> None:
    assert names(fused([[hit("a"), hit("b"), hit("c")]])) == ["a", "b", "c"]


def test_found_twice_beats_found_once() -> None:
    assert names(fused([[hit("a"), hit("b")], [hit("c"), hit("b")]])) == ["b", "a", "c"]


def test_among_equals_the_last_turn_decides() -> None:
    assert names(fused([[hit("a"), hit("b")], [hit("b"), hit("a")]])) == ["a", "b"]


def test_the_best_score_is_kept() -> None:
    assert [one.score for one in fused([[hit("a", 1.0)], [hit("a", 3.0)]])] == [3.0]
