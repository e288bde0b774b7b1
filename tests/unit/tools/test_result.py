from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import pytest
from pydantic import BaseModel

from supportbot.tools.result import MOST_CHARACTERS, MOST_VALUES, capped, shown


class Order(BaseModel):
    id: str
    at: datetime


@dataclass
class Price:
    amount: Decimal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('{"b": 1,  "a": 2}\n', '{"b": 1,  "a": 2}\n'),
        ("", ""),
        (None, "null"),
        (3.5, "3.5"),
        (float("nan"), "null"),
        ({"b": 1, "a": ["é", True]}, '{"a":["é",true],"b":1}'),
        (
            Order(id="1", at=datetime(2026, 1, 2, tzinfo=UTC)),
            '{"at":"2026-01-02T00:00:00Z","id":"1"}',
        ),
        ([Price(Decimal("1.50"))], '[{"amount":"1.50"}]'),
        ({"tags": {"c", "a", "b"}}, '{"tags":["a","b","c"]}'),
    ],
)
def test_results_become_the_same_text_every_time(value: object, text: str) -> None:
    assert shown(value) == text


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="serialize"):
        shown(object())


def test_a_long_result_keeps_head_and_tail() -> None:
    text = "a" * MOST_CHARACTERS + "the end"
    cut = capped(text)
    assert cut.startswith("aaa")
    assert cut.endswith("the end")
    assert "[... 7 characters left out ...]" in cut
    assert len(cut) < MOST_CHARACTERS + 60
    assert capped("a" * MOST_CHARACTERS) == "a" * MOST_CHARACTERS


def test_a_long_list_is_cut_too() -> None:
    assert "left out" in shown([*range(10_000)])
    assert json.loads(shown([*range(10)])) == [*range(10)]


class Page(BaseModel):
    rows: list[int]


HUGE = [*range(3_000_000)]


@pytest.mark.parametrize(
    "value",
    [HUGE, {"a": {"b": HUGE}}, Page.model_construct(rows=HUGE), {"text": "x" * 100_000_000}],
    ids=["list", "nested", "model", "text"],
)
def test_of_a_huge_result_only_that_is_told_and_at_once(value: object) -> None:
    begun = time.process_time()
    told = json.loads(shown(value))
    assert told["error"]["type"] == "result_too_large"
    assert time.process_time() - begun < 0.5


def test_the_largest_result_is_still_shown() -> None:
    assert shown([0] * (MOST_VALUES - 1)).startswith("[0,0,")


def test_a_result_without_end_is_cut() -> None:
    assert shown(count()).startswith("[0,1,2,")
    assert shown(iter([{"b": 1, "a": 2}])) == '[{"a":2,"b":1}]'
