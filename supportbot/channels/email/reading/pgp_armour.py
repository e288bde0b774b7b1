"""PGP in the text itself (RFC 9580 6 and 7): what is signed is read, what is sealed is told."""

from __future__ import annotations

import re
from typing import Final

_SIGNED: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE: Final = "-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END: Final = "-----END PGP SIGNATURE-----"
_MESSAGE: Final = "-----BEGIN PGP MESSAGE-----"
#: `Hash: SHA256` and the like, and the blank line behind them.
_HEADERS: Final = re.compile(r"(?:[A-Za-z]{1,20}: [^\n]{0,200}\n){0,10}[ \t]*\n")
_DASH_ESCAPED: Final = re.compile(r"^- ", re.MULTILINE)


def encrypted(text: str) -> str | None:
    """Return `PGP` for a text that begins with a sealed message."""
    return "PGP" if text.lstrip().startswith(_MESSAGE) else None


def signed_text(text: str) -> str:
    """Take the words of a signed message out of its armour; other text stays as it is."""
    before, begin, rest = text.partition(f"{_SIGNED}\n")
    if not begin or before.strip():
        return text
    words, signature, tail = rest.partition(_SIGNATURE)
    if not signature:
        return text
    below = tail.partition(_SIGNATURE_END)[2]
    return _DASH_ESCAPED.sub("", _without_headers(words)) + below


def _without_headers(words: str) -> str:
    found = _HEADERS.match(words)
    return words[found.end() :] if found else words
