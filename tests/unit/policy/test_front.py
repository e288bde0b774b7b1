from __future__ import annotations

import pytest

from supportbot.policy.front import read_front


def test_body_is_kept_verbatim() -> None:
    body = "\n## Title {#a}\n\n  indented\n---\nmore\n\n"
    assert read_front(f"---\nid: shop\n---\n{body}").body == body


def test_file_without_front_matter_is_all_body() -> None:
    front = read_front("Be kind.\n---\nid: x\n---\n")
    assert (front.data, front.body, front.problems) == ({}, "Be kind.\n---\nid: x\n---\n", ())


def test_scalars_stay_the_text_that_was_written() -> None:
    front = read_front("---\na: off\nb: 1.20\nc: no\nd: 2026-01-01\ne: '5'\nf: null\n---\n")
    assert front.data == {
        "a": "off", "b": "1.20", "c": "no", "d": "2026-01-01", "e": "5", "f": "null",
    }  # fmt: skip


def test_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    unix = "---\nid: shop\n---\nOne.\nTwo.\n"
    assert read_front("\ufeff" + unix.replace("\n", "\r\n")) == read_front(unix)


def test_lines_are_those_of_the_file() -> None:
    front = read_front("---\nid: shop\nknowledge:\n  collections:\n    - one\n    - two\n---\n")
    assert front.lines["knowledge", "collections"] == 4
    assert front.lines["knowledge", "collections", 1] == 6


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("---\nid: shop\n", 1, "no closing"),
        ("---\nid: shop\nid: bar\n---\n", 3, "stands twice (first in line 2)"),
        ("---\nt:\n  a: 1\n  a: 2\n---\n", 4, "stands twice (first in line 3)"),
        ("---\nid: &x shop\n---\n", 2, "anchors and aliases"),
        ("---\nid: shop\nt: &a [*a]\n---\n", 3, "anchors and aliases"),
        ("---\nid: !!python/name:os.system x\n---\n", 2, "tag"),
        ("---\nid: shop\nx: [1\n---\n", 3, "not YAML"),
        ("---\nid: shop\n\tname: x\n---\n", 3, "not YAML"),
        ("---\n- a\n---\n", 2, "must be `key: value` lines"),
        ("---\n? [a]\n: b\n---\n", 2, "a key must be text"),
        ("---\nid: \x07\n---\n", 1, "not YAML"),
        ("---\na: " + "[" * 3000 + "]" * 3000 + "\n---\n", 1, "nested too deeply"),
    ],
)
def test_what_strict_yaml_forbids_is_named_with_its_line(text: str, line: int, said: str) -> None:
    problems = read_front(text).problems
    assert any(at == line and said in what for at, what in problems), problems


def test_merge_keys_are_no_magic() -> None:
    assert read_front("---\n<<: shop\n---\n").data == {"<<": "shop"}
