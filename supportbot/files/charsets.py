"""Bytes to text whatever the label says: labels lie, are misspelt, or are missing."""

from __future__ import annotations

import codecs
from typing import Final

from charset_normalizer import from_bytes

#: Labels seen in real mail and the codec that really reads it.
_ALIASES: Final = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-9": "cp1254",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "tis-620": "cp874",
    "big5": "big5hkscs",
}
#: Labels that say nothing: bytes beyond ASCII prove them wrong.
_VAGUE: Final = frozenset({"", "us-ascii", "ascii", "unknown-8bit", "8bit", "7bit", "binary"})
#: Python's own codecs for names and source code: nobody writes texts in them, and the first two
#: take quadratic time.
_NO_CHARSETS: Final = frozenset(
    ["punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"]
)
_SINGLE_BYTE: Final = frozenset({"cp1252", "cp1250", "cp1254", "iso-8859-15", "windows-1252"})
#: Guessing needs some text to look at, and not all of a long one.
_GUESS_FROM_BYTES: Final = 64
_GUESS_BYTES: Final = 20_000
#: A text codec that fails on this small a share of the text is still the right one.
_TOLERATED_LOSS: Final = 0.02


def decode(data: bytes, label: str | None) -> str:
    """Decode with the label, else UTF-8, else a guess, else Windows-1252; never raises."""
    codec = _codec(label)
    if codec in _SINGLE_BYTE and not data.isascii():
        # Bytes beyond ASCII that happen to be valid UTF-8 are UTF-8 behind a wrong label.
        text = _strict(data, "utf-8")
        if text is not None:
            return text
    if codec is not None:
        text = _strict(data, codec)
        if text is not None:
            return text
    text = _strict(data, "utf-8")
    if text is not None:
        return text
    if codec is not None:
        text = data.decode(codec, "replace")
        lost = text.count("\ufffd")
        right = sum(not char.isascii() for char in text) - lost
        if lost <= max(1, len(text) * _TOLERATED_LOSS) and right > 0:
            return text
    return _guessed(data)


def _codec(label: str | None) -> str | None:
    """Name the codec for a label; None for labels that are unknown, vague or no text."""
    name = (label or "").strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if name in _VAGUE or not name.isascii():
        return None
    for candidate in (name, name.replace("cp-", "cp").removeprefix("x-")):
        try:
            found = codecs.lookup(candidate)
        except (LookupError, ValueError):
            continue
        # `rot13` and `base64` are codecs too, but not of text to text we want.
        no_text = found.name.replace("_", "-") in _NO_CHARSETS
        return candidate if getattr(found, "_is_text_encoding", True) and not no_text else None
    return None


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except ValueError:
        return None


def _guessed(data: bytes) -> str:
    best = from_bytes(data[:_GUESS_BYTES]).best() if len(data) >= _GUESS_FROM_BYTES else None
    if best is not None:
        text = _strict(data, best.encoding)
        if text is not None:
            return text
    return data.decode("cp1252", "replace")
