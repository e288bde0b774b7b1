"""A reply that waits for an operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DraftState(StrEnum):
    """open waits; sent left as written; edited left changed; discarded and shadow never leave."""

    OPEN = "open"
    SENT = "sent"
    EDITED = "edited"
    DISCARDED = "discarded"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply that waits, for the customer messages up to `upto_seq`."""

    id: int
    ticket_id: int
    ticket: str
    product: str
    upto_seq: int
    text: str
    state: DraftState
    created_at: datetime
    policy_version_id: int | None
    completion_id: int | None
    handler_epoch: int
    decided_at: datetime | None = None
    reason: str | None = None
    policy_sha: str | None = None
    model: str | None = None


def edit_distance(before: str, after: str) -> int:
    """Count the words to insert, delete or replace to turn one text into the other (Levenshtein).

    Texts are compared word by word, at most 400 words each, so that the cost stays bounded.
    """
    old, new = before.split()[:400], after.split()[:400]
    row = list(range(len(new) + 1))
    for i, left in enumerate(old, 1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(new, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right)),
            )
    return row[-1]
