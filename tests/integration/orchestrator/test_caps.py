"""What leaves by itself is capped where customers may be machines: counted from the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from supportbot.errors import StoreUnavailable
from supportbot.model.caps import Cap, CapScope, Restraint
from supportbot.model.delivery import Audience, DeliveryState
from supportbot.model.ticket import Handler
from supportbot.orchestrator import restraint as restraints
from supportbot.store import automatic, mail_failures
from supportbot.testing import MemoryChannel
from tests.integration.orchestrator.reports import ADDRESS, GONE, asks, report
from tests.integration.orchestrator.test_found_by_index import explained

QUESTION = "Where is the parcel of order number {}, please? It should be here."


def holds(world: Any, *caps: Cap) -> None:
    """Let the channel keep to these caps from now on."""
    channel = world.wiring.channels[world.channel.key]
    restrained = replace(channel, restraint=Restraint(caps))
    world.wiring.channels[world.channel.key] = restrained


def to_customers(world: Any) -> list[str]:
    return [one.text for one in world.channel.sent if one.audience is Audience.CUSTOMER]


async def write(world: Any, number: int, **changes: Any) -> Any:
    return await world.ask(asks(QUESTION.format(number), **changes))


@pytest.mark.parametrize(
    ("scope", "thread"),
    [
        (CapScope.TICKET, lambda _: "m1"),
        (CapScope.SENDER, lambda number: f"m{number}"),
        (CapScope.EVERYONE, lambda number: f"m{number}"),
    ],
)
async def test_a_cap_that_is_reached_hands_the_ticket_to_people_once(
    world: Any, scope: CapScope, thread: Callable[[int], str]
) -> None:
    holds(world, Cap(scope, 2, 60))
    for number in range(2):
        ticket = await write(world, number, thread=thread(number))
        assert ticket.handler is Handler.BOT
    capped = await write(world, 3, thread=thread(3))
    capped = await write(world, 4, thread=capped.thread_key)
    assert to_customers(world) == ["answer 1", "answer 2"]
    assert capped.handler is Handler.HUMAN
    (handoff,) = [one for one in await world.events(capped) if one.kind == "handoff"]
    assert (handoff.reason, handoff.data["rules"]) == ("limit", [f"cap_{scope}"])
    assert len(world.completer.prompts) == 2, "nothing is asked of a model that may not be said"


async def test_a_cap_counts_again_when_its_time_is_over(world: Any) -> None:
    holds(world, Cap(CapScope.SENDER, 1, 10))
    await write(world, 1, thread="m1")
    assert (await write(world, 2, thread="m2")).handler is Handler.HUMAN
    world.clock.advance(minutes=10)
    assert (await write(world, 3, thread="m3")).handler is Handler.BOT
    assert len(to_customers(world)) == 2


async def test_another_sender_is_not_capped(world: Any) -> None:
    holds(world, Cap(CapScope.SENDER, 1, 60))
    await write(world, 1, thread="m1")
    eve = asks(QUESTION.format(2), thread="m2")
    await world.ask(replace(eve, sender=replace(eve.sender, external_id="eve@x.example")))
    assert len(to_customers(world)) == 2


async def test_caps_outlive_a_restart(make_world: Any) -> None:
    before = await make_world()
    holds(before, Cap(CapScope.SENDER, 1, 60))
    await write(before, 1, thread="m1")
    before.clock.advance(minutes=1)
    after = await make_world()
    holds(after, Cap(CapScope.SENDER, 1, 60))
    accepted = await after.hear(asks(QUESTION.format(2), thread="m2"), "after")
    await after.settle()
    assert (await after.ticket(accepted.ticket)).handler is Handler.HUMAN
    assert to_customers(after) == []


async def test_a_note_that_a_person_looks_is_capped_too(world: Any) -> None:
    holds(world, Cap(CapScope.SENDER, 1, 60))
    for number in range(3):
        await world.ask(asks("I want to talk to a human", thread=f"m{number}"))
    assert len(to_customers(world)) == 1


async def test_people_are_not_capped(world: Any) -> None:
    holds(world, Cap(CapScope.TICKET, 1, 60))
    ticket = await write(world, 1)
    for number in range(3):
        await world.takeover.reply(ticket.public_id, None, f"A person's words {number}.")
        await world.settle()
    assert len(to_customers(world)) == 4


async def test_nothing_is_sent_while_nobody_can_count(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an answer that is made yet, nor one that waits to leave."""
    holds(world, Cap(CapScope.SENDER, 5, 60))
    counts = automatic.reached

    async def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("away")

    async def before_sending_only(*given: Any, **named: Any) -> Cap | None:
        return await away() if "before" in named else await counts(*given, **named)

    monkeypatch.setattr(restraints.automatic, "reached", away)
    ticket = await write(world, 1)
    assert (to_customers(world), ticket.bot_owes) == ([], True)
    monkeypatch.setattr(restraints.automatic, "reached", before_sending_only)
    world.clock.advance(minutes=1)
    await world.settle()
    (waits,) = await world.deliveries(ticket)
    assert (to_customers(world), waits.state) == ([], DeliveryState.PENDING)
    monkeypatch.setattr(restraints.automatic, "reached", counts)
    world.clock.advance(minutes=20)
    await world.settle()
    assert to_customers(world) == ["answer 1"]


async def test_where_no_machines_write_nothing_is_counted(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restraints.automatic, "reached", None)
    await write(world, 1)
    assert to_customers(world) == ["answer 1"]


async def test_who_says_the_same_again_and_again_is_answered_twice(world: Any) -> None:
    holds(world)
    tickets = [await write(world, 7, thread=f"m{number}") for number in range(4)]
    assert to_customers(world) == ["answer 1", "answer 2"]
    reasons = [one.reason for one in await world.events(tickets[-1]) if one.kind == "suppressed"]
    assert reasons == ["repeated"]
    assert not tickets[-1].bot_owes
    assert tickets[-1].waiting_since is not None


async def test_who_opens_tickets_of_one_subject_again_and_again_is_answered_twice(
    world: Any,
) -> None:
    holds(world)
    for number in range(4):
        await write(world, number, thread=f"m{number}", subject="Your request was received")
    assert to_customers(world) == ["answer 1", "answer 2"]


async def test_a_conversation_about_one_subject_is_none_of_that(world: Any) -> None:
    holds(world)
    for number in range(4):
        await write(world, number, thread="m1", subject="Re: My parcel")
    await world.ask(asks("Yes, please.", thread="m1"))
    for _ in range(3):
        await world.ask(asks("Thanks!", thread="m1"))
    assert len(to_customers(world)) == 8


async def test_the_same_words_a_day_later_are_answered(world: Any) -> None:
    holds(world)
    for number in range(4):
        await write(world, 7, thread=f"m{number}")
        world.clock.advance(hours=1)
    assert len(to_customers(world)) == 4


async def test_no_mail_goes_to_an_address_that_mail_came_back_from(world: Any) -> None:
    holds(world)
    ticket = await write(world, 1)
    (delivery,) = await world.deliveries(ticket)
    await world.hear(report(GONE, about=delivery))
    await world.takeover.reply(ticket.public_id, None, "A person's words.")
    await world.settle()
    await world.settle()
    assert to_customers(world) == ["answer 1"]
    said = [one for one in await world.deliveries(ticket) if one.audience is Audience.CUSTOMER]
    told = [one.text for one in world.channel.sent if one.audience is Audience.OPERATORS]
    assert said[-1].state is DeliveryState.FAILED
    assert any("supportbot email addresses" in text for text in told)
    async with world.db.writing() as work:
        await mail_failures.clear(work, ADDRESS, world.clock())
    await world.takeover.reply(ticket.public_id, None, "Once more.")
    await world.settle()
    assert to_customers(world)[-1] == "Once more."


async def test_mail_goes_again_to_whoever_writes_again(world: Any) -> None:
    holds(world)
    ticket = await write(world, 1)
    (delivery,) = await world.deliveries(ticket)
    await world.hear(report(GONE, about=delivery))
    await write(world, 2)
    async with world.db.reading() as work:
        assert await mail_failures.of_addresses(work, [ADDRESS], world.clock()) == {}


async def test_a_channel_counts_its_own_kind_only(make_world: Any, clock: Any) -> None:
    chat = await make_world(channel=MemoryChannel(clock, key="memory:chat"))
    await write(chat, 1, thread="m1")
    mail = await make_world()
    holds(mail, Cap(CapScope.EVERYONE, 1, 60))
    assert (await write(mail, 2, thread="m2")).handler is Handler.BOT


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # it plans without statistics
async def test_counting_reads_no_whole_table(world: Any) -> None:
    plans: list[str] = []
    holds(world, *(Cap(scope, 9, 60) for scope in CapScope))
    await write(world, 1, thread="m1", subject="Parcel")
    with explained(plans):
        await write(world, 2, thread="m2", subject="Parcel")
    assert any("ix_delivery_channel_id_created_at" in plan for plan in plans)
    large = ("delivery", "message", "ticket", "mail_failure")
    assert not {f"SCAN {table}" for table in large} & {*plans}
