"""Cut Markdown into pieces of a bounded length that each stand by themselves. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_MAX_FENCE_CHARS = 64


def split_markdown(text: str, max_chars: int) -> tuple[str, ...]:
    """Cut at paragraph or line borders; a code fence that is cut is closed and opened again.

    Each piece has at most `max_chars` (at least 400) characters. Only a line that is longer than
    a piece is cut inside, at a space where it has one.
    """
    if len(text) <= max_chars:
        return (text,)
    splitter = _Splitter(max_chars)
    for line in text.split("\n"):
        for piece in _cut_line(line, max_chars - 2 * _MAX_FENCE_CHARS):
            splitter.add(piece)
    return splitter.finished()


@dataclass(slots=True)
class _Splitter:
    max_chars: int
    pieces: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    #: The line that opened the code block we are in, or nothing.
    fence: str = ""
    #: Number of lines before the last empty one outside of code, where a cut is best.
    border: int = 0

    def add(self, line: str) -> None:
        closing = len(self._closing()) + 1 if self.fence else 0
        if self.lines and self._length() + 1 + len(line) + closing > self.max_chars:
            self._cut()
        self.lines.append(line)
        self._follow(line)

    def finished(self) -> tuple[str, ...]:
        self._emit(self.lines)
        return tuple(self.pieces)

    def _length(self) -> int:
        return sum(map(len, self.lines)) + len(self.lines) - 1

    def _closing(self) -> str:
        fence = _FENCE.match(self.fence)
        return fence[1] if fence else ""

    def _cut(self) -> None:
        if self.fence:
            self._emit([*self.lines, self._closing()])
            self.lines = [self.fence]
        elif sum(map(len, self.lines[: self.border])) > self.max_chars // 2:
            self._emit(self.lines[: self.border])
            self.lines = self.lines[self.border :]
        else:
            self._emit(self.lines)
            self.lines = []
        self.border = 0

    def _emit(self, lines: list[str]) -> None:
        piece = "\n".join(lines).strip("\n")
        if piece.strip():
            self.pieces.append(piece)

    def _follow(self, line: str) -> None:
        found = _FENCE.match(line)
        if found and not self.fence:
            self.fence = line[:_MAX_FENCE_CHARS] if len(found[1]) < _MAX_FENCE_CHARS // 2 else ""
        elif found and found[1].startswith(self._closing()) and not found[2].strip():
            self.fence = ""
        elif not self.fence and not line.strip():
            self.border = len(self.lines)


def _cut_line(line: str, max_chars: int) -> list[str]:
    pieces = []
    while len(line) > max_chars:
        space = line.rfind(" ", max_chars // 2, max_chars)
        end = space + 1 if space > 0 else max_chars
        pieces.append(line[:end].rstrip())
        line = line[end:]
    return [*pieces, line]
