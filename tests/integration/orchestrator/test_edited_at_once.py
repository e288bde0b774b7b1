"""A message and an edit of it that come at one moment, on PostgreSQL, where both are written."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from supportbot.model.inbound import Edited, Heard
from supportbot.testing import said
from tests.integration.orchestrator.desk import ADA

pytestmark = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)

ASKED = said("Where is the blu one?")
EDITED = Edited(ADA, "m2", ("t1",), "Where is the blue one?")


@pytest.mark.parametrize("order", [(ASKED, EDITED), (EDITED, ASKED)])
async def test_the_edit_is_kept_whichever_is_written_first(
    world: Any, monkeypatch: pytest.MonkeyPatch, order: tuple[Heard, Heard]
) -> None:
    """The first one is decided, and not committed before the second one is there."""
    await world.ask(said("Hello."))
    first, second = order
    decided, goes_on = asyncio.Event(), asyncio.Event()
    understanding = world.intake._understanding
    decide = understanding.decide

    async def slowly(work: Any, inbound: Any, heard: Heard, **given: Any) -> Any:
        outcome = await decide(work, inbound, heard, **given)
        if heard == first and not decided.is_set():
            decided.set()
            await goes_on.wait()
        return outcome

    monkeypatch.setattr(understanding, "decide", slowly)
    one = asyncio.create_task(world.hear(first, _key(first)))
    await decided.wait()
    other = asyncio.create_task(world.hear(second, _key(second)))
    await somebody_waits(world, other)
    goes_on.set()
    await asyncio.gather(one, other)
    [ticket] = await world.all_tickets()
    assert (await world.messages(ticket))[-1].text == EDITED.text


def _key(heard: Heard) -> str:
    return "m2" if heard == ASKED else "edit"


async def somebody_waits(world: Any, task: asyncio.Task[Any]) -> None:
    """Wait until a transaction waits for another one, or nothing is left that could."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with world.db.reading() as work:
        while not (task.done() or await work.connection.scalar(waiting)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
