from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from supportbot.completions.tokens import (
    Calibration,
    RememberingCounter,
    estimate_prompt,
    estimate_tokens,
    image_tokens,
)
from supportbot.model.completion import ChatMessage, Completion, Prompt, ToolCall, Usage
from supportbot.model.file import Image
from supportbot.model.message import Role


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("   \n\t ", 0, 0),
        ("How do I reset my password?", 7, 9),
        ("2026-11-24 order 1234567890", 12, 18),
        ("你好请问如何退货", 6, 9),
        ("🙂🙂🙂", 7, 10),
        ("مرحبا", 2, 4),
        ('{"a": [1, 2]}', 6, 14),
        ("Donaudampfschifffahrtsgesellschaft", 6, 9),
    ],
)
def test_estimate_suits_the_script(text: str, least: int, most: int) -> None:
    assert least <= estimate_tokens(text) <= most


def test_a_megabyte_is_counted() -> None:
    assert estimate_tokens("word " * 200_000) == pytest.approx(220_000, rel=0.01)


def test_prompt_costs_its_messages_and_their_frames() -> None:
    one = Prompt((ChatMessage(Role.USER, "hello"),))
    assert estimate_prompt(one, len) == 5 + 3 + 3


@pytest.mark.parametrize(
    "text", ["Plain words, 12 of them_!", "x\x00\x07y", '{"a_b": [1, 2.5]}', "longer-than-seven"]
)
def test_plain_text_is_counted_as_any_other(text: str) -> None:
    """A zero-width blank costs as a sign of its own, and takes the way of all scripts."""
    both = estimate_tokens(f"{text} \u200b")
    assert 0 <= both - estimate_tokens(text) <= 2


def test_tool_calls_of_a_prompt_are_counted() -> None:
    called = ChatMessage(Role.ASSISTANT, "", (ToolCall("1", "f", '{"a": 1}'),))
    assert estimate_prompt(Prompt((called,)), len) == 3 + 8 + 4 + 3


def test_text_is_counted_once() -> None:
    counted: list[str] = []

    def count(text: str, /) -> int:
        counted.append(text)
        return len(text)

    remembering = RememberingCounter(count, most_texts=4)
    assert [remembering("abc"), remembering("abc"), remembering("de")] == [3, 3, 2]
    assert counted == ["abc", "de"]


def test_counter_forgets_the_oldest_and_keeps_no_book() -> None:
    counted: list[str] = []

    def count(text: str, /) -> int:
        counted.append(text)
        return len(text)

    remembering = RememberingCounter(count, most_texts=4)
    for text in ("a", "b", "c", "d", "e", "d", "a", "x" * 50_000, "x" * 50_000):
        remembering(text)
    assert [text[:1] for text in counted] == ["a", "b", "c", "d", "e", "a", "x", "x"]


def test_reports_of_a_model_correct_its_estimate() -> None:
    calibration = Calibration(len)
    count = calibration.counter("m")
    assert count("x" * 100) == 100
    for _ in range(30):
        calibration.learn("m", estimated=1000, reported=800)
    assert calibration.factor("m") == pytest.approx(0.8)
    assert count("x" * 100) == 80
    assert calibration.counter("other")("x" * 100) == 100


def test_small_wobbles_do_not_move_the_factor() -> None:
    """Else the history would begin elsewhere with every answer."""
    calibration = Calibration(len)
    calibration.learn("m", 1000, 800)
    before = calibration.factor("m")
    for reported in (810, 790, 820, 780, 805):
        calibration.learn("m", 1000, reported)
        assert calibration.factor("m") == before


@pytest.mark.parametrize(
    ("estimated", "reported", "factor"),
    [(1000, 50_000, 2.0), (1000, 10, 0.5), (1000, 0, 1.0), (50, 500, 1.0)],
)
def test_no_report_bends_the_estimate_beyond_sense(
    estimated: int, reported: int, factor: float
) -> None:
    calibration = Calibration(len)
    calibration.learn("m", estimated, reported)
    assert calibration.factor("m") == factor


def test_only_a_server_that_counts_teaches() -> None:
    calibration = Calibration(len)
    heard = Completion(
        "m", "there", "hi", None, datetime(2026, 1, 1, tzinfo=UTC), 5, usage=Usage(500)
    )
    calibration.heard(heard)
    calibration.heard(replace(heard, tokens_estimated=1000, usage=Usage(500, estimated=True)))
    assert calibration.factor("m") == 1.0
    calibration.heard(replace(heard, tokens_estimated=1000))
    assert calibration.factor("m") == 0.5


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(1, 1, 255), (512, 512, 255), (1024, 1024, 765), (2048, 4096, 1105), (30_000, 10, 765)],
)
def test_picture_costs_what_its_tiles_cost(width: int, height: int, tokens: int) -> None:
    assert image_tokens(width, height) == tokens
    assert image_tokens(height, width) == tokens


def test_pictures_of_a_prompt_are_counted() -> None:
    plain = ChatMessage(Role.USER, "Look")
    shown = replace(plain, images=(Image("a.png", "image/png", b"", 255),) * 2)
    assert estimate_prompt(Prompt((shown,))) == estimate_prompt(Prompt((plain,))) + 510
