from __future__ import annotations

from typing import Any

from sqlalchemy import select

from supportbot.model.inbound import Action, ActionKind, Deleted, Edited, Sender
from supportbot.model.message import Visibility
from supportbot.model.ticket import Handler, Status
from supportbot.store import feedback, threads
from supportbot.store.tables.answers import FeedbackRow
from supportbot.testing import said

ADA = Sender("ada")


def press(kind: ActionKind, **changes: Any) -> Action:
    return Action(kind, ADA, thread_keys=("t1",), **changes)


async def thumbs(world: Any, ticket: Any) -> list[int]:
    async with world.db.reading() as work:
        return [one.rating for one in await feedback.of_ticket(work, ticket.id)]


async def test_edit_before_the_answer_changes_the_question(world: Any) -> None:
    await world.hear(said("frist"), "m1")
    await world.hear(Edited(ADA, "m1", ("t1",), "first"))
    await world.settle()
    assert "first" in world.completer.prompts[0].messages[-1].content
    assert "frist" not in world.completer.prompts[0].messages[-1].content
    assert len(world.completer.prompts) == 1


async def test_edit_after_the_answer_is_recorded_and_asks_nothing(world: Any) -> None:
    await world.hear(said("frist"), "m1")
    await world.settle()
    accepted = await world.hear(Edited(ADA, "m1", ("t1",), "first"))
    await world.settle()
    ticket = await world.ticket(accepted.ticket)
    assert [(m.text, m.visibility) for m in await world.messages(ticket)] == [
        ("frist", Visibility.PUBLIC),
        ("answer 1", Visibility.PUBLIC),
        ("first", Visibility.INTERNAL),
    ]
    assert len(world.completer.prompts) == 1


async def test_edit_of_an_unknown_message_is_suppressed(world: Any) -> None:
    await world.hear(said("hi"), "m1")
    await world.hear(Edited(ADA, "m9", ("t1",), "x"))
    assert (await world.inbounds())[-1].outcome == "suppressed"


async def test_deleted_question_is_redacted_and_not_answered(world: Any) -> None:
    accepted = await world.hear(said("my password is x"), "m1")
    await world.hear(Deleted("m1", ("t1",)))
    await world.settle()
    ticket = await world.ticket(accepted.ticket)
    assert [m.text for m in await world.messages(ticket)] == ["[deleted by its author]"]
    assert world.completer.prompts == []
    assert (ticket.bot_owes, ticket.status) == (False, Status.PENDING)


async def test_question_that_stays_beside_a_deleted_one_is_answered(world: Any) -> None:
    await world.hear(said("oops, a secret"), "m1")
    await world.hear(said("where is my parcel?"), "m2")
    await world.hear(Deleted("m1", ("t1",)))
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    assert "secret" not in world.completer.prompts[0].messages[-1].content


async def test_escalate_hands_off_once(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.hear(press(ActionKind.ESCALATE))
    await world.hear(press(ActionKind.ESCALATE))
    await world.settle()
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.handler, ticket.handler_epoch) == (Handler.HUMAN, 1)
    assert len(world.channel.texts("operators")) == 1
    assert len(world.channel.texts("t1")) == 2


async def test_escalate_in_an_unknown_thread_is_suppressed(world: Any) -> None:
    accepted = await world.hear(press(ActionKind.ESCALATE))
    assert accepted.suppressed == "unknown_thread"


async def test_repeated_action_names_its_ticket_and_no_reason(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.hear(press(ActionKind.ESCALATE), "a1")
    again = await world.hear(press(ActionKind.ESCALATE), "a1")
    assert (again.duplicate, again.ticket, again.suppressed) == (True, ticket.public_id, None)


async def test_feedback_is_kept_with_the_reply_it_is_about(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    (reply,) = await world.deliveries(ticket)
    await world.hear(press(ActionKind.FEEDBACK, delivery_key=reply.key, value=1))
    await world.hear(press(ActionKind.FEEDBACK, delivery_key=reply.key, value=-1))
    assert await thumbs(world, ticket) == [1, -1]


async def test_feedback_on_a_strangers_reply_does_not_touch_it(world: Any, db: Any) -> None:
    other = await world.ask(said("hi", by="bob", thread="t2"))
    (theirs,) = await world.deliveries(other)
    own = await world.ask(said("hi"))
    await world.hear(press(ActionKind.FEEDBACK, delivery_key=theirs.key, value=-1))
    assert await thumbs(world, other) == []
    assert await thumbs(world, own) == [-1]
    async with db.reading() as work:
        rows = await work.connection.execute(select(FeedbackRow.message_id))
        assert rows.scalars().all() == [None]


async def test_customer_can_resolve_what_the_bot_answered(world: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.hear(press(ActionKind.RESOLVE))
    ticket = await world.ticket(ticket.public_id)
    assert ticket.status is Status.RESOLVED
    assert (await world.events(ticket))[-1].reason == "bot_confirmed"


async def test_events_rebuild_the_episode_bit_for_bit(world: Any, clock: Any, db: Any) -> None:
    ticket = await world.ask(said("hi"))
    await world.hear(press(ActionKind.RESOLVE))
    clock.advance(days=1)
    await world.ask(said("again"))
    async with db.reading() as work:
        before = await threads.episodes(work, ticket.id)
    async with db.writing() as work:
        await threads.rebuild_episodes(work, ticket)
    async with db.reading() as work:
        assert await threads.episodes(work, ticket.id) == before
