"""One transaction, handed from room to room."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection


class UnitOfWork:
    """An open transaction and what shall happen once it is committed.

    Made by `Database.writing()` or `Database.reading()` only; never kept beyond its block.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        #: For query modules of the store (and dispatchers that enqueue in the same transaction).
        self.connection = connection
        self._after_commit: list[Callable[[], None]] = []

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call this once the transaction is on disk; not at all if it is rolled back."""
        self._after_commit.append(callback)

    def committed(self) -> None:
        """Run the callbacks; called by the database right after the commit."""
        for callback in self._after_commit:
            callback()
