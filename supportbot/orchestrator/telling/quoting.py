"""Customers' words in what operators are told: short, without power, and found again. Pure.

What a customer changes or takes back may be as short as a letter. So it is looked for only where
a notice quotes it as a whole, never among other words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from supportbot.model.markdown import inert

#: Stands in the place of words that were taken back.
GONE = "(deleted by its author)"
#: Stands in the place of a model's words that may have repeated them.
GONE_TOO = "(gone with what was taken back)"
NOTHING = "nothing"
_QUOTED_CHARACTERS = 300
_ASKED = "**Asked:** "
_BETWEEN = " / "
_AND = " · "
_WAITS = "waits since "
#: Stands for a customer without a name.
_SOMEBODY = "The customer"
#: Where a packet holds words that a model may have written: what comes before, they, blanks.
_OF_A_MODEL = re.compile(
    r"^(\*\*(?:Asked|Missing):\*\* |\*\*Why:\*\* [^:\n]*: "
    r"|\*\*Tried:\*\* (?:tools: [^·\n]*· )?answered: )(.*?)( *)$",
    re.MULTILINE,
)


def quoted(text: str) -> str:
    """Return words of somebody else as one short line without power."""
    line = " ".join(text.split())
    if len(line) > _QUOTED_CHARACTERS:
        line = f"{line[: _QUOTED_CHARACTERS - 3].rstrip()}..."
    return inert(line)


def asked(*questions: str) -> str:
    """Return the line of a notice that quotes questions."""
    return _ASKED + (_BETWEEN.join(quoted(one) for one in questions) or NOTHING)


def requoted(notice: str, question: str, instead: str) -> str:
    """Return a notice with other words, given as Markdown, where it quotes this question."""
    if not (words := quoted(question)):
        return notice
    whole = re.compile(rf"(?:^|(?<={_BETWEEN})){re.escape(words)}(?={_BETWEEN}| *$)")
    lines = notice.split("\n")
    for number, line in enumerate(lines):
        if line.startswith(_ASKED):
            quotes = whole.sub(lambda _: instead, line.removeprefix(_ASKED))
            lines[number] = _ASKED + quotes
            break
    return "\n".join(lines)


def unworded(packet: str, keeps: Collection[str]) -> str:
    """Return a packet without the words that a model may have written, but for what it `keeps`."""
    return _OF_A_MODEL.sub(
        lambda line: line[0] if line[2] in keeps else f"{line[1]}{GONE_TOO}{line[3]}", packet
    )


def about(subject: str | None) -> str:
    """Return what operators are told a ticket is about; its public id follows."""
    return inert(subject or "ticket")


def renamed(notice: str, public_id: str, before: str | None, subject: str | None) -> str:
    """Return a notice whose first line names its ticket otherwise."""
    first, *more = notice.split("\n")
    old, new = (f": {about(one)} `{public_id}`" for one in (before, subject))
    return "\n".join([first.replace(old, new), *more])


def wrote(name: str | None) -> str:
    """Return the line above a customer's words."""
    return f"**{quoted(name or _SOMEBODY)}** wrote:"


def facts(where: str, who: Sequence[str | None], since: datetime | None) -> str:
    """Return the line of a notice that tells where a ticket came in, whose it is, and since when.

    `where`: Markdown; `who`: the customer's name, and what else is known of them.
    """
    waits = f"{_WAITS}{since:%Y-%m-%d %H:%M} UTC" if since else ""
    return _AND.join(filter(None, [where, *(quoted(one or "") for one in who), waits]))


def sender(doubt: str | None) -> str:
    """Return the line of a notice that warns of a sender whom nobody knows for certain."""
    if doubt is None:
        return ""
    return "**Sender not verified:** " + (doubt.replace("_", " ") or "nothing vouches")


def called(notice: str, where: str, before: str | None, name: str | None) -> str:
    """Return a notice that calls its customer otherwise: in its line of facts, and as who wrote.

    They may have been told of before they had a name at all.
    """
    first, line, rest = notice.partition("\n")
    if first in {wrote(before), wrote(None)}:
        return wrote(name) + line + rest
    named, nameless = (re.escape(facts(where, [one], None)) for one in (before, None))
    old = rf"^(?:{named}(?={_AND}| *$)|{nameless}(?={_AND}{_WAITS}| *$))"
    new = facts(where, [name], None)
    return re.sub(old, lambda _: new, notice, count=1, flags=re.MULTILINE)
