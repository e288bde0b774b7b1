"""A message that is edited or taken back: in its own ticket, and with all its copies."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from supportbot.completions.scripted import Turn
from supportbot.model.catalog import Mode
from supportbot.model.completion import ToolCall
from supportbot.model.inbound import Attached, Deleted, Disposition, Edited, Sender
from supportbot.model.ticket import Handler, Status
from supportbot.orchestrator.answering.live import LiveRules
from supportbot.orchestrator.answering.respond import RespondRules
from supportbot.orchestrator.wiring import Patience
from supportbot.store import tool_calls
from supportbot.testing import LiveMemoryChannel, said
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import gather
from tests.integration.orchestrator.kept import tables_with

ADA = Sender("ada")
QUIET = Disposition(reply_allowed=False, reasons=("suppress_requested",))
SECRET = "R0SEBUD"


def edit(text: str, key: str = "m1") -> Edited:
    return Edited(ADA, key, ("t1",), text)


def taken_back(key: str = "m1") -> Deleted:
    return Deleted(key, ("t1",))


async def followed_by_another(world: Any) -> tuple[Any, Any]:
    """Let a ticket be resolved and, long after, the same thread lead to a new one."""
    await world.hear(said(f"old {SECRET}"), "m1")
    await world.settle()
    (old,) = await world.all_tickets()
    await world.takeover.resolve(old.public_id, None)
    world.clock.advance(days=8)
    await world.hear(said("a new question"), "m2")
    _, new = await world.all_tickets()
    return old, new


async def test_taking_back_a_message_of_an_older_ticket_leaves_the_new_question_owed(
    world: Any,
) -> None:
    old, new = await followed_by_another(world)
    await world.hear(taken_back())
    await world.settle()
    assert [m.text for m in await world.messages(old)] == ["[deleted by its author]", "answer 1"]
    assert [m.text for m in await world.messages(new)] == ["a new question", "answer 2"]
    assert (await world.kinds(old))[-1] == "deleted"
    assert "deleted" not in await world.kinds(new)
    assert (await world.ticket(old.public_id)).status is Status.RESOLVED


async def test_taking_back_erases_the_tool_words_of_the_messages_own_ticket(
    make_world: Any,
) -> None:
    @tool
    def look(word: str) -> str:
        """Look something up."""
        return f"found {word}"

    calls = [
        Turn(tool_calls=(ToolCall("c1", "look", json.dumps({"word": word})),))
        for word in (SECRET, "parcel")
    ]
    world = await make_world(
        [calls[0], "answer 1", calls[1], "answer 2"],
        toolbox=gather([look]).toolbox,
        tools=("look",),
    )
    old, new = await followed_by_another(world)
    await world.settle()
    await world.hear(taken_back())
    async with world.db.reading() as work:
        (erased,) = await tool_calls.of_ticket(work, old.id)
        (kept,) = await tool_calls.of_ticket(work, new.id)
    assert (erased.arguments, erased.result) == (None, None)
    assert kept.result == "found parcel"


async def test_edit_of_an_older_tickets_message_is_only_recorded(world: Any) -> None:
    old, new = await followed_by_another(world)
    await world.hear(edit("changed"))
    await world.settle()
    assert [m.text for m in await world.messages(old)] == [f"old {SECRET}", "answer 1", "changed"]
    assert [m.text for m in await world.messages(new)] == ["a new question", "answer 2"]
    assert (await world.ticket(old.public_id)).status is Status.RESOLVED


async def test_what_was_taken_back_is_gone_with_its_copies(world: Any) -> None:
    files = (Attached("a.txt", "text/plain", f"{SECRET} file".encode()),)
    await world.hear(said(f"my PIN is {SECRET}", attachments=files), "m1")
    await world.settle()
    await world.hear(edit(f"my PIN was {SECRET}"))
    await world.hear(edit(f"my PIN is {SECRET}"))  # as it was at first
    await world.hear(taken_back())
    assert await tables_with(world.db, SECRET) == set()
    (ticket,) = await world.all_tickets()
    assert [m.text for m in await world.messages(ticket)] == [
        "[deleted by its author]",
        "answer 1",
        "[deleted by its author]",
        "[deleted by its author]",
    ]


async def test_an_edited_question_names_its_ticket_anew(world: Any) -> None:
    accepted = await world.hear(said(f"{SECRET} does not work"), "m1")
    await world.hear(edit("it does not work"))
    assert (await world.ticket(accepted.ticket)).subject == "it does not work"
    await world.hear(taken_back())
    assert (await world.ticket(accepted.ticket)).subject is None
    assert await tables_with(world.db, "does not work") == set()


async def test_a_subject_of_its_own_outlives_the_message(world: Any) -> None:
    accepted = await world.hear(said("hi", subject="Invoices"), "m1")
    await world.hear(taken_back())
    assert (await world.ticket(accepted.ticket)).subject == "Invoices"


async def test_late_edit_does_not_bring_back_what_was_taken_back(world: Any) -> None:
    await world.hear(said("first"), "m0")
    await world.hear(said(f"my PIN is {SECRET}"), "m1")
    await world.hear(taken_back())
    await world.hear(edit(f"my PIN was {SECRET}"))
    await world.settle()
    row = (await world.inbounds())[-1]
    assert (row.outcome, row.reason) == ("suppressed", "deleted_before")
    assert await tables_with(world.db, SECRET) == set()
    await world.hear(edit(f"my PIN was {SECRET} indeed"))
    assert await tables_with(world.db, SECRET) == set()


async def test_news_of_a_deletion_keeps_no_words(world: Any) -> None:
    """Slack's news of a deletion tells what the message said."""
    await world.hear(said("hi"), "m1")
    await world.hear(taken_back("never heard of"))
    await world.hear(taken_back())
    assert [row.raw for row in await world.inbounds()] == [None] * 3
    assert [row.reason for row in await world.inbounds()] == [None, "before_it_came", None]


async def test_open_draft_is_discarded_with_the_message_it_answers(make_world: Any) -> None:
    world = await make_world(mode=Mode.DRAFT)
    accepted = await world.hear(said(f"my PIN is {SECRET}"), "m1")
    await world.settle()
    await world.hear(taken_back())
    ticket = await world.ticket(accepted.ticket)
    (draft,) = await world.drafts(ticket)
    assert (draft.state, draft.text) == ("discarded", "")
    ends = [(event.kind, event.reason) for event in await world.events(ticket)]
    assert ends[-3:] == [
        ("deleted", None),
        ("draft_discarded", "deleted"),
        ("suppressed", "deleted"),
    ]
    assert (ticket.status, ticket.bot_owes) == (Status.PENDING, False)


async def test_question_that_shared_a_draft_with_a_deleted_one_is_drafted_again(
    make_world: Any,
) -> None:
    world = await make_world(mode=Mode.DRAFT)
    accepted = await world.hear(said("where is my parcel?"), "m0")
    await world.hear(said(f"my PIN is {SECRET}"), "m1")
    await world.settle()
    await world.hear(taken_back())
    await world.settle()
    ticket = await world.ticket(accepted.ticket)
    assert [draft.state for draft in await world.drafts(ticket)] == ["discarded", "open"]


async def test_draft_of_an_earlier_question_stays(make_world: Any) -> None:
    world = await make_world(mode=Mode.DRAFT)
    ticket = await world.ask(said("where is my parcel?"))
    await world.hear(said("hello", disposition=QUIET), "m1")
    await world.hear(taken_back())
    assert [draft.state for draft in await world.drafts(ticket)] == ["open"]


async def test_when_all_questions_are_taken_back_nobody_answers_them(world: Any) -> None:
    accepted = await world.hear(said("one"), "m1")
    await world.hear(said("two"), "m2")
    await world.hear(taken_back("m1"))
    await world.hear(taken_back("m2"))
    await world.settle()
    assert world.completer.prompts == []
    ticket = await world.ticket(accepted.ticket)
    assert (ticket.bot_owes, ticket.status) == (False, Status.PENDING)


async def between(make_world: Any) -> tuple[Any, Any]:
    """Let a second question come while the first is answered, and stay behind that answer."""
    gate = asyncio.Event()
    script = [Turn("first", end_gate=gate), "second"]
    world = await make_world(script, patience=Patience(0, 0.0))
    accepted = await world.hear(said("question one"))
    ticket = await world.ticket(accepted.ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: len(world.completer.prompts) == 1)
    world.clock.advance(seconds=5)
    await world.hear(said("question two"))
    gate.set()
    await settling
    assert [m.text for m in await world.messages(ticket)][1:] == ["question two", "first"]
    return world, ticket


async def test_question_that_came_during_an_answer_is_answered_after_the_return(
    make_world: Any,
) -> None:
    world, ticket = await between(make_world)
    await world.takeover.take_over(ticket.public_id, None)
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts() == ["first", "second"]


async def test_question_that_came_during_an_answer_survives_a_deletion(make_world: Any) -> None:
    world, _ticket = await between(make_world)
    await world.hear(said("oops"), "m3")
    await world.hear(taken_back("m3"))
    await world.settle()
    assert world.channel.texts() == ["first", "second"]


async def test_what_a_person_answered_is_not_answered_again_after_the_return(world: Any) -> None:
    accepted = await world.hear(said("one"))
    await world.hear(said("two"))
    ticket = await world.ticket(accepted.ticket)
    await world.takeover.reply(ticket.public_id, None, "Kim here.")
    assert (await world.messages(ticket))[-1].data["upto"] == ticket.asked_seq
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts() == ["Kim here."]


async def test_question_behind_a_draft_that_was_sent_is_answered_after_the_return(
    make_world: Any,
) -> None:
    """The draft stands through a take-over; what came after it was never in it."""
    world = await make_world(mode=Mode.DRAFT)
    ticket = await world.ask(said("one"))
    (draft,) = await world.drafts(ticket)
    await world.takeover.take_over(ticket.public_id, None)
    await world.hear(said("two", disposition=QUIET))
    await world.takeover.send_draft(draft.id, None)
    await world.takeover.return_to_bot(ticket.public_id, None)
    assert (await world.ticket(ticket.public_id)).bot_owes


async def test_a_ticket_whose_questions_are_all_taken_back_owes_nothing_after_the_return(
    world: Any,
) -> None:
    accepted = await world.hear(said("one"), "m1")
    ticket = await world.ticket(accepted.ticket)
    await world.takeover.take_over(ticket.public_id, None)
    await world.hear(taken_back())
    await world.takeover.return_to_bot(ticket.public_id, None)
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.handler, ticket.bot_owes) == (Handler.BOT, False)


async def test_message_taken_back_while_the_one_before_it_is_answered_live_is_not_answered(
    make_world: Any, clock: Any
) -> None:
    """The live reply has covered its question; there is no message of it yet."""
    channel = LiveMemoryChannel(clock)
    gate = asyncio.Event()
    script = [Turn("Open the page. Then press Export. Done now.", end_gate=gate), "never said"]
    rules = RespondRules(live=LiveRules(start_seconds=0.0, flush_seconds=0.01))
    world = await make_world(script, channel=channel, rules=rules)
    ticket = await world.ticket((await world.hear(said("how?"))).ticket)
    settling = asyncio.create_task(world.settle_ticket(ticket.id))
    await world.until(lambda: any(channel.grown.values()))
    await world.hear(said("oops"), "m1")
    await world.hear(taken_back())
    gate.set()
    await settling
    await world.settle()
    assert channel.texts() == ["Open the page. Then press Export. Done now."]
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.bot_owes, ticket.status) == (False, Status.PENDING)
