from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from supportbot.errors import ConflictError, NotFoundError
from supportbot.model.catalog import Mode
from supportbot.model.draft import DraftState
from supportbot.model.ticket import Handler, Status, Ticket
from supportbot.store import tickets
from supportbot.store.tables.answers import DraftRow
from supportbot.testing import said


@pytest.fixture
async def drafting(make_world: Any) -> Any:
    """A bot in draft mode."""
    return await make_world(mode=Mode.DRAFT)


async def edit_distance(world: Any, draft_id: int) -> int | None:
    async with world.db.reading() as work:
        rows = await work.connection.execute(
            select(DraftRow.edit_distance).where(DraftRow.id == draft_id)
        )
        return rows.scalar_one()


async def test_operators_reply_takes_the_ticket_over_and_is_sent(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.reply(ticket.public_id, None, "Hello, Kim here.")
    await world.settle()
    ticket = await world.ticket(ticket.public_id)
    assert world.channel.texts() == ["answer 1", "Hello, Kim here."]
    assert (ticket.handler, ticket.status, ticket.waiting_since) == (
        Handler.HUMAN,
        Status.PENDING,
        None,
    )
    assert (await world.kinds(ticket))[-2:] == ["takeover", "human_replied"]


async def test_operators_reply_leaves_although_the_fence_moved(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.reply(ticket.public_id, None, "Kim here.")
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts()[-1] == "Kim here."


async def test_empty_reply_is_refused(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    with pytest.raises(ConflictError, match="empty"):
        await world.takeover.reply(ticket.public_id, None, " \n")


async def test_taking_over_twice_leaves_one_event(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.take_over(ticket.public_id, None)
    await world.takeover.take_over(ticket.public_id, None)
    ticket = await world.ticket(ticket.public_id)
    assert (await world.kinds(ticket)).count("takeover") == 1
    assert ticket.handler_epoch == 1


async def test_ticket_returned_to_the_bot_is_answered_from_the_next_message_on(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.take_over(ticket.public_id, None)
    await world.ask(said("anyone?"))
    await world.takeover.return_to_bot(ticket.public_id, None)
    ticket = await world.ask(said("and now?"))
    assert ticket.handler is Handler.BOT
    assert world.channel.texts()[-1] == "answer 2"


async def test_unanswered_message_is_the_bots_again_when_the_ticket_is_returned(
    world: Any,
) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.take_over(ticket.public_id, None)
    await world.ask(said("anyone?"))
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts()[-1] == "answer 2"


async def test_message_answered_by_a_person_is_not_answered_again_after_the_return(
    world: Any,
) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.take_over(ticket.public_id, None)
    await world.ask(said("anyone?"))
    await world.takeover.reply(ticket.public_id, None, "Yes, Kim.")
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts() == ["answer 1", "Yes, Kim."]


async def test_resolving_ends_the_episode_by_a_person(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.takeover.resolve(ticket.public_id, None)
    await world.takeover.resolve(ticket.public_id, None)
    ticket = await world.ticket(ticket.public_id)
    assert ticket.status is Status.RESOLVED
    assert [e.reason for e in await world.events(ticket) if e.kind == "resolved"] == ["human"]


async def test_unknown_ticket_is_named(world: Any) -> None:
    with pytest.raises(NotFoundError, match="NOPE"):
        await world.takeover.take_over("NOPE", None)


async def test_draft_sent_as_it_is(drafting: Any) -> None:
    ticket = await drafting.ask(said("hi"))
    (draft,) = await drafting.drafts(ticket)
    await drafting.takeover.send_draft(draft.id, None)
    await drafting.settle()
    assert drafting.channel.texts("t1") == ["answer 1"]
    assert (await drafting.drafts(ticket))[0].state is DraftState.SENT
    assert await edit_distance(drafting, draft.id) == 0
    assert (await drafting.kinds(ticket))[-1] == "bot_replied"
    assert (await drafting.ticket(ticket.public_id)).status is Status.PENDING


async def test_draft_sent_with_other_words_keeps_the_distance(drafting: Any) -> None:
    ticket = await drafting.ask(said("hi"))
    (draft,) = await drafting.drafts(ticket)
    await drafting.takeover.send_draft(draft.id, None, "answer one, dear Ada")
    await drafting.settle()
    assert drafting.channel.texts("t1") == ["answer one, dear Ada"]
    assert (await drafting.drafts(ticket))[0].state is DraftState.EDITED
    assert await edit_distance(drafting, draft.id) == 3
    assert (await drafting.kinds(ticket))[-1] == "human_replied"


async def test_draft_is_decided_once(drafting: Any) -> None:
    ticket = await drafting.ask(said("hi"))
    (draft,) = await drafting.drafts(ticket)
    await drafting.takeover.send_draft(draft.id, None)
    with pytest.raises(ConflictError, match="sent"):
        await drafting.takeover.send_draft(draft.id, None)
    with pytest.raises(ConflictError):
        await drafting.takeover.discard_draft(draft.id, None)
    await drafting.settle()
    assert drafting.channel.texts("t1") == ["answer 1"]


async def test_draft_with_empty_words_is_refused(drafting: Any) -> None:
    ticket = await drafting.ask(said("hi"))
    (draft,) = await drafting.drafts(ticket)
    with pytest.raises(ConflictError, match="empty"):
        await drafting.takeover.send_draft(draft.id, None, "  ")


async def test_discarded_draft_leaves_the_ticket_to_people(drafting: Any) -> None:
    ticket = await drafting.ask(said("hi"))
    (draft,) = await drafting.drafts(ticket)
    await drafting.takeover.discard_draft(draft.id, None)
    await drafting.settle()
    ticket = await drafting.ticket(ticket.public_id)
    assert (ticket.handler, ticket.status) == (Handler.HUMAN, Status.OPEN)
    assert drafting.channel.texts("t1") == []


async def test_new_message_makes_a_waiting_draft_stale(drafting: Any) -> None:
    ticket = await drafting.ask(said("hi"))
    ticket = await drafting.ask(said("one more thing"))
    first, second = await drafting.drafts(ticket)
    assert (first.state, second.state) == (DraftState.DISCARDED, DraftState.OPEN)
    assert second.upto_seq == ticket.asked_seq


async def test_operators_reply_discards_the_waiting_draft(drafting: Any) -> None:
    """Else a second answer to the same question could be sent later."""
    ticket = await drafting.ask(said("hi"))
    await drafting.takeover.reply(ticket.public_id, None, "Kim here.")
    (draft,) = await drafting.drafts(ticket)
    assert draft.state is DraftState.DISCARDED


async def test_operators_are_told_of_a_draft(drafting: Any) -> None:
    await drafting.ask(said("hi"))
    (notice,) = drafting.channel.texts("operators")
    assert "answer 1" in notice


async def failed_before(world: Any) -> Ticket:
    """Make a ticket whose turn failed four times: once more, and it would be handed off."""
    ticket = await world.ticket((await world.hear(said("hi"))).ticket)
    async with world.db.writing() as work:
        await tickets.change(work, ticket.id, attempts=4)
    return ticket


async def test_failures_before_a_take_over_do_not_count_after_it(world: Any) -> None:
    ticket = await failed_before(world)
    await world.takeover.take_over(ticket.public_id, None)
    assert (await world.ticket(ticket.public_id)).attempts == 0
    async with world.db.writing() as work:  # a turn that ended after it was taken
        await tickets.change(work, ticket.id, attempts=1)
    await world.takeover.return_to_bot(ticket.public_id, None)
    assert (await world.ticket(ticket.public_id)).attempts == 0


async def test_failures_of_an_episode_do_not_count_in_the_next(world: Any) -> None:
    ticket = await failed_before(world)
    await world.takeover.resolve(ticket.public_id, None)
    assert (await world.ticket(ticket.public_id)).attempts == 0
    async with world.db.writing() as work:  # as tickets stand that were resolved before this held
        await tickets.change(work, ticket.id, attempts=4)
    await world.hear(said("it came back"))
    assert (await world.ticket(ticket.public_id)).attempts == 0


async def test_draft_that_ends_with_its_ticket_leaves_an_event(drafting: Any) -> None:
    ticket = await drafting.ask(said("hi"))
    (draft,) = await drafting.drafts(ticket)
    await drafting.takeover.resolve(ticket.public_id, None)
    discarded, resolved = (await drafting.events(ticket))[-2:]
    assert (discarded.kind, discarded.reason, discarded.data) == (
        "draft_discarded",
        "resolved",
        {"draft": draft.id},
    )
    assert resolved.kind == "resolved"
