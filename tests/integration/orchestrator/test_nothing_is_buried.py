"""What could hide a waiting customer from everybody, and must not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from supportbot.errors import DeliveryUnknown, SendError
from supportbot.model.catalog import Mode
from supportbot.model.inbound import Action, ActionKind, Deleted, Disposition, Sender
from supportbot.model.ticket import Handler, Resolution, Status
from supportbot.store import threads
from supportbot.testing import Fails, said

QUIET = Disposition(reply_allowed=False, reasons=("suppress_requested",))
REFUSED = SendError("no such mailbox", permanent=True)
BUSY = SendError("busy", permanent=False, retry_after_seconds=30)


async def later(world: Any) -> None:
    for _ in range(3):
        world.clock.advance(seconds=60)
        await world.settle()


async def test_mail_that_may_not_be_answered_leaves_the_question_before_it_owed(world: Any) -> None:
    accepted = await world.hear(said("where is my parcel?"))
    await world.hear(said("sent from a strange server", disposition=QUIET))
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    assert (await world.ticket(accepted.ticket)).status is Status.PENDING


async def test_mail_that_may_not_be_answered_stays_with_the_person_who_has_the_ticket(
    world: Any,
) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.take_over(ticket.public_id, None)
    await world.hear(said("more", disposition=QUIET))
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.handler, ticket.status) == (Handler.HUMAN, Status.OPEN)


async def test_mail_that_may_not_be_answered_is_shown_to_people_and_never_assumed_resolved(
    world: Any, clock: Any
) -> None:
    ticket = await world.ask(said("hi", disposition=QUIET))
    clock.advance(days=3)
    await world.sweep.resolve_silent()
    assert (await world.ticket(ticket.public_id)).status is Status.OPEN
    assert world.channel.sent == []


async def test_question_that_lost_its_draft_to_a_deleted_one_is_drafted_again(
    make_world: Any,
) -> None:
    world = await make_world(mode=Mode.DRAFT)
    ticket = await world.ask(said("where is my parcel?"))
    await world.hear(said("oops"), "m2")
    await world.hear(Deleted("m2", ("t1",)))
    await world.settle()
    assert [draft.state for draft in await world.drafts(ticket)].count("open") == 1


async def test_answer_of_unknown_fate_is_put_before_people(world: Any) -> None:
    world.channel.failures.append(Fails(DeliveryUnknown("time-out after the last byte")))
    world.channel.findable = False
    ticket = await world.ask(said("hi"))
    await world.settle()
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.handler, ticket.status) == (Handler.HUMAN, Status.OPEN)
    assert len(world.channel.texts("operators")) == 1


async def test_operators_answer_that_is_refused_opens_the_ticket_again(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    world.channel.failures.append(Fails(REFUSED))
    await world.takeover.reply(ticket.public_id, None, "Kim here.")
    await world.settle()
    await world.settle()
    assert (await world.ticket(ticket.public_id)).status is Status.OPEN
    assert "no such mailbox" in world.channel.texts("operators")[-1]


async def test_asking_for_a_person_on_a_resolved_ticket_begins_its_next_episode(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.resolve(ticket.public_id, None)
    await world.hear(Action(ActionKind.ESCALATE, Sender("ada"), ("t1",)))
    await world.settle()
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.handler, ticket.status) == (Handler.HUMAN, Status.OPEN)
    async with world.db.reading() as work:
        first, second = await threads.episodes(work, ticket.id)
    assert (first.resolution, second.handoff_reason) == (Resolution.HUMAN, "asked")


async def test_question_that_nobody_answered_is_answered_after_the_return(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.take_over(ticket.public_id, None)
    await world.hear(said("where is my parcel?"))
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts() == ["answer 1", "answer 2"]


@pytest.mark.parametrize("fails", [BUSY, REFUSED])
async def test_question_whose_answer_never_left_is_answered_after_the_return(
    world: Any, fails: SendError
) -> None:
    world.channel.failures.append(Fails(fails))
    ticket = await world.ask(said("where is my parcel?"))
    await world.takeover.take_over(ticket.public_id, None)
    await later(world)  # only now the first answer finds the fence moved
    await world.takeover.return_to_bot(ticket.public_id, None)
    await later(world)
    assert world.channel.texts("t1") == ["answer 2"]
    assert (await world.ticket(ticket.public_id)).status is Status.PENDING


async def test_question_whose_answer_waits_behind_the_fence_is_answered_after_the_return(
    world: Any,
) -> None:
    world.channel.failures.append(Fails(BUSY))
    ticket = await world.ask(said("where is my parcel?"))
    await world.takeover.take_over(ticket.public_id, None)
    await world.takeover.return_to_bot(ticket.public_id, None)
    await later(world)
    assert world.channel.texts("t1") == ["answer 2"]


async def test_operators_answer_that_waits_is_one_after_the_return_too(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.take_over(ticket.public_id, None)
    await world.ask(said("where is my parcel?"))
    world.channel.failures.append(Fails(BUSY))
    await world.takeover.reply(ticket.public_id, None, "At the door.")
    await world.settle()
    await world.takeover.return_to_bot(ticket.public_id, None)
    await later(world)
    assert world.channel.texts("t1") == ["answer 1", "At the door."]


async def test_ticket_that_comes_back_with_nothing_to_answer_waits_for_its_customer(
    world: Any, clock: Any
) -> None:
    ticket = await world.ask(said("hi"))
    await world.hear(Action(ActionKind.ESCALATE, Sender("ada"), ("t1",)))
    await world.settle()
    await world.takeover.return_to_bot(ticket.public_id, None)
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.status, ticket.waiting_since) == (Status.PENDING, None)
    await world.settle()
    clock.advance(seconds=25 * 3600)
    await world.sweep.resolve_silent()
    assert (await world.ticket(ticket.public_id)).status is Status.RESOLVED


async def test_subject_of_full_length_does_not_stop_a_handoff(world: Any) -> None:
    ticket = await world.ask(said("hi", subject="x" * 998))
    await world.hear(Action(ActionKind.ESCALATE, Sender("ada"), ("t1",)))
    await world.settle()
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_follow_up_in_draft_mode_is_not_overdue_because_the_first_one_waits(
    make_world: Any, clock: Any
) -> None:
    world = await make_world(mode=Mode.DRAFT)
    ticket = await world.ask(said("hi"))
    clock.advance(hours=1)
    await world.hear(said("and this?"))
    await world.sweep.hand_off_overdue()
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT


async def test_shadow_mode_says_nothing_even_when_it_hands_over(
    make_world: Any, clock: Any
) -> None:
    world = await make_world(mode=Mode.SHADOW)
    await world.hear(said("hi"))
    clock.advance(hours=1)
    await world.sweep.hand_off_overdue()
    await world.settle()
    assert world.channel.texts("t1") == []


async def test_first_messages_of_one_company_at_once_are_all_taken(world: Any) -> None:
    """Account, identity and thread are new to each of them, and unique."""
    heard = [
        replace(
            said("hi", thread=f"t{n % 3}"), sender=Sender(f"c{n % 4}", account="mail:x.example")
        )
        for n in range(24)
    ]
    taken = await asyncio.gather(*(world.hear(one, f"k{n}") for n, one in enumerate(heard)))
    assert all(one.ticket and not one.duplicate for one in taken)
