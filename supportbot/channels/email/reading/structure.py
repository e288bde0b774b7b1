"""The parts of a mail: which are its text, which are files, which is a report.

Follows RFC 8621 section 4.1.4 for what counts as text. Attached mails are never descended into,
except that reports are asked for the identity of the mail that they return.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from typing import Any, Final

from supportbot.channels.email.reading.cms import signed_content
from supportbot.channels.email.reading.encoded_words import header_text
from supportbot.channels.email.reading.invitation import invitation
from supportbot.channels.email.reading.mail import Limits, MailFile
from supportbot.channels.email.reading.status_groups import status_groups
from supportbot.files.charsets import decode
from supportbot.files.kinds import kind_of

_TEXT: Final = frozenset({"text/plain", "text/html"})
_MEDIA: Final = ("image/", "audio/", "video/")
#: What parts are called that come without a name.
_NAMES: Final = {
    "application/ms-tnef": "winmail.dat",
    "application/vnd.ms-tnef": "winmail.dat",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.txt",
    "application/pgp-keys": "key.asc",
    "text/calendar": "invite.ics",
    "text/vcard": "contact.vcf",
    "message/rfc822": "message.eml",
    "message/global": "message.eml",
}
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SMIME: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
#: Kinds of S/MIME parts (RFC 8551 3.2.2) that hold no text.
_OPEN_SMIME: Final = frozenset({"certs-only"})
#: Parts of a report that describe an earlier mail.
STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
#: What no name may hold on some system, control characters, and marks that turn it around:
#: `exe.gnp` would be read as `png.exe`.
_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff<>:\"|?*/\\]+"
)
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_DOTS: Final = re.compile(r"^[. ]+|[. ]+$")
_MAX_NAME_CHARS: Final = 120
#: UTF-8 needs up to four bytes a character; `Limits.max_text_chars` cuts exactly.
_MAX_TEXT_BYTES: Final = 4_000_000
_MAX_RETURNED_BYTES: Final = 100_000
_MAX_SIGNED_BOUNDARIES: Final = 50


@dataclass(slots=True)
class Structure:
    """What the walk over the parts has found so far."""

    text: list[tuple[str, str]] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[MailFile] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    status_groups: list[Mapping[str, str]] = field(default_factory=list)
    returned: list[Message] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    encrypted: str | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Node:
    part: Message
    depth: int
    #: Subtype of the multipart around it, and its place in there.
    inside: str = ""
    index: int = 0
    #: True below a multipart/alternative: its plain and HTML forms are one text.
    alternative: bool = False


def read_structure(root: Message, limits: Limits) -> Structure:
    """Walk the parts once, without recursion, within the limits."""
    found = Structure()
    stack = [_Node(root, 0)]
    while stack:
        node = stack.pop()
        if len(found.types) >= limits.max_parts:
            found.warnings.append("too_many_parts")
            break
        found.types.append(content_type(node.part))
        children = _children(node) or _signed(node, found.types[-1])
        if children and node.depth < limits.max_depth:
            stack.extend(reversed(children))
        elif found.types[-1] in STATUS_TYPES:
            found.status_groups += status_groups(_status_text(node.part))
        elif not found.types[-1].startswith("multipart/") or isinstance(
            node.part.get_payload(), str
        ):
            _leaf(node, found)
    return found


def raw_header(part: Message, name: str) -> str:
    """Return the first header of that name as it stands, unfolded, 8-bit bytes decoded."""
    for key, value in part.raw_items():
        if key.lower() == name:
            return _legible(str(value))
    return ""


def parameters(value: str) -> dict[str, str]:
    """Read `value; name=value; ...` with RFC 2231 and RFC 2047 forms; lower-case names."""
    probe = Message()
    probe["x"] = " ".join(value.split())
    found: dict[str, str] = {}
    try:
        pairs: list[tuple[str, Any]] = probe.get_params([], header="x")
    except (MessageError, ValueError, LookupError):
        return found
    for name, given in pairs[1:]:
        if isinstance(given, tuple):
            # Where both forms stand, this one has all characters (RFC 6266 4.3).
            text = decode(str(given[2]).encode("latin-1", "replace"), given[0])
            found[name.lower()] = header_text(text)
        else:
            found.setdefault(name.lower(), header_text(str(given).removeprefix('"')))
    return found


def content_type(part: Message) -> str:
    """Return the type as `kind/subtype`; text/plain where it is missing or malformed."""
    declared = raw_header(part, "content-type").partition(";")[0].strip().lower()
    if re.fullmatch(r"[\w.+\-]+/[\w.+\-]+", declared):
        return declared
    return part.get_default_type()


def _legible(value: str) -> str:
    if value.isascii():
        return value
    return decode(value.encode("utf-8", "surrogateescape"), None)


def _children(node: _Node) -> list[_Node]:
    payload = node.part.get_payload()
    kind, _, subtype = content_type(node.part).partition("/")
    if kind != "multipart" or not isinstance(payload, list):
        return []
    alternative = node.alternative or subtype == "alternative"
    return [
        _Node(part, node.depth + 1, subtype, index, alternative)
        for index, part in enumerate(payload)
        if isinstance(part, Message)
    ]


def _signed(node: _Node, kind: str) -> list[_Node]:
    """Return the mail inside a part that is signed in one piece."""
    if kind not in _SMIME or _smime_type(node.part) not in {"signed-data", ""}:
        return []
    inner = signed_content(_content(node.part))
    if inner is None or inner.count(b"boundary") > _MAX_SIGNED_BOUNDARIES:
        return []
    return [_Node(message_from_bytes(inner), node.depth + 1)]


def _status_text(part: Message) -> str:
    """Put together what the library took apart: it ends a group at any line that is no field."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return str(payload)
    groups = (group for group in payload if isinstance(group, Message))
    return "\n\n".join(
        "\n".join([*(f"{name}: {value}" for name, value in group.raw_items()), _rest(group)])
        for group in groups
    )


def _rest(group: Message) -> str:
    rest = group.get_payload()
    return rest if isinstance(rest, str) else ""


def _leaf(node: _Node, found: Structure) -> None:
    part, kind = node.part, found.types[-1]
    disposition = raw_header(part, "content-disposition")
    declared = parameters(disposition).get("filename") or parameters(
        raw_header(part, "content-type")
    ).get("name")
    attached = disposition.strip().lower().startswith("attachment")
    if kind in {"message/rfc822", "message/global", "text/rfc822-headers"}:
        found.returned.append(_embedded(part))
    first = node.index == 0
    inline = not attached and (kind in _TEXT or kind.startswith("multipart/"))
    if inline and (first or (node.inside != "related" and not declared)):
        _text(node, kind, found)
        return
    shown = not attached and kind.startswith(_MEDIA)
    file = _file(part, kind, declared, inline=shown)
    found.files.append(file)
    _note(node, kind, file, found)


def _note(node: _Node, kind: str, file: MailFile, found: Structure) -> None:
    """Say what a part is that no reader of text would understand."""
    if kind == "text/calendar":
        event = invitation(decode(file.content[:_MAX_TEXT_BYTES], _charset(node.part)))
        found.notes += [event] if event and event not in found.notes else []
    elif file.content_type in _TNEF or kind in _TNEF:
        found.notes.append(
            f"{file.filename}: attachments in a format of Outlook, which cannot be opened here"
        )
    elif node.inside == "encrypted" and node.index == 0:
        found.encrypted = "PGP"
    elif kind in _SMIME and _smime_type(node.part) not in _OPEN_SMIME:
        found.encrypted = "S/MIME"


def _smime_type(part: Message) -> str:
    """Return `signed-data` and the like; an empty string where it is not said."""
    return parameters(raw_header(part, "content-type")).get("smime-type", "").lower()


def _charset(part: Message) -> str | None:
    return parameters(raw_header(part, "content-type")).get("charset")


def _text(node: _Node, kind: str, found: Structure) -> None:
    text = (
        decode(_content(node.part)[:_MAX_TEXT_BYTES], _charset(node.part))
        .replace("\r\n", "\n")
        .replace("\x00", "")
    )
    if kind == "text/html":
        found.html.append(text)
    if kind != "text/html" or not node.alternative:
        found.text.append((kind, text))


def _file(part: Message, kind: str, declared: str | None, *, inline: bool) -> MailFile:
    attached_mail = isinstance(part.get_payload(), list)
    content = _embedded(part).as_bytes() if attached_mail else _content(part)
    name = declared or _NAMES.get(kind) or f"part.{kind.partition('/')[2][:8]}"
    found = kind if attached_mail else kind_of(kind, content)
    return MailFile(safe_name(name), declared, found, content, inline)


def _embedded(part: Message) -> Message:
    """Return the mail inside a message/rfc822 part, or one made of the returned headers."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return payload[0]
    return message_from_bytes(_content(part)[:_MAX_RETURNED_BYTES].lstrip())


def _content(part: Message) -> bytes:
    """Return the decoded bytes of a leaf; broken transfer encodings give what they can."""
    payload = part.get_payload()
    if not isinstance(payload, str):
        return b""
    encoding = raw_header(part, "content-transfer-encoding").partition(";")[0].strip().lower()
    if encoding == "base64":
        # The library's way takes several times the memory of the file.
        with suppress(binascii.Error, ValueError):
            return binascii.a2b_base64(payload)
    del part["content-transfer-encoding"]
    part["content-transfer-encoding"] = encoding
    try:
        data = part.get_payload(decode=True)
    except (binascii.Error, ValueError, LookupError):
        data = None
    return data if isinstance(data, bytes) else payload.encode("utf-8", "surrogateescape")


def safe_name(declared: str) -> str:
    """Make a base name out of whatever a sender calls a file: no path, no control characters."""
    drive = _DRIVE.match(declared)
    base = re.split(r"[/\\]", declared[drive.end() :] if drive else declared)[-1]
    clean = _DOTS.sub("", _UNSAFE.sub("_", base))
    stem, dot, ending = clean.rpartition(".")
    if dot and len(clean) > _MAX_NAME_CHARS:
        return f"{stem[: _MAX_NAME_CHARS - len(ending[:16]) - 1]}.{ending[:16]}"
    return clean[:_MAX_NAME_CHARS] or "file"
