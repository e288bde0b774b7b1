"""What operators write below a notice stays what its customer sees, whatever happens beside it."""

from __future__ import annotations

import asyncio
from typing import Any

from supportbot.orchestrator import own_words
from supportbot.store import threads, tickets
from tests.integration.orchestrator.desk import GRACE, escalated, under, writes


async def test_words_that_are_changed_in_the_moment_they_leave_are_shown_as_they_are(
    world: Any,
) -> None:
    """The change is not committed yet while the old words are claimed, and must not miss that."""
    ticket, notice = await escalated(world)
    await world.hear(writes(GRACE, "Call extension 42.", below=under(notice)))
    async with world.db.writing() as work:
        held = await tickets.get(work, ticket.id, lock=True)
        message = (await threads.messages(work, ticket.id))[-1]
        await own_words.reworded(world.wiring, work, held, message, "Call extension 43.")
        leaving = asyncio.create_task(world.deliver.deliver(ticket.id))
        await asyncio.wait((leaving,), timeout=0.5)
    await leaving
    await world.settle()
    assert world.channel.shown("t1")[-1].text == "Call extension 43."
