"""Header values to text: RFC 2047 words, raw 8-bit bytes, folding and control characters.

Own code because the library's modern parser recurses and raises on hostile headers and its older
one loses words; this reads what senders really write, in linear time.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from supportbot.files.charsets import decode

_WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,4000})\?=")
#: White space between two encoded words is part of the folding, not of the text.
_BETWEEN: Final = re.compile(r"\s*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def header_text(raw: str) -> str:
    """Decode one raw header value (surrogate escapes stand for 8-bit bytes) to one clean line."""
    if not raw.isascii():
        raw = decode(raw.encode("utf-8", "surrogateescape"), None)
    return _CONTROL.sub(" ", decode_words(raw)).strip()


def decode_words(value: str) -> str:
    """Replace RFC 2047 words; neighbours in one charset are joined before they are decoded.

    Some senders cut multi-byte characters in two; joining the bytes first mends them.
    """
    out: list[str] = []
    pending: list[bytes] = []
    charset, end = "", 0
    for word in _WORD.finditer(value):
        gap = value[end : word.start()]
        label = word[1].partition("*")[0].lower()
        if not pending or not _BETWEEN.fullmatch(gap) or label != charset:
            out.append(decode(b"".join(pending), charset))
            out.append("" if pending and _BETWEEN.fullmatch(gap) else gap)
            pending = []
        pending.append(_payload(word[2], word[3]))
        charset, end = label, word.end()
    out.append(decode(b"".join(pending), charset))
    out.append(value[end:])
    return "".join(out)


def _payload(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b"_", b"=20"), header=False)
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return base64.b64decode(kept + b"=" * (-len(kept) % 4))
