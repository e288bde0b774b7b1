"""The recipient groups of a delivery report (RFC 3464 2.1), however badly it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from supportbot.channels.email.reading.encoded_words import header_text

_FIELD: Final = re.compile(r"([A-Za-z][A-Za-z\-]{1,40})[ \t]{0,4}:[ \t]{0,20}(.*)")
_MAX_GROUPS: Final = 500
_MAX_VALUE_CHARS: Final = 4_000
#: A group with one of them is a recipient's; without, it is the message's own.
_OF_RECIPIENTS: Final = frozenset({"final-recipient", "original-recipient", "action"})


def status_groups(text: str) -> tuple[Mapping[str, str], ...]:
    """Read the fields of each recipient, lower-case names; what is no field goes on with the last.

    Linear, never raises; at most 500 groups.
    """
    found: list[Mapping[str, str]] = []
    for group in _groups(text):
        if _OF_RECIPIENTS & group.keys():
            found.append({name: header_text(value) for name, value in group.items()})
        if len(found) >= _MAX_GROUPS:
            break
    return tuple(found)


def _groups(text: str) -> Iterator[dict[str, str]]:
    """Give the fields between blank lines; the first of equal names counts, as it does above."""
    fields: dict[str, str] = {}
    last = ""
    for line in (*text.splitlines(), ""):
        if not line.strip():
            yield fields
            fields, last = {}, ""
            continue
        found = None if line[0].isspace() else _FIELD.match(line)
        if found:
            last = found[1].lower()
            last = "" if last in fields else last
            fields.update({last: found[2]} if last else {})
        elif last and len(fields[last]) < _MAX_VALUE_CHARS:
            fields[last] += f" {line.strip()}"
