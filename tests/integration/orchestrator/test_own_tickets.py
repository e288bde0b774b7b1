"""What a customer has asked, for them to see: all of it, and nothing of anybody else."""

from __future__ import annotations

from typing import Any

from supportbot.store.own_tickets import newest_of
from supportbot.testing import said


async def test_newest_tickets_of_a_customer_come_first(world: Any) -> None:
    for number in range(4):
        world.clock.advance(minutes=1)
        await world.ask(said(f"question {number}", thread=f"t{number}"))
    await world.ask(said("not theirs", by="bob", thread="t9"))
    async with world.db.reading() as work:
        found = await newest_of(work, world.channel.kind, "ada", 3)
        nobody = await newest_of(work, world.channel.kind, "eve", 3)
    assert [one.subject for one in found] == ["question 3", "question 2", "question 1"]
    assert {one.product for one in found} == {"Shop"}
    assert dict(found[0].target) == {"to": "t3"}
    assert nobody == []
