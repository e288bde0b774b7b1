from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.model.inbound import Heard, Inbound
from supportbot.testing import MemoryChannel, said


class BrokenChannel(MemoryChannel):
    """Its parser ends in a way nobody foresaw."""

    def parse(self, inbound: Inbound) -> Heard:
        if b"poison" in inbound.raw:
            raise RuntimeError("unforeseen")
        return super().parse(inbound)


async def test_deferred_inbound_is_acknowledged_before_it_is_understood(world: Any) -> None:
    accepted = await world.hear(said("by mail"), deferred=True)
    assert accepted.ticket is None
    assert (await world.inbounds())[0].settled_at is None
    assert await world.intake.drain() == 1
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    assert (await world.inbounds())[0].outcome == "message"


async def test_backlog_is_drained_once_by_two_at_a_time(world: Any) -> None:
    await world.hear(said("by mail"), deferred=True)
    await asyncio.gather(world.intake.drain(), world.intake.drain())
    (ticket,) = await world.all_tickets()
    assert len(await world.messages(ticket)) == 1


async def test_backlog_runs_by_itself(world: Any) -> None:
    running = asyncio.create_task(world.intake.run_backlog())
    await world.hear(said("by mail"), deferred=True)
    while not (await world.inbounds())[0].settled_at:  # noqa: ASYNC110 - a row has no event
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_parser_that_fails_five_times_parks_its_input(make_world: Any, clock: Any) -> None:
    world = await make_world(channel=BrokenChannel(clock))
    await world.hear(said("poison"), deferred=True)
    await world.hear(said("good"), deferred=True)
    for _ in range(5):
        await world.intake.drain()
    parked, good = await world.inbounds()
    assert (parked.outcome, parked.reason, parked.attempts) == (
        "refused",
        "parked: RuntimeError",
        5,
    )
    assert parked.raw
    assert good.outcome == "message"
    assert await world.intake.drain() == 0


async def test_unparsable_input_is_refused_at_once_and_kept(world: Any, clock: Any) -> None:
    junk = Inbound(world.channel.key, ("k",), b"\xff junk", {}, clock(), deferred=True)
    await world.intake.accept(junk)
    await world.intake.drain()
    (row,) = await world.inbounds()
    assert (row.outcome, row.reason, row.raw) == ("refused", "unparsable", b"\xff junk")


async def test_input_of_a_channel_that_is_gone_is_parked(world: Any, db: Any) -> None:
    await world.hear(said("by mail"), deferred=True)
    world.wiring.channels.clear()
    for _ in range(5):
        await world.intake.drain()
    (row,) = await world.inbounds()
    assert row.reason == "parked: Unparsable"
