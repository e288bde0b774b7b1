"""How much of an unfinished answer may be seen: sentences that no rule can turn against. Pure.

What the customer has read cannot be taken back unseen, so text is held back as far as any phrase
that must never be said could still be completed by what comes.
"""

from __future__ import annotations

import re

from supportbot.model.policy import CompiledPolicy
from supportbot.policy.phrases import found_phrase, plain

#: A sentence ends with its mark and a space after it; a block ends with an empty line.
_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"')\]\u00bb\u201d]*(?=\s)|\n\s*\n")
_CODE_FENCE = "```"


def may_grow(policy: CompiledPolicy) -> bool:
    """Tell whether answers under this policy may be seen before they are whole.

    Citations can be judged only at the end.
    """
    return not policy.cite_required


def releasable(text: str, policy: CompiledPolicy) -> str | None:
    """Return the part of an unfinished answer that may be seen now; None: it must be stopped.

    The part begins with every part that was returned for a shorter text.
    """
    if found_phrase(text, policy.never):
        return None
    for end in reversed([found.end() for found in _END.finditer(text)]):
        part = text[:end]
        if part.count(_CODE_FENCE) % 2 == 0 and not _may_become(part, policy.never):
            return part.rstrip()
    return ""


def _may_become(part: str, phrases: tuple[str, ...]) -> bool:
    """Tell whether the end of a text is the beginning of a phrase."""
    shown = plain(part)
    for phrase in phrases:
        for length in range(1, len(phrase)):
            if shown.endswith(phrase[:length].rstrip()):
                return True
    return False
