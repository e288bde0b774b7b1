"""How many SQL statements and transactions an answered message costs, counted in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from supportbot.app.house import House, answering, now
from supportbot.settings.load import load
from supportbot.store import tickets
from supportbot.store.database import Database
from supportbot.testing.fake_model import FakeModel
from supportbot.testing.memory import MemoryChannel, said
from tests.benchmarks.processes import clean_environ

#: What an answer may cost, in SQL statements: tests/integration/store/test_statements_per_answer.py
#: fails beyond it. Raise it only with what the new statement buys; lower it when you save one. The
#: latest one looks whether a prompt asks words again that were erased from stored prompts.
CEILING = {"first message of a thread": 33, "follow-up": 30}


@dataclass(slots=True)
class Counted:
    """What reached the driver."""

    statements: int = 0
    transactions: int = 0
    sql: list[str] = field(default_factory=list)


async def count_statements(folder: Path) -> tuple[Counted, Counted]:
    """Return the cost of the message that opens a ticket, and of the next one."""
    channel = MemoryChannel(now)
    async with FakeModel(lambda _: "Open Websites, choose Backups.") as model:
        environ = {**clean_environ(), "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none"}
        async with answering(load(folder, environ), channel) as house:
            await _answer(house, channel, "warm-up")
            with _counting(house.wiring.db) as first:
                await _answer(house, channel, "counted")
            with _counting(house.wiring.db) as follow_up:
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
def _counting(db: Database) -> Iterator[Counted]:
    counted = Counted()

    def count(statement: str) -> None:
        counted.transactions += statement == "BEGIN"
        counted.statements += statement != "BEGIN"
        counted.sql.append(statement)

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        count(statement)

    event.listen(Engine, "before_cursor_execute", executed)
    try:
        with db.watched(count):
            yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", executed)
        # The harness itself looked up the ticket once.
        counted.statements -= 1
        counted.transactions -= 1
