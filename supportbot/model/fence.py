"""How untrusted text is fenced inside a prompt: written by policy, read back by kb-extractive.

A fence is a pair of lines `<<kind token {facts}>>` … `<<end token>>`. The token is different for
every ticket, and any occurrence of it inside the fenced text is broken up, so that no text can
close its own fence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

QUESTION = "customer"
PASSAGE = "passage"
SUMMARY = "summary"
FILE = "file"

_BLOCK = re.compile(
    r"^<<(?P<kind>[a-z]+) (?P<token>[0-9a-f]{8,64}) (?P<facts>\{[^\n]*\})>>\n"
    r"(?P<text>.*?)\n?^<<end (?P=token)>>$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Fenced:
    """A block of untrusted text, read back from a prompt."""

    kind: str
    facts: Mapping[str, str]
    text: str


def fence(kind: str, token: str, facts: Mapping[str, str], text: str) -> str:
    """Wrap untrusted text as data; facts are shown as one line of JSON."""
    safe = text.replace(token, f"{token[:4]}…")
    shown = json.dumps(dict(facts), ensure_ascii=False, sort_keys=True).replace(token, "…")
    return f"<<{kind} {token} {shown}>>\n{safe}\n<<end {token}>>"


def unfence(content: str) -> Iterator[Fenced]:
    """Read all fenced blocks of a message back, in order."""
    for block in _BLOCK.finditer(content):
        yield Fenced(block["kind"], json.loads(block["facts"]), block["text"])


def unfenced(content: str) -> str:
    """Return what of a message stands in no fence."""
    return _BLOCK.sub("", content)
