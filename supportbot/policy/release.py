"""How much of an unfinished answer may be seen: sentences that no rule can turn against. Pure.

What the customer has read cannot be taken back unseen, so text is held back as far as any phrase
that must never be said could still be completed by what comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from supportbot.model.policy import CompiledPolicy
from supportbot.policy.base import ReviewRule
from supportbot.policy.phrases import found_phrase, plain
from supportbot.policy.review import RULES

#: A sentence ends with its mark and a space after it; a block ends with an empty line.
_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"')\]\u00bb\u201d]*(?=\s)|\n\s*\n")
_CODE_FENCE = "```"
#: Behind any of these a text reads the same, whatever stands before it.
_SPACE = re.compile(r"[ \n]")


def may_grow(policy: CompiledPolicy, rules: Sequence[ReviewRule]) -> bool:
    """Tell whether answers under this policy and these rules may be seen before they are whole.

    Citations can be judged only at the end, and so can whatever a rule of a plugin looks for.
    """
    return not policy.cite_required and all(rule in RULES for rule in rules)


def releasable(text: str, policy: CompiledPolicy) -> str | None:
    """Return the part of an unfinished answer that may be seen now; None: it must be stopped.

    The part begins with every part that was returned for a shorter text. It takes time in
    proportion to the text, also where a block of code does not end.
    """
    if found_phrase(text, policy.never):
        return None
    longest = max(map(len, policy.never), default=0)
    for end in reversed(list(_ends(text))):
        if not _may_become(_tail(text, end, longest), policy.never):
            return text[:end].rstrip()
    return ""


def _ends(text: str) -> Iterator[int]:
    """Yield where sentences and blocks end outside of code."""
    inside, looked_at = False, 0
    for found in _END.finditer(text):
        end = found.end()
        # A fence lies on one side of an end: neither holds a backtick.
        inside ^= text.count(_CODE_FENCE, looked_at, end) % 2 == 1
        looked_at = end
        if not inside:
            yield end


def _tail(text: str, end: int, characters: int) -> str:
    """Return what stands before an end, from a space on, with so many characters as they read.

    Emphasis and invisible characters are not read, so more is taken until there are enough.
    """
    taken = 2 * characters + 1
    while taken < end:
        space = _SPACE.search(text, end - taken, end)
        tail = text[space.start() : end] if space else ""
        if len(plain(tail)) > characters:
            return tail
        taken *= 2
    return text[:end]


def _may_become(part: str, phrases: tuple[str, ...]) -> bool:
    """Tell whether the end of a text is the beginning of a phrase."""
    shown = plain(part)
    for phrase in phrases:
        for length in range(1, len(phrase)):
            if shown.endswith(phrase[:length].rstrip()):
                return True
    return False
