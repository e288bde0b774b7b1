"""Holds what the code of a bot folder raises, so that it ends neither a turn nor the process."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Attempt:
    """A context manager that keeps errors of the given kinds in `error`; others pass through.

    `asyncio.CancelledError` is no `Exception`: a call that is cancelled stays cancelled.
    """

    def __init__(self, *kinds: type[BaseException]) -> None:
        self._kinds = kinds
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Keep the error."""
        held = isinstance(error, self._kinds)
        self.error = error if held else None
        return held
