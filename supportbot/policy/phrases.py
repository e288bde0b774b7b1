"""Comparing phrases the way people read them: case, spacing, emphasis and look-alikes aside."""

from __future__ import annotations

import re
import unicodedata

_EMPHASIS = str.maketrans(
    {"*": None, "_": None, "`": None, "~": None, "\u2019": "'", "\u2018": "'", "\u00ad": None}
)


def plain(text: str) -> str:
    """Return text as it is compared: NFKC, lower case, single spaces, no invisible characters."""
    if text.isascii():  # nothing of it looks like something else, and all of it is visible
        return " ".join(text.translate(_EMPHASIS).lower().split())
    folded = unicodedata.normalize("NFKC", text).translate(_EMPHASIS).casefold()
    visible = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    return " ".join(visible.split())


def found_phrase(text: str, phrases: tuple[str, ...]) -> str | None:
    """Return the first of the (already plain) phrases that stands in the text, or None.

    A phrase must begin where a word begins, but may go on: `refund` is found in "refunds", `free`
    is not found in "carefree". Scripts without letter case have no such word borders.
    """
    shown = plain(text)
    for phrase in phrases:
        border = r"(?<!\w)" if phrase[:1].lower() != phrase[:1].upper() else ""
        if phrase and re.search(border + re.escape(phrase), shown):
            return phrase
    return None
