"""Cut Markdown into pieces of a bounded length that each stand by themselves. Pure.

Nothing is lost: a code fence that is cut is closed and opened again, a table that is cut begins
again with its head, and every other line stands in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

#: A fence may stand in a list or in a quote. Behind backticks there are none, or it is a word.
_FENCE = re.compile(
    r"(?P<before>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)"
    r"(?P<run>(?P<tick>`){3,}|~{3,})(?P<info>(?(tick)[^`]*|.*))"
)
_HEADING = re.compile(r"[ \t>]*#{1,6}[ \t]")
_ROW = re.compile(r"[ \t>]*\|.*")
_RULE = re.compile(r"[ \t>]*\|[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*(?:\|[ \t]*)?")
#: Longer fences, or such deep ones, are no code: nobody writes them.
_MOST_RUN_CHARS = 32
_MOST_BEFORE_CHARS = 64
_MOST_INFO_CHARS = 32
#: The head of a table is repeated where it takes less than this part of a piece.
_HEAD_SHARE = 8


def split_markdown(text: str, max_chars: int) -> tuple[str, ...]:
    """Cut between paragraphs, else between lines.

    Each piece has at most `max_chars` (at least 400) characters. Only a line that is longer than
    a piece is cut inside, at a space where it has one.
    """
    if len(text) <= max_chars:
        return (text,)
    splitter = _Splitter(max_chars)
    for line in text.split("\n"):
        splitter.add(line)
    return splitter.finished()


@dataclass(frozen=True, slots=True)
class _Code:
    """A block of code that we are in."""

    run: str
    #: What begins it again in the next piece, and what ends it in this one.
    opening: str
    closing: str

    @classmethod
    def begun(cls, line: str) -> _Code | None:
        """Open what a line begins; in a new piece it stands in no list, but in its quote still."""
        fence = _FENCE.fullmatch(line)
        if (
            fence is None
            or len(fence["run"]) > _MOST_RUN_CHARS
            or len(fence["before"]) > _MOST_BEFORE_CHARS
        ):
            return None
        run, info = fence["run"], fence["info"].rstrip()[:_MOST_INFO_CHARS]
        within = re.sub(r"[^ \t>]", " ", fence["before"])
        quote = within[: within.rfind(">") + 1]
        return cls(run, f"{quote}{run}{info}", f"{within}{run}")

    def ended_by(self, line: str) -> bool:
        """Tell whether a line is its end."""
        fence = _FENCE.fullmatch(line)
        return bool(fence and fence["run"].startswith(self.run) and not fence["info"].strip())


@dataclass(slots=True)
class _Splitter:
    max_chars: int
    pieces: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    #: So many lines at the beginning stand in an earlier piece already.
    repeated: int = 0
    code: _Code | None = None
    #: Head and rule of the table that we are in.
    head: tuple[str, ...] = ()
    #: Number of lines before the last empty one outside of code, where a cut is best.
    border: int = 0
    #: Of the lines, with a line end behind each.
    chars: int = 0

    def add(self, line: str) -> None:
        """Take the next line of the text."""
        after = self._code_after(line)
        ending = max(_ending_chars(self.code), _ending_chars(after))
        frame = _chars(self._beginning()) + ending
        for piece in _cut_line(line, self.max_chars - frame):
            while self._own() and self.chars + len(piece) + ending > self.max_chars:
                self._cut()
            self.lines.append(piece)
            self.chars += len(piece) + 1
        self.code = after
        self._note(line)

    def finished(self) -> tuple[str, ...]:
        """Return the pieces, an empty one of nothing but white space."""
        if self._own():
            self._emit(self.lines, self.code)
        return tuple(self.pieces) or ("",)

    def _own(self) -> bool:
        return len(self.lines) > self.repeated

    def _beginning(self) -> tuple[str, ...]:
        return (self.code.opening,) if self.code else self.head

    def _cut(self) -> None:
        if _chars(self.lines[: self.border]) > self.max_chars // 2:
            self._emit(self.lines[: self.border], None)
            self.lines, self.repeated = self.lines[self.border :], 0
        else:
            self._emit(self.lines, self.code)
            self.lines = [*self._beginning()]
            self.repeated = len(self.lines)
        self.border, self.chars = 0, _chars(self.lines)

    def _emit(self, lines: list[str], code: _Code | None) -> None:
        piece = "\n".join([*lines, code.closing] if code else lines).strip("\n")
        if piece.strip():
            self.pieces.append(piece)

    def _code_after(self, line: str) -> _Code | None:
        if self.code is not None:
            return None if self.code.ended_by(line) else self.code
        return _Code.begun(line)

    def _note(self, line: str) -> None:
        """Note where a table begins and ends, and where a cut would be best."""
        above = self.lines[-2] if len(self.lines) > 1 else ""
        if self.code is not None or not _ROW.fullmatch(line):
            self.head = ()
        elif _RULE.fullmatch(line) and _ROW.fullmatch(above):
            short = (len(above) + len(line)) * _HEAD_SHARE < self.max_chars
            self.head = (above, line) if short else ()
        if self.code is None and not line.strip() and not _HEADING.match(above):
            self.border = len(self.lines)


def _chars(lines: Sequence[str]) -> int:
    return sum(map(len, lines)) + len(lines)


def _ending_chars(code: _Code | None) -> int:
    return len(code.closing) + 1 if code else 0


def _cut_line(line: str, max_chars: int) -> list[str]:
    pieces = []
    while len(line) > max_chars:
        space = line.rfind(" ", max_chars // 2, max_chars)
        end = space + 1 if space > 0 else max_chars
        pieces.append(line[:end].rstrip())
        line = line[end:]
    return [*pieces, line]
