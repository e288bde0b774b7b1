"""How mail programs mark in HTML what is not new; only marks that no customer writes into."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_MAX_CHARS: Final = 400
#: Whole quotes, or the line above one. Gmail's container is none: answers stand between its quotes.
_QUOTE_CLASSES: Final = frozenset(
    {"gmail_attr", "moz-cite-prefix", "yahoo_quoted", "tutanota_quote"}
)
_QUOTE_IDS: Final = frozenset({"reply-intro", "isreplycontent"})
_QUOTE_NAMES: Final = frozenset({"quote", "messagereplysection"})
#: Outlook's block of headers; all that follows it is old.
_HEADER_IDS: Final = frozenset(
    {"divrplyfwdmsg", "mail-editor-reference-message-container", "outlookmessageheader"}
)
#: The line that Outlook draws above its headers.
_HEADER_STYLE: Final = re.compile(
    r"border:none;border-top:solid[#\w()]{3,20}1\.0pt;padding:3\.0pt0(?:cm|in|mm)?0(?:cm|in|mm)?"
)
_FRAMELESS: Final = re.compile(r"border(?:-left)?:(?:none|0(?:px)?|medium\s?none)")


def is_quote(tag: str, facts: Mapping[str, str]) -> bool:
    """Tell whether an element holds old words: a quote, or the line above it."""
    classes = _classes(facts)
    if tag == "blockquote":
        # Some editors indent with it: without a frame, a source or a mark it is no quote.
        marked = facts.get("type") == "cite" or facts.get("cite") or any(classes)
        return bool(marked) or not _FRAMELESS.search(_style(facts))
    return (
        not _QUOTE_CLASSES.isdisjoint(classes)
        or facts.get("id", "").lower() in _QUOTE_IDS
        or facts.get("name", "").lower() in _QUOTE_NAMES
    )


def is_header_block(facts: Mapping[str, str]) -> bool:
    """Tell whether an element holds the headers of an old mail, which follows unmarked."""
    if facts.get("id", "").lower() in _HEADER_IDS or "outlookmessageheader" in _classes(facts):
        return True
    return _HEADER_STYLE.search(_style(facts)) is not None


def _classes(facts: Mapping[str, str]) -> list[str]:
    return facts.get("class", "")[:_MAX_CHARS].lower().split()


def _style(facts: Mapping[str, str]) -> str:
    return "".join(facts.get("style", "")[:_MAX_CHARS].lower().split())
