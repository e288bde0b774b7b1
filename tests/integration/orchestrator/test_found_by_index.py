"""What happens below messages reads a ticket's rows by index, however many tickets there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from supportbot.model.inbound import ActionKind, Deleted, Edited
from supportbot.testing import said
from tests.integration.orchestrator.desk import (
    ADA,
    KIM,
    customer_presses,
    escalated,
    packet,
    press,
    under,
    writes,
)

_LARGE = ("delivery", "feedback", "message", "ticket_event")


@contextmanager
def explained(plans: list[str]) -> Iterator[None]:
    """Note how SQLite runs each statement that is put together for the occasion."""

    def executed(_connection: Any, cursor: Any, statement: str, given: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", given)
            plans.extend(str(row[3]) for row in cursor.fetchall())

    event.listen(Engine, "before_cursor_execute", executed)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", executed)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # it plans without statistics
async def test_presses_and_words_of_people_read_no_whole_table(world: Any) -> None:
    plans: list[str] = []
    with explained(plans):
        ticket, notice = await escalated(world)
        (answer, *_) = world.channel.shown("t1")
        await press(world, ActionKind.CLAIM, KIM, packet(world))
        await world.hear(writes(KIM, "Hello.", below=under(notice)), "kim-1")
        await world.settle()
        await world.hear(Deleted(thread_keys=("desk",), message_key="kim-1"))
        await world.hear(said("It is the blu one."), "ada-2")
        await world.settle()
        await world.hear(Edited(ADA, "ada-2", ("t1",), "It is the blue one."))
        await world.hear(Deleted("ada-2", ("t1",)))
        await customer_presses(world, ActionKind.FEEDBACK, answer, value=-1)
        await customer_presses(world, ActionKind.COMMENT, answer, text="No.")
    assert {"feedback", "edited", "deleted"} <= {*await world.kinds(ticket)}
    whole = {f"SCAN {table}" for table in _LARGE}
    assert any("ix_delivery_ticket_id_id" in plan for plan in plans)
    assert not whole & {*plans}
