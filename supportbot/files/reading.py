"""What a file that came with a message holds: text, a picture, or nothing that can be read. Pure.

A name and a type are only what somebody said: what the bytes are decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from supportbot.files.charsets import decode
from supportbot.files.pdf import UnreadablePdf, page_texts
from supportbot.files.pictures import Picture, picture_of
from supportbot.model.excerpt import head_and_tail
from supportbot.model.file import FileReason

_PDF = b"%PDF-"
#: A PDF may have so many bytes before its mark.
_PDF_BEGINS_WITHIN = 1024
#: Files without a telling type that are text all the same, by the ends of their names.
_TEXT_SUFFIXES = frozenset({
    ".bat", ".c", ".cfg", ".cnf", ".conf", ".cpp", ".cs", ".css", ".csv", ".diff", ".eml", ".env",
    ".go", ".h", ".har", ".htaccess", ".htm", ".html", ".ics", ".ini", ".java", ".js", ".json",
    ".jsonl", ".kt", ".log", ".lua", ".markdown", ".md", ".patch", ".php", ".pl", ".properties",
    ".ps1", ".py", ".r", ".rb", ".rs", ".rst", ".scala", ".sh", ".sql", ".srt", ".svg", ".swift",
    ".tex", ".toml", ".ts", ".tsv", ".txt", ".vcf", ".xml", ".yaml", ".yml",
})  # fmt: skip
_TEXT_TYPES = frozenset({
    "application/csv", "application/javascript", "application/json", "application/sql",
    "application/toml", "application/x-javascript", "application/x-ndjson", "application/x-sh",
    "application/x-yaml", "application/xml", "application/yaml", "message/rfc822",
})  # fmt: skip
_VAGUE_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
#: Characters that no text has, but for the white ones.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
#: A text may have one such character in so many: terminals and old programs leave some.
_CONTROL_SHARE = 50


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """How much of a file is read."""

    text_chars: int = 20_000
    pdf_pages: int = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in a file; one of the three."""

    text: str | None = None
    picture: Picture | None = None
    #: Why there is neither.
    reason: FileReason | None = None


def read(filename: str, content_type: str, raw: bytes, rules: ReadingRules) -> Reading:
    """Read a file; a long text keeps its head and its tail. Never raises."""
    if not raw:
        return Reading(reason=FileReason.EMPTY)
    picture = picture_of(raw)
    if picture is not None:
        return Reading(picture=picture)
    if is_pdf(raw):
        return _of_pdf(raw, rules)
    kind, _, parameters = content_type.lower().partition(";")
    if not _may_be_text(filename, kind.strip()):
        return Reading(reason=FileReason.NOT_TEXT)
    charset = re.search(r"charset=\"?([\w.-]+)", parameters)
    return _of_text(raw, charset[1] if charset else None, rules)


def is_pdf(raw: bytes) -> bool:
    """Tell a PDF, whose reading may take any time and memory, from all other files."""
    return _PDF in raw[:_PDF_BEGINS_WITHIN] and picture_of(raw) is None


def _may_be_text(filename: str, kind: str) -> bool:
    if kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml")):
        return True
    suffix = PurePosixPath(filename.lower()).suffix or filename.lower()
    return suffix in _TEXT_SUFFIXES or (kind in _VAGUE_TYPES and not suffix.startswith("."))


def _of_text(raw: bytes, label: str | None, rules: ReadingRules) -> Reading:
    marked = next((codec for mark, codec in _BYTE_ORDER_MARKS if raw.startswith(mark)), None)
    text = decode(raw, marked or label).removeprefix("\ufeff")
    if len(_CONTROL.findall(text)) * _CONTROL_SHARE > len(text):
        return Reading(reason=FileReason.NOT_TEXT)
    return _text(text, rules, FileReason.EMPTY)


def _of_pdf(raw: bytes, rules: ReadingRules) -> Reading:
    pages: list[str] = []
    length = 0
    try:
        for page in page_texts(raw, rules.pdf_pages):
            pages.append(page)
            length += len(page)
            # The tail is that of the last page that was looked at.
            if length > 2 * rules.text_chars:
                break
    except UnreadablePdf:
        if not any(page.strip() for page in pages):
            return Reading(reason=FileReason.UNREADABLE)
    return _text("\n\n".join(pages), rules, FileReason.NO_TEXT)


def _text(text: str, rules: ReadingRules, empty: FileReason) -> Reading:
    clean = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    clean = clean.encode(errors="ignore").decode()  # half a surrogate pair is no character
    return Reading(text=head_and_tail(clean, rules.text_chars)) if clean else Reading(reason=empty)
