"""What mail systems report of our mails is booked to the deliveries they were, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from supportbot.model.delivery import Audience, Delivery, DeliveryState, digest
from supportbot.model.delivery_report import MOST_TEMPORARY, DeliveryReport, Reported
from supportbot.model.inbound import Disposition, DispositionKind, Sender
from supportbot.model.ticket import Handler, Status, Ticket
from supportbot.orchestrator.wiring import NoticeRoute
from supportbot.store import forgetting, mail_failures
from supportbot.store.mail_failures import MailAddress
from supportbot.testing import said
from tests.integration.orchestrator.reports import (
    ADDRESS,
    ARRIVED,
    DELAYED,
    FULL,
    GONE,
    asks,
    report,
)


async def answered(world: Any, thread: str = "m1") -> tuple[Ticket, Delivery]:
    ticket = await world.ask(asks(thread=thread))
    (delivery,) = [one for one in await world.deliveries(ticket) if one.audience == "customer"]
    assert delivery.state is DeliveryState.SENT
    return ticket, delivery


async def again(world: Any, ticket: Ticket) -> Ticket:
    found: Ticket = await world.ticket(ticket.public_id)
    return found


async def state(world: Any, ticket: Ticket, delivery: Delivery) -> DeliveryState:
    (found,) = [one for one in await world.deliveries(ticket) if one.id == delivery.id]
    return DeliveryState(found.state)


async def address(world: Any, name: str = ADDRESS) -> MailAddress | None:
    async with world.db.reading() as work:
        return (await mail_failures.of_addresses(work, [name], world.clock())).get(name)


async def test_a_bounce_marks_delivery_and_address_and_is_put_before_people(world: Any) -> None:
    ticket, delivery = await answered(world)
    await world.hear(report(GONE, about=delivery))
    assert await state(world, ticket, delivery) is DeliveryState.FAILED
    marked = await address(world)
    assert marked
    assert marked.avoided_until == world.clock() + timedelta(days=60)
    found = await again(world, ticket)
    assert (found.handler, found.status) == (Handler.HUMAN, Status.OPEN)
    kinds = await world.kinds(ticket)
    assert kinds[-3:] == ["machine_mail", "bounced", "handoff"]
    assert len(await world.all_tickets()) == 1


async def test_a_bounce_says_nothing_to_the_customer_and_no_address_to_the_events(
    world: Any,
) -> None:
    ticket, delivery = await answered(world)
    await world.hear(report(GONE, about=delivery))
    await world.settle()
    to_customer = [one for one in world.channel.sent if one.audience is Audience.CUSTOMER]
    assert [one.id for one in to_customer] == [delivery.id]
    assert ADDRESS not in "".join(str(event.data) for event in await world.events(ticket))


async def test_a_bounce_that_comes_twice_counts_once(world: Any) -> None:
    ticket, delivery = await answered(world)
    for _ in range(3):
        await world.hear(report(GONE, about=delivery))
    kinds = await world.kinds(ticket)
    assert (kinds.count("bounced"), kinds.count("handoff"), kinds.count("machine_mail")) == (
        1,
        1,
        3,
    )
    marked = await address(world)
    assert marked
    assert len(marked.failures) == 1


async def test_a_forged_bounce_marks_nothing(world: Any) -> None:
    ticket, delivery = await answered(world)
    await world.hear(report(GONE, about=None))
    assert await state(world, ticket, delivery) is DeliveryState.SENT
    assert await address(world) is None
    assert (await again(world, ticket)).handler is Handler.BOT


async def test_a_bounce_marks_only_whom_the_delivery_was_written_to(world: Any) -> None:
    ticket, delivery = await answered(world)
    stranger = replace(GONE, addresses=("boss@else.example",))
    await world.hear(report(GONE, stranger, about=delivery))
    assert await address(world, "boss@else.example") is None
    assert await address(world) is not None
    assert await state(world, ticket, delivery) is DeliveryState.FAILED


async def test_what_was_passed_on_and_came_back_marks_no_address(world: Any) -> None:
    ticket, delivery = await answered(world)
    await world.hear(report(replace(GONE, addresses=("ada@home.example",)), about=delivery))
    assert await state(world, ticket, delivery) is DeliveryState.FAILED
    assert (await again(world, ticket)).handler is Handler.HUMAN
    assert await address(world) is None
    assert await address(world, "ada@home.example") is None


async def test_a_copy_that_comes_back_leaves_the_answer_as_it_is(world: Any) -> None:
    ticket, delivery = await answered(world)
    await world.hear(report(replace(GONE, addresses=("eve@cust.example",)), about=delivery))
    assert await state(world, ticket, delivery) is DeliveryState.SENT
    assert (await again(world, ticket)).handler is Handler.BOT
    assert await address(world, "eve@cust.example") is not None


@pytest.mark.parametrize("told", [DELAYED, ARRIVED])
async def test_a_report_of_delay_or_success_is_shown_and_marks_nothing(
    world: Any, told: Reported
) -> None:
    ticket, delivery = await answered(world)
    await world.hear(report(told, about=delivery))
    assert await state(world, ticket, delivery) is DeliveryState.SENT
    assert await address(world) is None
    assert (await again(world, ticket)).handler is Handler.BOT
    event = (await world.events(ticket))[-1]
    (shown,) = event.data["reported"]
    assert (event.kind, shown["fate"], shown["status"]) == ("machine_mail", told.fate, told.status)
    assert event.data["delivery"] == delivery.key


async def test_an_address_is_left_alone_after_a_few_temporary_failures(world: Any) -> None:
    for number in range(MOST_TEMPORARY):
        marked = await address(world)
        assert marked is None or marked.avoided_until is None
        _, delivery = await answered(world, thread=f"m{number}")
        await world.hear(report(FULL, about=delivery))
    marked = await address(world)
    assert marked
    assert marked.avoided_until == world.clock() + timedelta(days=30)


async def test_a_bounce_on_a_resolved_ticket_is_put_before_people_if_it_is_proved(
    world: Any,
) -> None:
    ticket, delivery = await answered(world)
    await world.takeover.resolve(ticket.public_id, None)
    await world.hear(report(GONE, about=None, thread="m1"))
    assert (await again(world, ticket)).status is Status.RESOLVED
    await world.hear(report(GONE, about=delivery))
    found = await again(world, ticket)
    assert (found.status, found.handler) == (Status.OPEN, Handler.HUMAN)


async def test_an_unproved_bounce_of_a_known_thread_is_put_before_people(world: Any) -> None:
    ticket, delivery = await answered(world)
    await world.hear(report(DELAYED, about=None, thread="m1"))
    assert (await again(world, ticket)).handler is Handler.BOT
    await world.hear(report(GONE, about=None, thread="m1"))
    assert (await again(world, ticket)).handler is Handler.HUMAN
    assert await state(world, ticket, delivery) is DeliveryState.SENT


async def test_a_bounce_of_a_persons_reply_is_told_to_people(world: Any) -> None:
    ticket, _ = await answered(world)
    await world.takeover.reply(ticket.public_id, None, "A person here.")
    await world.settle()
    reply = (await world.deliveries(ticket))[-1]
    await world.hear(report(GONE, about=reply))
    await world.settle()
    told = [one.text for one in world.channel.sent if one.audience is Audience.OPERATORS]
    assert any("A reply is in question" in text for text in told)
    assert (await again(world, ticket)).waiting_since is not None


async def test_a_bounce_that_is_faster_than_our_notes_is_booked(world: Any) -> None:
    world.channel.open.clear()
    accepted = await world.hear(asks())
    ticket = await world.ticket(accepted.ticket)
    sending = asyncio.create_task(world.settle())
    await world.until(lambda: world.channel.attempts)
    (delivery,) = await world.deliveries(ticket)
    told = report(GONE, about=None)
    about = f"<sb.{digest(delivery.key)}.signed@bot.example>"
    await world.hear(replace(told, report=DeliveryReport((GONE,), about)))
    world.channel.open.set()
    await sending
    assert await state(world, ticket, delivery) is DeliveryState.FAILED
    assert (await again(world, ticket)).handler is Handler.HUMAN


async def test_a_notice_that_comes_back_is_told_to_the_other_operators(world: Any) -> None:
    routes = (NoticeRoute("memory:test", {"to": "kim"}), NoticeRoute("memory:test", {"to": "lee"}))
    object.__setattr__(world.wiring, "notice_routes", routes)
    ticket = await world.ask(asks("I want to talk to a human"))
    (notice,) = [one for one in world.channel.sent if one.target == {"to": "kim"}]
    for _ in range(2):
        await world.hear(report(replace(GONE, addresses=("kim",)), about=notice))
        await world.settle()
    told = [one for one in world.channel.sent if "did not arrive" in one.text]
    assert [one.target for one in told] == [{"to": "lee"}]
    assert await address(world, "kim") is not None
    assert await state(world, ticket, notice) is DeliveryState.FAILED
    await world.hear(report(replace(GONE, addresses=("lee",)), about=told[0]))
    await world.settle()
    assert len([one for one in world.channel.sent if "did not arrive" in one.text]) == 1


async def test_rules_are_kept_of_mail_that_belongs_to_no_ticket(world: Any) -> None:
    rules = ("auto_submitted", "precedence")
    away = Disposition(DispositionKind.AUTO_REPLY, reply_allowed=False, reasons=rules)
    await world.hear(said("Away.", thread="nobody", disposition=away))
    (row,) = await world.inbounds()
    assert (row.outcome, row.reason, row.ticket_id) == ("suppressed", "auto_reply", None)
    assert row.meta["rules"] == "auto_submitted,precedence"
    assert row.raw is not None
    assert await world.all_tickets() == []


async def test_a_person_can_let_mail_go_to_an_address_again(world: Any) -> None:
    _, delivery = await answered(world)
    await world.hear(report(GONE, about=delivery))
    async with world.db.writing() as work:
        assert await mail_failures.clear(work, ADDRESS.upper(), world.clock()) == 1
    assert await address(world) is None
    await world.hear(report(GONE, about=delivery))
    assert await address(world) is None, "the same bounce came once more"


async def test_who_is_erased_leaves_no_address_behind(world: Any) -> None:
    ticket, delivery = await answered(world)
    other = asks("And mine?", thread="m2", target={"to": "bob@cust.example", "cc": ADDRESS})
    second = await world.ask(replace(other, sender=Sender("bob@cust.example")))
    (copied,) = await world.deliveries(second)
    await world.hear(report(GONE, replace(GONE, addresses=("eve@cust.example",)), about=delivery))
    await world.hear(report(GONE, about=copied))
    async with world.db.writing() as work:
        await forgetting.erase_words(work, ticket.id, world.clock())
        await forgetting.forget(work, [ticket.customer_id], world.clock())
    async with world.db.reading() as work:
        assert await mail_failures.listed(work, world.clock()) == []
