"""The contract of a retriever. Suite: `supportbot.testing.contracts.RetrieverContract`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from supportbot.model.completion import Passage
from supportbot.model.question import Question


class Retriever(Protocol):
    """Finds passages for a question."""

    async def search(self, question: Question, limit: int) -> Sequence[Passage]:
        """Return at most `limit` passages of the question's collections, the best first.

        Equal data gives an equal order. Nothing found is an empty sequence, never an error.
        """
