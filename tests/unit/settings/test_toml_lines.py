from __future__ import annotations

import tomllib
from typing import Any

import pytest

from supportbot.settings.toml_lines import lines_of


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\nb = 2", ("b",), 2),
        ("# a = 1\na = 2", ("a",), 2),
        ("[t]\n\nkey = 1", ("t", "key"), 3),
        ("[a.b]\nc.d = 1", ("a", "b", "c", "d"), 2),
        ("[ a . \"b.c\" ]\n'x y' = 1", ("a", "b.c", "x y"), 2),
        ("[[m]]\na = 1\n[[m]]\na = 2", ("m", 1, "a"), 4),
        ("[[m]]\n[[m]]\n[m.sub]\nx = 1", ("m", 1, "sub", "x"), 4),
        ("[[m]]\n[[m.n]]\nx = 1\n[[m.n]]\nx = 1", ("m", 0, "n", 1, "x"), 5),
        ("[t]\nlist = [\n  1,\n  2, # ] no end\n]\nnext = 1", ("t", "next"), 6),
        ('text = """\nkey = 1\n"""\nkey = 2', ("key",), 4),
        ("text = '''\n[t]\nkey = 1'''\nkey = 2", ("key",), 4),
        ('text = "a \\" # b"\nkey = 2', ("key",), 2),
        ('text = "[[ = ]]"\nkey = 2', ("key",), 2),
        ("t = {a = 1, b = {c = 2}}\nd = 3", ("t", "b", "c"), 1),
        ("t = {a = 1, b = {c = 2}}\nd = 3", ("d",), 2),
        ("m = [\n  {a = 1},\n  {a = 2, b = [[1], [2]]},\n]\nd = 3", ("m", 1, "a"), 3),
        ("m = [[1, 2], [3]]\nd = 3", ("d",), 2),
        ("at = 2026-01-01T10:00:00.5Z\nd = 1.5\ne = 1", ("e",), 3),
        ("a = 1\r\nb = 2\r\n", ("b",), 2),
    ],
)
def test_line_of_a_key(text: str, path: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(text)
    assert lines_of(text)[path] == line


def test_every_key_of_a_file_is_found() -> None:
    text = (
        '[a]\nb = [{c = 1}, {c = {d = "x"}}]\n[[e]]\nf.g = 1\nf.h = [\n"i"\n]\n[[e]]\n"j k" = 2\n'
    )
    found = lines_of(text)
    assert [path for path in _paths(tomllib.loads(text)) if path not in found] == []


def test_broken_text_raises_nothing() -> None:
    for text in ("[", "]]", "a = {", "}{", '"', "= = =", "[[a]\n", "a = ]"):
        lines_of(text)


def _paths(values: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(values, dict):
        here = [(*at, key) for key in values]
        return here + [path for key in values for path in _paths(values[key], (*at, key))]
    if isinstance(values, list):
        return [path for n, value in enumerate(values) for path in _paths(value, (*at, n))]
    return []
