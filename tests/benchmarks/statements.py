"""How many SQL statements and transactions an answered message costs, counted in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import clean_environ
from sqlalchemy import event
from sqlalchemy.engine import Engine

from supportbot.app.house import House, answering, now
from supportbot.settings.load import load
from supportbot.store import tickets
from supportbot.testing.fake_model import FakeModel
from supportbot.testing.memory import MemoryChannel, said

_TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK")


@dataclass(slots=True)
class Counted:
    """What reached the driver."""

    statements: int = 0
    transactions: int = 0


async def count_statements(folder: Path) -> tuple[Counted, Counted]:
    """Return the cost of the message that opens a ticket, and of the next one."""
    channel = MemoryChannel(now)
    async with FakeModel(lambda _: "Open Websites, choose Backups.") as model:
        environ = {**clean_environ(), "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none"}
        async with answering(load(folder, environ), channel) as house:
            await _answer(house, channel, "warm-up")
            with _counting() as first:
                await _answer(house, channel, "counted")
            with _counting() as follow_up:
                await _answer(house, channel, "counted")
    return first, follow_up


async def _answer(house: House, channel: MemoryChannel, thread: str) -> None:
    heard = said("How do I restore a backup?", thread=thread)
    accepted = await house.intake.accept(channel.inbound(heard))
    if accepted.ticket is None:
        raise RuntimeError(f"the message was refused: {accepted.suppressed}")
    async with house.wiring.db.reading() as work:
        ticket = await tickets.by_public_id(work, accepted.ticket)
    await house.settle(ticket.id)


@contextmanager
def _counting() -> Iterator[Counted]:
    counted = Counted()

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(_TRANSACTION):
            counted.transactions += statement.startswith("BEGIN")
        else:
            counted.statements += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", count)
        # The harness itself looked up the ticket once.
        counted.statements -= 1
        counted.transactions -= 1
