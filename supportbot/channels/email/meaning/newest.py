"""The newest words of a mail: quotes and signatures cut, the customer's words kept in doubt.

Line-based and linear in time. Three shapes are told apart: the answer above the quote (cut from
the attribution on), below it (cut the quote), and in between (keep all, the quotes are context).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from supportbot.channels.email.meaning import quote_marks
from supportbot.channels.email.meaning.device_lines import is_device

_MAX_SIGNATURE_LINES: Final = 12
_MAX_GAP_LINES: Final = 30
_MAX_ATTRIBUTION_LINES: Final = 3
_MAX_LINES_ABOVE_QUOTE: Final = 3


class _Kind(StrEnum):
    TEXT = "text"
    BLANK = "blank"
    QUOTE = "quote"
    #: `On ... wrote:`
    ATTRIBUTION = "attribution"
    #: `-----Original Message-----`, or a block of `From: Sent: To: Subject:`
    ORIGINAL = "original"
    FORWARD = "forward"
    SIGNATURE = "signature"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class _Line:
    kind: _Kind
    text: str


def newest_words(text: str, *, forwarded: bool = False) -> str:
    """Return what the sender wrote now; the whole text if nothing else would be left.

    `forwarded` = the subject says so: then the quoted mail is the point and stays.
    """
    lines = _marked(text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").split("\n"))
    if forwarded or _opens_forward(lines):
        return text.strip()
    whole = lines = _attributed(lines)
    lines = _without_tail(lines)
    lines = _without_signature(lines)
    lines = _without_quotes(lines)
    if _last_written(lines) is not _last_written(whole):
        lines = _without_delimiters(lines)
    kept = "\n".join(line.text.rstrip() for line in lines).strip("\n").rstrip()
    return kept if kept.strip() else text.strip()


def _marked(raw: Sequence[str]) -> list[_Line]:
    """Give every line its kind; several raw lines of one mark become several lines of one kind."""
    lines: list[_Line] = []
    index = 0
    while index < len(raw):
        kind, count = _kind(raw[index : index + 9])
        lines += [_Line(kind, line) for line in raw[index : index + count]]
        index += count
    return lines


_LINE_KINDS: Final = (
    (_Kind.BLANK, lambda line: not line.strip()),
    (_Kind.QUOTE, quote_marks.is_quoted),
    (_Kind.SIGNATURE, quote_marks.is_signature),
    (_Kind.ORIGINAL, quote_marks.is_original),
    (_Kind.FORWARD, quote_marks.is_forward),
)


def _kind(raw: Sequence[str]) -> tuple[_Kind, int]:
    for kind, holds in _LINE_KINDS:
        if holds(raw[0]):
            return kind, 1
    block = _header_block(raw)
    if block:
        return _Kind.ORIGINAL, block
    count = quote_marks.attribution(raw)
    if count:
        return _Kind.ATTRIBUTION, count
    return (_Kind.DEVICE if is_device(raw[0]) else _Kind.TEXT), 1


def _header_block(raw: Sequence[str]) -> int:
    """Return how many lines a block of headers takes, with the line drawn above it; 0 if none."""
    if not quote_marks.is_rule(raw[0]):
        return quote_marks.header_block(raw)
    start = next((index for index, line in enumerate(raw) if index and line.strip()), 1)
    below = raw[start:]
    if not below or quote_marks.is_rule(below[0]):
        return 0
    block = quote_marks.header_block(below) or quote_marks.unknown_block(below)
    return block + start if block else 0


def _opens_forward(lines: Sequence[_Line]) -> bool:
    """Tell whether a forwarded mail starts before anything is quoted."""
    for line in lines:
        if line.kind is _Kind.FORWARD or (
            line.kind is _Kind.QUOTE and quote_marks.is_forward(line.text.lstrip("> "))
        ):
            return True
        if line.kind in {_Kind.ATTRIBUTION, _Kind.ORIGINAL, _Kind.QUOTE}:
            return False
    return False


def _attributed(lines: list[_Line]) -> list[_Line]:
    """Mark what stands right above the first or the last quote as an attribution if it is one.

    Only there and in few lines: elsewhere it may be the customer's own introduction.
    """
    quoted = [index for index, line in enumerate(lines) if line.kind is _Kind.QUOTE]
    spoken = [index for index, line in enumerate(lines) if line.kind is _Kind.TEXT]
    if not quoted or not spoken:
        return lines
    marked = list(lines)
    if spoken[-1] < quoted[-1]:
        start = _paragraph(lines, spoken[-1])
        _mark(marked, start, spoken[-1] + 1, sure=False)
    if spoken[0] < quoted[0] < spoken[-1]:
        end = next((index for index in spoken if index > quoted[0]), len(lines))
        last = spoken[bisect_left(spoken, end) - 1]
        if _paragraph(lines, last) == spoken[0]:
            _mark(marked, spoken[0], last + 1, sure=True)
    return marked


def _paragraph(lines: Sequence[_Line], last: int) -> int:
    """Return where the paragraph begins that ends with this line."""
    start = last
    while start > max(0, last - _MAX_ATTRIBUTION_LINES) and lines[start - 1].kind is _Kind.TEXT:
        start -= 1
    return start


def _mark(lines: list[_Line], start: int, end: int, *, sure: bool) -> None:
    """Mark lines above a quote; `sure` = only where they name an address."""
    below = lines[end : end + _MAX_LINES_ABOVE_QUOTE]
    said = " ".join(line.text for line in lines[start:end])
    if end - start > _MAX_ATTRIBUTION_LINES or _Kind.QUOTE not in (line.kind for line in below):
        return
    if quote_marks.may_attribute(said) and ("@" in said or not sure):
        lines[start:end] = [_Line(_Kind.ATTRIBUTION, line.text) for line in lines[start:end]]


def _last_written(lines: Sequence[_Line]) -> _Line | None:
    return next((line for line in reversed(lines) if line.kind is not _Kind.BLANK), None)


def _without_delimiters(lines: list[_Line]) -> list[_Line]:
    """Drop the drawn lines that led to what was cut below."""
    end = len(lines)
    while end and (
        lines[end - 1].kind is _Kind.BLANK or quote_marks.is_delimiter(lines[end - 1].text)
    ):
        end -= 1
    return lines[:end]


def _without_tail(lines: list[_Line]) -> list[_Line]:
    """Cut from the first mark on, where the quote below it is not marked line by line.

    Only if there is text above: a mail that starts with the mark is answered below or between.
    """
    said = False
    for index, line in enumerate(lines):
        if line.kind is _Kind.TEXT:
            said = True
        elif said and _opens_old_text(lines, index):
            return lines[:index]
    return lines


def _opens_old_text(lines: Sequence[_Line], index: int) -> bool:
    """Tell whether unmarked old text follows: a header block, or a sure attribution."""
    if lines[index].kind is not _Kind.ATTRIBUTION:
        return lines[index].kind is _Kind.ORIGINAL
    sure = quote_marks.is_sure(lines[index].text)
    for line in lines[index + 1 : index + _MAX_GAP_LINES]:
        if line.kind is _Kind.QUOTE:
            return False
        if line.kind is _Kind.ATTRIBUTION:
            sure = sure or quote_marks.is_sure(line.text)
        elif line.kind is not _Kind.BLANK:
            break
    return sure


def _without_signature(lines: list[_Line]) -> list[_Line]:
    """Drop signatures (up to the next quote or the end) and device lines with nothing below."""
    kept: list[_Line] = []
    index, said = 0, False
    while index < len(lines):
        line = lines[index]
        said = said or line.kind is _Kind.TEXT
        if line.kind is _Kind.SIGNATURE and said:
            length = _signature(lines, index)
            index += length
            if length:
                continue
        below = lines[index + 1].kind if index + 1 < len(lines) else _Kind.BLANK
        if line.kind is not _Kind.DEVICE or not said or below is _Kind.TEXT:
            kept.append(line)
        index += 1
    return kept


def _signature(lines: Sequence[_Line], start: int) -> int:
    """Return the length of the signature that begins here; 0 if it is none."""
    written: list[str] = []
    index = start + 1
    while index < len(lines) and len(written) <= _MAX_SIGNATURE_LINES:
        line = lines[index]
        if line.kind in {_Kind.QUOTE, _Kind.ATTRIBUTION, _Kind.ORIGINAL}:
            break
        written += [line.text] if line.kind is not _Kind.BLANK else []
        index += 1
    return index - start if quote_marks.may_be_signature(lines[start].text, written) else 0


def _names_author(quote: Sequence[_Line]) -> bool:
    """Tell whether a quote begins with its attribution, itself marked as a quote."""
    written = [line.text.lstrip("> ") for line in quote if line.kind is _Kind.QUOTE]
    first = next((index for index, text in enumerate(written) if text), 0)
    return quote_marks.attribution(written[first : first + _MAX_ATTRIBUTION_LINES]) > 0


def _without_quotes(lines: list[_Line]) -> list[_Line]:
    """Drop the quote below the answer, the attributed one above it, and what they are led by.

    A quote with text on both sides is context that the answer needs.
    """
    spoken = [index for index, line in enumerate(lines) if line.kind is _Kind.TEXT]
    leads = _leads(lines)
    if not spoken:
        return [line for line, lead in zip(lines, leads, strict=True) if not lead]
    first, last = spoken[0], spoken[-1]
    above = lines[:first]
    attributed = any(line.kind is _Kind.ATTRIBUTION for line in above) or _names_author(above)
    between = any(line.kind is _Kind.QUOTE for line in lines[first:last])
    drop_above = attributed and not between
    return [
        line
        for index, line in enumerate(lines)
        if not leads[index]
        and not (line.kind is _Kind.QUOTE and (index > last or (index < first and drop_above)))
    ]


def _leads(lines: Sequence[_Line]) -> list[bool]:
    """Tell of each line whether it is an attribution of a quote, or names an address as they do.

    Any other that looks so may be the customer's own words about what somebody wrote.
    """
    found = [False] * len(lines)
    below = _Kind.QUOTE  # at the end it leads to what was cut
    end = len(lines)
    while end:
        start = end - 1
        while start and lines[start - 1].kind is lines[end - 1].kind:
            start -= 1
        kind = lines[start].kind
        if kind is _Kind.ATTRIBUTION:
            addressed = any("@" in line.text for line in lines[start:end])
            found[start:end] = [addressed or below is _Kind.QUOTE] * (end - start)
        elif kind is not _Kind.BLANK:
            below = kind
        end = start
    return found
