"""What a channel shows of a ticket is how it stands in the end, whoever was killed meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.completions.scripted import Turn
from supportbot.errors import SendError
from supportbot.model.catalog import Mode
from supportbot.model.ticket import Standing
from supportbot.orchestrator.working import Working, WorkingRules
from supportbot.store import untold
from supportbot.testing import LiveMemoryChannel, said


@pytest.fixture
def channel(clock: Any) -> LiveMemoryChannel:
    made = LiveMemoryChannel(clock)
    made.may_grow = False
    return made


async def told(world: Any) -> dict[str, Standing]:
    """Settle what is untold, and return what each place shows then, and that it is known."""
    await world.wiring.working.aclose()
    async with world.db.reading() as work:
        waiting = await untold.with_any(work)
    for ticket_id in waiting:
        await world.settle_ticket(ticket_id)
    await world.wiring.working.aclose()
    async with world.db.reading() as work:
        assert await untold.with_any(work) == []
    standings: dict[str, Standing] = world.channel.standings
    return standings


async def killed_at_work(world: Any, heard: Any) -> Any:
    """Leave behind what a process does that is killed while its status is shown."""
    ticket = await world.ticket((await world.hear(heard)).ticket)
    async with world.db.writing() as work:
        await untold.add(work, ticket.id, ticket.target)
    await world.channel.show_status(ticket.target, Standing.WORKING)
    return ticket


@pytest.mark.parametrize("mode", list(Mode))
async def test_what_a_killed_process_showed_goes_with_the_answer(
    make_world: Any, channel: Any, mode: Mode
) -> None:
    """Also where the answer comes at once, or none leaves."""
    world = await make_world(["Yes."], channel=channel, mode=mode)
    await killed_at_work(world, said("how?"))
    await world.settle()
    assert await told(world) == {"t1": Standing.RESTING}


async def test_what_a_killed_process_showed_goes_when_people_take_the_ticket(
    make_world: Any, channel: Any
) -> None:
    world = await make_world(["Yes."], channel=channel)
    ticket = await killed_at_work(world, said("how?"))
    await world.takeover.take_over(ticket.public_id, None)
    assert await told(world) == {"t1": Standing.WITH_PEOPLE}


async def test_what_a_killed_process_showed_goes_where_more_was_asked_elsewhere(
    make_world: Any, channel: Any
) -> None:
    world = await make_world(["Yes."], channel=channel)
    await killed_at_work(world, said("how?"))
    await world.ask(said("and how?", target={"to": "t2"}))
    assert await told(world) == {"t1": Standing.RESTING}


async def test_people_who_have_a_ticket_are_shown_until_it_is_returned(
    make_world: Any, channel: Any
) -> None:
    world = await make_world(channel=channel)
    ticket = await world.ask(said("how?"))
    assert await told(world) == {}
    await world.takeover.take_over(ticket.public_id, None)
    assert await told(world) == {"t1": Standing.WITH_PEOPLE}
    await world.takeover.return_to_bot(ticket.public_id, None)
    assert await told(world) == {"t1": Standing.RESTING}
    await world.takeover.resolve(ticket.public_id, None)
    assert await told(world) == {"t1": Standing.RESOLVED}
    await world.ask(said("again?"))
    assert await told(world) == {"t1": Standing.RESTING}


async def test_a_handoff_is_shown(make_world: Any, channel: Any) -> None:
    world = await make_world(channel=channel)
    await world.ask(said("I want to talk to a human"))
    assert await told(world) == {"t1": Standing.WITH_PEOPLE}
    assert channel.statuses == [Standing.WITH_PEOPLE]


async def test_people_are_shown_where_the_customer_goes_on(make_world: Any, channel: Any) -> None:
    world = await make_world(channel=channel)
    await world.ask(said("I want to talk to a human"))
    await told(world)
    await world.ask(said("hello?"))
    assert await told(world) == {"t1": Standing.WITH_PEOPLE}
    assert channel.statuses == [Standing.WITH_PEOPLE]  # it is the same place
    await world.ask(said("hello?", target={"to": "t2"}))
    assert await told(world) == {"t1": Standing.RESTING, "t2": Standing.WITH_PEOPLE}


async def test_a_new_ticket_in_the_place_of_an_old_one_shows_how_it_stands_itself(
    make_world: Any, channel: Any, clock: Any
) -> None:
    world = await make_world(channel=channel)
    ticket = await world.ask(said("how?"))
    await world.takeover.resolve(ticket.public_id, None)
    assert await told(world) == {"t1": Standing.RESOLVED}
    clock.advance(days=8)
    other = await world.ask(said("again?"))
    assert other.id != ticket.id
    assert await told(world) == {"t1": Standing.RESTING}


async def test_what_could_not_be_told_is_told_by_the_sweep(make_world: Any, channel: Any) -> None:
    world = await make_world(["Yes."], channel=channel)
    ticket = await world.ask(said("how?"))
    await world.wiring.working.aclose()  # what the answer tells must not meet the failure
    channel.status_failures.append(SendError("not now", permanent=False))
    await world.takeover.take_over(ticket.public_id, None)
    await world.settle_ticket(ticket.id)
    await world.wiring.working.aclose()
    assert channel.statuses == []
    settled = asyncio.Event()

    async def settle(ticket_id: int) -> None:
        await world.settle_ticket(ticket_id)
        settled.set()

    await world.dispatcher.start(settle, ())
    await world.sweep.wake_untold()
    await settled.wait()
    await world.dispatcher.stop(5.0)
    assert await told(world) == {"t1": Standing.WITH_PEOPLE}


async def test_what_can_never_be_told_is_not_told_again(make_world: Any, channel: Any) -> None:
    world = await make_world(["Yes."], channel=channel)
    ticket = await world.ask(said("how?"))
    await world.wiring.working.aclose()  # what the answer tells must not meet the failure
    channel.status_failures.append(SendError("no such place", permanent=True))
    await world.takeover.take_over(ticket.public_id, None)
    await world.settle_ticket(ticket.id)
    assert await told(world) == {}


async def test_the_next_turn_is_shown_after_the_end_of_the_last_one(
    make_world: Any, channel: Any
) -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    script = [Turn("One.", end_gate=gates[0]), Turn("Two.", end_gate=gates[1])]
    world = await make_world(script, channel=channel)
    object.__setattr__(world.wiring, "working", Working(WorkingRules(after_seconds=0.0)))
    ticket = await world.ticket((await world.hear(said("how?"))).ticket)
    for number, gate in enumerate(gates, start=1):
        settling = asyncio.create_task(world.settle_ticket(ticket.id))
        await world.until(lambda n=number: channel.statuses.count(Standing.WORKING) == n)
        gate.set()
        await settling
        await world.hear(said("and?"))
    assert await told(world) == {"t1": Standing.RESTING}
    assert channel.statuses == [Standing.WORKING, Standing.RESTING] * 2
