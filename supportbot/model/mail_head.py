"""The head of a mail, shown to people as it came, where nobody could read the mail. Pure."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Final

#: So much of a mail is looked at; nobody reads more.
MOST_HEAD_BYTES: Final = 16_384
_END: Final = re.compile(rb"\r?\n\r?\n")
_FOLDED: Final = re.compile(r"\n[ \t]+")
_UNSHOWN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MOST_VALUE_CHARS: Final = 300


def head_of(raw: bytes) -> str:
    """Return the headers as text; whatever is no character is replaced."""
    block = _END.split(raw[:MOST_HEAD_BYTES], maxsplit=1)[0]
    text = block.decode("utf-8", "replace").replace("\r\n", "\n")
    return _UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", text)


def value_of(head: str, name: str) -> str:
    """Return what the first header of that name says, on one line; empty where there is none."""
    wanted = rf"^{re.escape(name)}[ \t]*:[ \t]*(.*)$"
    found = re.search(wanted, _FOLDED.sub(" ", head), re.IGNORECASE | re.MULTILINE)
    value = found[1].strip()[:_MOST_VALUE_CHARS] if found else ""
    try:
        shown = str(make_header(decode_header(value)))
    except (LookupError, ValueError, HeaderParseError):
        return value
    return " ".join(_UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", shown).split())
