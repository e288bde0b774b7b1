r"""A model's words as both stores can hold them and any encoder can send them. Pure.

Servers that cut an answer by UTF-16 units send an emoji as two halves of a surrogate pair, each in
a piece of its own; no encoder takes a half, and PostgreSQL refuses NUL. JSON in a tool call's
arguments may spell both as escapes (`\ud83d`, `\u0000`), which come to life when it is read.
"""

from __future__ import annotations

import re

#: Matches what stores and encoders refuse.
BROKEN = re.compile("[\x00\ud800-\udfff]")
INSTEAD = "\ufffd"
_HIGH = re.compile("[\ud800-\udbff]\\Z")
#: A whole pair, what is broken, or any other escape: a backslash that is escaped begins none.
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<broken>\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def whole_characters(text: str) -> str:
    """Return a text without NUL, its pairs joined, what stays of a pair replaced by U+FFFD."""
    if not BROKEN.search(text):
        return text
    units = text.replace("\x00", "").encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace")


def whole_json(text: str) -> str:
    """Return JSON, broken or not, as `whole_characters`, with its broken escapes replaced too.

    None of them is just left out: what stood on both sides of it could be another one then.
    """
    return _ESCAPE.sub(
        lambda found: INSTEAD if found["broken"] else found[0], whole_characters(text)
    )


class Joining:
    """A text that comes in pieces: the first half of a pair waits for its second."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """Take a piece; return what is whole by now, which may be nothing."""
        text = self._half + piece.replace("\x00", "")
        self._half = text[-1:] if _HIGH.search(text) else ""
        return whole_characters(text.removesuffix(self._half))

    def rest(self) -> str:
        """Return what stands for a half that waited in vain; nothing the next time."""
        half, self._half = self._half, ""
        return whole_characters(half)
