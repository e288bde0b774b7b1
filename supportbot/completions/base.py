"""The contract of a completer. Suite: `supportbot.testing.contracts.CompleterContract`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from supportbot.model.completion import CompletionEvent, Prompt

#: Endpoint of kb-extractive, which lives in this process.
EMBEDDED = "embedded"


class Completer(Protocol):
    """One model behind one endpoint."""

    #: The model's name, stored with every completion.
    model: str
    #: Where it is: a base URL, or `EMBEDDED`.
    endpoint: str

    def complete(self, prompt: Prompt) -> AsyncGenerator[CompletionEvent, None]:
        """Ask the model once; yield text as it comes and the whole Completion last.

        The generator must be closed by the caller (`contextlib.aclosing`), which closes the
        connection too. A failure before the first text is retried inside while the deadline of
        the caller allows; there is one owner of retries. Every try that failed is told as an
        AttemptFailed, the last one before the error is raised: it may have cost something. All
        words, those of tool calls too, are whole characters (see `characters`).

        Raises:
            CompletionError: no usable answer; `kind` says why, `permanent` whether to try again.
        """

    async def aclose(self) -> None:
        """Give back connections; the completer is not used afterwards."""
