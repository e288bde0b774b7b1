"""What a retriever is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A customer's question: the last turn, and all their turns of the episode."""

    last: str
    all: str
    #: Knowledge collections of the product; nothing outside them may be found.
    collections: tuple[str, ...]
