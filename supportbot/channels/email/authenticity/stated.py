"""What a receiving server found: its `Authentication-Results` header (RFC 8601), as it is written.

One linear pass that never raises. Real servers leave out the id (Microsoft 365), glue semicolons
to values, put comments anywhere and write words of their own; what makes no sense is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

#: Name in the settings of the server that writes no id: Microsoft 365.
WITHOUT_ID: Final = "microsoft-365"
_HEADER: Final = re.compile(rb"authentication-results[ \t]*:", re.IGNORECASE)
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n")
#: So much of a mail is looked through for the header; receiving servers put it at the top.
_MAX_HEAD_BYTES: Final = 262_144
_MAX_CHARS: Final = 16_384
_ARC_INSTANCE: Final = re.compile(r"i=\d{1,3}", re.IGNORECASE)
_SPACE: Final = frozenset(" \t\r\n")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one method: `dkim`, `spf`, `dmarc` or another. All in lower case."""

    method: str
    value: str
    #: Such as `header.from` or `smtp.mailfrom`; of one that stands twice, the first.
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stated:
    """One header: which server says what."""

    #: Lower case; empty where the header names none.
    server: str
    results: tuple[Result, ...] = ()

    def of(self, method: str) -> list[Result]:
        """Return what it says of a method."""
        return [result for result in self.results if result.method == method]


def stated_by(values: Sequence[str], servers: Sequence[str]) -> Stated | None:
    """Return the topmost of these headers that a server of these ids wrote, or None.

    Those below it may be anybody's: each server puts its own on top of what it was given.
    """
    known = {"" if server == WITHOUT_ID else server.lower() for server in servers}
    return next((one for one in map(read, values) if one is not None and one.server in known), None)


def servers(raw: bytes) -> list[str]:
    """Name those who wrote such headers into a raw mail, as settings name them, topmost first."""
    found = (one for one in map(read, headers(raw)) if one is not None)
    return list(dict.fromkeys(one.server or WITHOUT_ID for one in found))


def headers(raw: bytes) -> tuple[str, ...]:
    """Return the values of these headers of a raw mail, the topmost first.

    They are unfolded and nothing else: what is decoded could hold a separator that was none.
    """
    head = raw[:_MAX_HEAD_BYTES]
    end = _END_OF_HEADERS.search(head)
    found: list[list[bytes]] = []
    inside = False
    for line in head[: end.start() if end else len(head)].splitlines():
        if inside and line[:1] in {b" ", b"\t"}:
            found[-1].append(line)
            continue
        name = _HEADER.match(line)
        inside = name is not None
        if name is not None:
            found.append([line[name.end() :]])
    return tuple(b"".join(lines).decode("utf-8", "replace").strip() for lines in found)


def read(value: str) -> Stated | None:
    """Read the value of a header; None where a quote or a comment never ends, or it is too long."""
    if len(value) > _MAX_CHARS:
        return None
    divided = _divided(value)
    if divided is None:
        return None
    segments = [list(_pairs(segment)) for segment in divided]
    if divided and len(divided[0]) == 1 and _ARC_INSTANCE.fullmatch(divided[0][0].text):
        segments, divided = segments[1:], divided[1:]
    server = ""
    if divided and divided[0] and divided[0][0].equals is None and not segments[0]:
        server = divided[0][0].text.lower()
        segments = segments[1:]
    return Stated(server, tuple(_result(pairs) for pairs in segments if pairs))


@dataclass(slots=True)
class _Word:
    """Characters without a space between them."""

    text: str = ""
    #: Where its first `=` outside of quotes stands.
    equals: int | None = None


def _divided(value: str) -> list[list[_Word]] | None:
    """Cut at semicolons and spaces that stand outside of quotes; comments are spaces."""
    segments: list[list[_Word]] = [[]]
    word = _Word()
    quoted, depth, escaped = False, 0, False
    for char in value:
        plain = not quoted and depth == 0
        if escaped or (char == "\\" and not plain):
            if escaped and quoted:
                word.text += char
            escaped = not escaped
        elif depth or (plain and char == "("):
            depth += {"(": 1, ")": -1}.get(char, 0)
            word = _ended(word, segments)
        elif char == '"':
            quoted = not quoted
        elif quoted or not (char in _SPACE or char == ";"):
            if char == "=" and plain and word.equals is None:
                word.equals = len(word.text)
            word.text += char
        else:
            word = _ended(word, segments)
            if char == ";":
                segments.append([])
    _ended(word, segments)
    return None if quoted or depth else segments


def _ended(word: _Word, segments: list[list[_Word]]) -> _Word:
    if not word.text:
        return word
    segments[-1].append(word)
    return _Word()


def _pairs(words: Sequence[_Word]) -> Iterator[tuple[str, str]]:
    """Read `name=value`; spaces may stand anywhere but in the value."""
    before, waiting = "", ""
    for word in words:
        if waiting:
            yield waiting, word.text
            before, waiting = "", ""
        elif word.equals is None:
            before += word.text
        else:
            name, value = word.text[: word.equals] or before, word.text[word.equals + 1 :]
            if name and value:
                yield name, value
            before, waiting = "", "" if value else name


def _result(pairs: Sequence[tuple[str, str]]) -> Result:
    (method, value), *rest = pairs
    properties: dict[str, str] = {}
    for name, said in rest:
        properties.setdefault(name.lower(), said.lower())
    return Result(method.partition("/")[0].lower(), value.lower(), properties)
