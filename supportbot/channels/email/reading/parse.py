"""Raw bytes to a `Mail`, whatever they are: the tolerant wrapper over the standard library.

The library finds headers and parts; every value is read by our own linear code, because the
library's header parser raises or recurses on what strangers send. Nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email import policy
from email.errors import MessageError
from email.feedparser import BytesFeedParser
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

from supportbot.channels.email.identity import LOOP_HEADER
from supportbot.channels.email.reading import pgp_armour
from supportbot.channels.email.reading.addresses import parse_addresses
from supportbot.channels.email.reading.encoded_words import header_text
from supportbot.channels.email.reading.html_text import html_to_text
from supportbot.channels.email.reading.mail import Address, Limits, Mail, Returned
from supportbot.channels.email.reading.status_groups import status_groups
from supportbot.channels.email.reading.structure import (
    Structure,
    content_type,
    parameters,
    raw_header,
    read_structure,
)
from supportbot.files.charsets import decode

#: Raised with whatever makes an old mail read otherwise; stored with what was understood.
PARSER_VERSION: Final = 2

_ID: Final = re.compile(r"<[^<>\s]{1,900}>")
_LOOSE_ID: Final = re.compile(r"[^<>\s,;]{1,400}@[^<>\s,;]{1,400}")
_BOUNDARY: Final = re.compile(
    rb"\bboundary\*?0?\*?[ \t]*=[ \t]*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE
)
_DASHED: Final = re.compile(rb"^--([^\r\n]{1,210})", re.MULTILINE)
#: `Content-Type: multipart/mixed boundary=x`: the semicolon is missing.
_NO_SEMICOLON: Final = re.compile(
    rb"^(content-type:[ \t]{0,20}multipart/[\w\-]{1,40})([ \t\r\n]{1,20}boundary=)",
    re.IGNORECASE | re.MULTILINE,
)
_MULTIPART: Final = re.compile(
    rb"^content-type:[ \t]{0,20}multipart/", re.IGNORECASE | re.MULTILINE
)
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n")
_OLDEST: Final = datetime(1982, 8, 13, tzinfo=UTC)  # RFC 822; whatever is older is a broken clock
_PIECE_BYTES: Final = 65_536
_MAX_IDS: Final = 50
_OLDEST_IDS: Final = 10
_CLOCK_SKEW: Final = timedelta(days=1)


def parse_mail(
    raw: bytes, received_at: datetime | None = None, limits: Limits | None = None
) -> Mail:
    """Read a mail; what cannot be read says so in `unreadable` and `warnings`.

    `received_at` bounds the date: a mail is not from the future. Linear in the size of `raw`.
    """
    limits = limits or Limits()
    refused = _refused(raw, limits)
    if refused:
        raw = raw[: _header_end(raw, limits)]
    try:
        root = _parsed(_NO_SEMICOLON.sub(rb"\1;\2", raw))
        structure = Structure() if refused else read_structure(root, limits)
        if not refused and _nothing(structure):
            # No part could be told apart: the raw body is better than nothing.
            structure.text.append(("text/plain", decode(body_of(raw), None)))
    except (RecursionError, MessageError, ValueError, LookupError):
        return Mail(headers={}, unreadable="malformed")
    return _assembled(root, structure, received_at, limits, refused)


def message_ids(value: str) -> tuple[str, ...]:
    """Find the ids in a header value: `<left@right>`, without white space; at most 50.

    Of more, the first and the newest are kept: the root names the thread, the last the parent.
    """
    found = tuple(dict.fromkeys(_ID.findall(value)))
    if len(found) <= _MAX_IDS:
        return found
    return found[:_OLDEST_IDS] + found[_OLDEST_IDS - _MAX_IDS :]


def body_of(raw: bytes) -> bytes:
    """Return what follows the header block: the part that stays the same on the way."""
    end = _END_OF_HEADERS.search(raw)
    return raw[end.end() :] if end else b""


def _refused(raw: bytes, limits: Limits) -> str | None:
    """Judge size and shape before the library sees it."""
    if not raw.strip(b"\r\n\t \x00"):
        return "empty"
    if len(raw) > limits.max_bytes:
        return "too_large"
    if _header_end(raw, limits) >= limits.max_header_bytes:
        return "too_complex"
    if not _MULTIPART.search(raw):
        return None
    declared = [quoted or plain for quoted, plain in _BOUNDARY.findall(raw)]
    lines = raw.count(b"\n") + raw.count(b"\r")
    if len(declared) > limits.max_depth and len(declared) * lines > limits.max_boundary_lines:
        return "too_complex"
    known = {name.strip() for name in declared}
    parts = sum(
        1
        for line in _DASHED.findall(raw)
        if (name := line.strip()) in known or name.removesuffix(b"--") in known
    )
    return (
        "too_complex" if parts > 2 * limits.max_parts or len(declared) > limits.max_parts else None
    )


def _nothing(structure: Structure) -> bool:
    said = any(text.strip() for _, text in structure.text)
    return structure.types[0].startswith("multipart/") and not (
        said or structure.files or structure.html
    )


def _header_end(raw: bytes, limits: Limits) -> int:
    end = _END_OF_HEADERS.search(raw, 0, limits.max_header_bytes)
    return end.end() if end else min(len(raw), limits.max_header_bytes)


def _parsed(raw: bytes) -> Message:
    root = _fed(raw)
    payload = root.get_payload()
    if content_type(root).startswith("multipart/") and isinstance(payload, str):
        # The boundary is folded, missing or wrong, but the parts may be there.
        first = re.match(r"\s{0,100}--(\S{1,100})[ \t]*\r?\n", payload)
        boundary = parameters(raw_header(root, "content-type")).get("boundary")
        boundary = first[1] if first else boundary
        if boundary:
            head = f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n'
            inner = _fed((head + payload).encode("utf-8", "surrogateescape"))
            root.set_payload(inner.get_payload())
    return root


def _fed(raw: bytes) -> Message:
    """Give the parser a piece at a time: all at once takes four times the memory."""
    parser = BytesFeedParser(policy=policy.compat32)
    for start in range(0, len(raw), _PIECE_BYTES):
        parser.feed(raw[start : start + _PIECE_BYTES])
    return parser.close()


def _assembled(
    root: Message,
    structure: Structure,
    received_at: datetime | None,
    limits: Limits,
    refused: str | None,
) -> Mail:
    raw = _raw_headers(root, limits)
    authors = _addresses(raw, "from")
    valid = {author.address.lower(): author for author in authors if author.address}
    text, html = _text(structure, limits)
    sealed = structure.encrypted or pgp_armour.encrypted(text)
    return Mail(
        headers={name: tuple(map(header_text, values)) for name, values in raw.items()},
        message_id=_own_id(raw),
        sender=next(iter(valid.values())) if len(valid) == 1 else None,
        authors=authors,
        reply_to=_addresses(raw, "reply-to"),
        to=_addresses(raw, "to"),
        cc=_addresses(raw, "cc"),
        subject=_subject(raw),
        date=_date(raw, received_at),
        text=pgp_armour.signed_text(text),
        html=html,
        files=tuple(structure.files),
        in_reply_to=message_ids(" ".join(raw.get("in-reply-to", ()))),
        references=message_ids(" ".join(raw.get("references", ()))),
        content_type=content_type(root),
        report_type=parameters(raw_header(root, "content-type")).get("report-type", "").lower()
        or None,
        parts=tuple(structure.types),
        returned=Returned(_groups(root, structure, text), _returned_ids(structure)),
        notes=_notes(structure, sealed),
        encrypted=sealed,
        warnings=(*structure.warnings, *_warnings(raw, valid)),
        unreadable=refused,
    )


def _raw_headers(root: Message, limits: Limits) -> Mapping[str, tuple[str, ...]]:
    """Collect the values as they stand: unfolded, 8-bit bytes decoded, RFC 2047 words kept."""
    found: dict[str, list[str]] = {}
    for name, value in root.raw_items():
        text = str(value)[: limits.max_value_chars]
        if not text.isascii():
            text = decode(text.encode("utf-8", "surrogateescape"), None)
        found.setdefault(name.lower(), []).append(" ".join(text.split()))
    return {name: tuple(values) for name, values in found.items()}


def _addresses(raw: Mapping[str, tuple[str, ...]], name: str) -> tuple[Address, ...]:
    return tuple(
        Address(header_text(entry.name), entry.address)
        for value in raw.get(name, ())
        for entry in parse_addresses(value)
    )


def _own_id(raw: Mapping[str, tuple[str, ...]]) -> str | None:
    value = next(iter(raw.get("message-id", ())), "")
    found = _ID.search(value)
    if found:
        return found[0]
    loose = _LOOSE_ID.search(value)
    return f"<{loose[0]}>" if loose else None


def _groups(root: Message, structure: Structure, text: str) -> tuple[Mapping[str, str], ...]:
    """Return a report's groups; where its parts cannot be told apart, those in its text."""
    if structure.status_groups or content_type(root) != "multipart/report":
        return tuple(structure.status_groups)
    return status_groups(text)


def _returned_ids(structure: Structure) -> tuple[str, ...]:
    """Return the ids of returned mails; whoever gave ours another left the first in our header."""
    named = (
        message_ids(raw_header(part, name))
        for part in structure.returned
        for name in ("message-id", LOOP_HEADER.lower())
    )
    return tuple(dict.fromkeys(found[0] for found in named if found))


def _subject(raw: Mapping[str, tuple[str, ...]]) -> str | None:
    values = raw.get("subject")
    return header_text(values[0]) if values else None


def _date(raw: Mapping[str, tuple[str, ...]], received_at: datetime | None) -> datetime | None:
    """Read Date, else the topmost Received; out of range becomes the time of receipt."""
    candidates = [*raw.get("date", ())[:1]]
    candidates += [line.rpartition(";")[2] for line in raw.get("received", ())[:1]]
    for value in candidates:
        try:
            moment = parsedate_to_datetime(value[:200].strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        if received_at is not None and moment > received_at + _CLOCK_SKEW:
            return received_at
        if moment >= _OLDEST:
            return moment
    return received_at


def _text(structure: Structure, limits: Limits) -> tuple[str, str | None]:
    """Join the text parts; HTML stands in where a mail has no plain form."""
    html = "\n".join(structure.html)[: limits.max_html_chars] or None
    shown = [
        html_to_text(text, limits.max_html_chars) if kind == "text/html" else text
        for kind, text in structure.text
    ]
    text = "\n".join(part for part in shown if part.strip())
    if not text.strip() and html:
        text = html_to_text(html, limits.max_html_chars)
    return text[: limits.max_text_chars], html


def _notes(structure: Structure, sealed: str | None) -> tuple[str, ...]:
    seal = [f"The mail is encrypted with {sealed}; its text cannot be read here."] if sealed else []
    return (*seal, *structure.notes)


def _warnings(raw: Mapping[str, tuple[str, ...]], valid: Mapping[str, Address]) -> list[str]:
    warnings = []
    if len(raw.get("from", ())) > 1:
        warnings.append("several_from_headers")
    if len(valid) > 1:
        warnings.append("several_senders")
    if not valid:
        warnings.append("no_sender")
    return warnings
