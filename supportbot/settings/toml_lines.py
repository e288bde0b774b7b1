"""On which line each key of a TOML text stands, which `tomllib` does not tell.

The text is expected to be valid TOML 1.0 (tomllib has read it); a broken one gives wrong lines or
fewer of them, never an error. Source: https://toml.io/en/v1.0.0.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

#: Keys and indexes from the root, such as ("email", "mailboxes", 0, "address").
Path = tuple[str | int, ...]

#: Multi-line strings come before the plain ones whose quotes they begin with.
_TOKEN = re.compile(
    r'(?P<string>"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*')"
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<mark>\[\[|\]\]|[\[\]{}=,.])"
    r"|(?P<bare>[^\s\[\]{}=,.#\"']+)",
    re.DOTALL,
)


def lines_of(text: str) -> Mapping[Path, int]:
    """Return the line (from 1) on which each table, key and array element begins. Pure."""
    scan = _Scan()
    line = 1
    for token in _TOKEN.finditer(text):
        scan.take(token.lastgroup or "", token[0], line)
        line += token[0].count("\n")
    return scan.lines


class _Container:
    """An open `[` array or `{` inline table."""

    def __init__(self, path: Path, *, is_array: bool) -> None:
        self.path = path
        self.is_array = is_array
        self.index = 0


class _Scan:
    """Walks over tokens; knows which table is current and which brackets are open."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self._table: Path = ()
        self._elements: dict[Path, int] = {}
        self._key: list[str] = []
        #: Path of the value being read; None while a key is.
        self._value: Path | None = None
        self._open: list[_Container] = []
        #: `[` or `[[` while a header is read.
        self._header = ""

    def take(self, kind: str, text: str, line: int) -> None:
        """Take the next token."""
        if kind == "newline":
            self._end_line()
        elif kind == "mark":
            self._mark(text, line)
        elif kind in ("string", "bare") and self._value is None:
            self._key.append(_unquoted(text) if kind == "string" else text)

    def _mark(self, mark: str, line: int) -> None:
        if self._header:
            if mark == "]" * len(self._header):
                self._end_header(line)
        elif self._value is None:
            self._mark_in_key(mark, line)
        else:
            self._mark_in_value(mark, line)

    def _mark_in_key(self, mark: str, line: int) -> None:
        if mark == "=":
            base = self._open[-1].path if self._open else self._table
            self._value = self._note(base, self._key, line)
            self._key = []
        elif mark == "}":
            self._close()
        elif mark in ("[", "[[") and not self._open:
            self._header = mark

    def _mark_in_value(self, mark: str, line: int) -> None:
        match mark:
            case "[" | "[[":
                for _ in mark:
                    self._begin(line, is_array=True)
            case "{":
                self._begin(line, is_array=False)
            case "]" | "]]" | "}":
                for _ in mark:
                    self._close()
            case "," if self._open:
                self._next()
            case _:
                pass  # a dot or an equals sign inside a number or date is no mark of ours

    def _begin(self, line: int, *, is_array: bool) -> None:
        path = self._value or ()
        if self._open and self._open[-1].is_array:
            path = (*self._open[-1].path, self._open[-1].index)
            self.lines.setdefault(path, line)
        self._open.append(_Container(path, is_array=is_array))
        self._value = path if is_array else None

    def _next(self) -> None:
        container = self._open[-1]
        container.index += 1
        self._value = container.path if container.is_array else None

    def _close(self) -> None:
        if self._open:
            self._open.pop()
        self._key = []
        outer = self._open[-1] if self._open else None
        self._value = outer.path if outer else self._table

    def _end_line(self) -> None:
        if not self._open:
            self._value, self._key, self._header = None, [], ""

    def _end_header(self, line: int) -> None:
        path = self._note((), self._key, line)
        if self._header == "[[":
            self._elements[path] = self._elements.get(path, -1) + 1
            path = (*path, self._elements[path])
            self.lines.setdefault(path, line)
        self._table, self._key, self._header = path, [], ""

    def _note(self, base: Path, keys: list[str], line: int) -> Path:
        """Note every prefix of a dotted key; an array of tables means its newest element."""
        path = base
        for position, key in enumerate(keys):
            path = (*path, key)
            self.lines.setdefault(path, line)
            last = position == len(keys) - 1
            if path in self._elements and not last:
                path = (*path, self._elements[path])
        return path


def _unquoted(text: str) -> str:
    """Read a quoted key as TOML does; what cannot be read stays as it is."""
    try:
        return str(tomllib.loads(f"key = {text}")["key"])
    except tomllib.TOMLDecodeError:
        return text
