"""Masking what points to a person, for those who may read transcripts but not know the people."""

from __future__ import annotations

import re

#: Tried only where a word begins: a long text without any address is read once, not n times.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w.-]*\w")
#: Telephone, card and account numbers: seven digits or more, however they are grouped.
_NUMBER = re.compile(r"(?<![\w])\+?\d(?:[ ()./-]{0,2}\d){6,}(?![\w])")

HIDDEN_NAME = "Customer"


def masked(text: str) -> str:
    """Replace addresses and long numbers by a mark; the rest stays as it is. Pure."""
    return _NUMBER.sub("[number]", _EMAIL.sub("[e-mail]", text))
