"""One transaction, handed from room to room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from supportbot.store.statements import Parameters, Prepared, Rows, Statement, Statements


class Driver(Protocol):
    """Runs prepared statements on the connection of one transaction."""

    async def run(self, prepared: Prepared, parameters: Parameters, *, quick: bool) -> Rows:
        """Run a statement once; where a quick one keeps the loop, another must not."""

    async def run_many(self, prepared: Prepared, parameters: Sequence[Parameters]) -> None:
        """Run a statement that returns nothing for each of many rows."""


class UnitOfWork:
    """An open transaction and what shall happen once it is committed.

    Made by `Database.writing()` or `Database.reading()` only; never kept beyond its block.
    """

    def __init__(self, connection: AsyncConnection, driver: Driver, statements: Statements) -> None:
        #: For statements that are put together for the occasion, and for reports.
        self.connection = connection
        self._driver = driver
        self._statements = statements
        self._after_commit: list[tuple[Callable[[], None], Context]] = []

    @property
    def store(self) -> str:
        """Name the store, for what the two say differently: `sqlite` or `postgresql`."""
        return self._statements.dialect.name

    async def execute(
        self, statement: Statement, parameters: Parameters | None = None, *, quick: bool = True
    ) -> Rows:
        """Run a statement of a module's top level.

        `quick`: it finds few rows by index; SQLite runs it in the loop, and any other in a thread.

        Raises:
            sqlalchemy.exc.DBAPIError: as SQLAlchemy would, without the values.
        """
        given = parameters or {}
        prepared = self._statements.prepared(statement, given)
        return await self._driver.run(prepared, given, quick=quick)

    async def execute_many(self, statement: Statement, rows: Sequence[Parameters]) -> None:
        """Run such a statement for each row; all rows name the same columns."""
        if rows:
            prepared = self._statements.prepared(statement, rows[0])
            await self._driver.run_many(prepared, rows)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call this once the transaction is on disk; not at all if it is rolled back."""
        self._after_commit.append((callback, copy_context()))

    def take_callbacks(self) -> list[tuple[Callable[[], None], Context]]:
        """Return what `after_commit` was given; called by the database around the commit."""
        callbacks, self._after_commit = self._after_commit, []
        return callbacks
