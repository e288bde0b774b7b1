"""People who write beside the customer: operators answer, others stand by or step in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.completions.scripted import Turn
from supportbot.model.catalog import Mode
from supportbot.model.completion import ToolCall
from supportbot.model.draft import DraftState
from supportbot.model.inbound import ActionKind, Attached, Deleted, Edited, Sender
from supportbot.model.markdown import inert
from supportbot.model.message import Visibility
from supportbot.model.ticket import Handler, Status, Ticket
from supportbot.orchestrator.stepping_in import divided
from supportbot.store import operators, threads
from supportbot.testing import MemoryChannel, said
from supportbot.tools.declare import tool
from supportbot.tools.tool import ToolContext
from supportbot.tools.toolbox import gather
from tests.integration.orchestrator.desk import (
    ADA,
    GRACE,
    escalated,
    packet,
    press,
    to_customer,
    under,
    writes,
)

BOB = Sender("bob", "Bob")
FILE = Attached("export.csv", "text/csv", b"a,b")


def by_bob(text: str, **changes: Any) -> Any:
    return said(text, by="bob", **{"shared_thread": True, "addressed": False, **changes})


def by_ada(text: str, **changes: Any) -> Any:
    return said(text, **{"shared_thread": True, "addressed": False, **changes})


async def asked(world: Any, text: str = "hi") -> Ticket:
    ticket: Ticket = await world.ask(by_ada(text, addressed=True))
    return ticket


async def thread(world: Any, ticket: Ticket) -> list[tuple[str, str, str]]:
    """Return author, role and words of what stands in a thread."""
    messages = await world.messages(ticket)
    return [(m.author.kind.value, m.role.value, m.text) for m in messages]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Press it.", ("Press it.", "")),
        ("note: old plan", ("", "old plan")),
        ("Note: old plan\nPress it.\n  NOTE:call back", ("Press it.", "old plan\ncall back")),
        ("a note: is no note", ("a note: is no note", "")),
    ],
)
def test_lines_that_begin_with_note_are_for_colleagues(text: str, parts: tuple[str, str]) -> None:
    assert divided(text) == parts


async def test_words_below_a_packet_are_sent_to_the_customer(world: Any) -> None:
    ticket, notice = await escalated(world)
    await world.hear(writes(GRACE, "note: vip\nPress *Export*.", below=under(notice)))
    await world.settle()
    reply = (await to_customer(world, ticket))[-1]
    assert (reply.text, reply.signed) == ("Press *Export*.", "Grace")
    note = (await world.messages(ticket))[-2]
    assert (note.text, note.visibility) == ("vip", Visibility.INTERNAL)
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.handler, ticket.status) == (Handler.HUMAN, Status.PENDING)
    assert packet(world).text.endswith("Grace has it and answered.")


@pytest.mark.parametrize(("text", "aside"), [("@kim, can you?", True), ("note: call her", False)])
async def test_what_is_for_colleagues_stays_among_them(
    world: Any, text: str, *, aside: bool
) -> None:
    ticket, notice = await escalated(world)
    before = await world.kinds(ticket)
    await world.hear(writes(GRACE, text, below=under(notice), aside=aside))
    await world.settle()
    assert (await world.messages(ticket))[-1].visibility is Visibility.INTERNAL
    assert await world.kinds(ticket) == before
    assert len(await to_customer(world, ticket)) == 2


async def test_words_below_the_packet_of_a_resolved_ticket_are_not_lost_in_silence(
    world: Any,
) -> None:
    ticket, notice = await escalated(world)
    await press(world, ActionKind.RESOLVE, GRACE, notice)
    await world.hear(writes(GRACE, "One more thing", below=under(notice)))
    await world.settle()
    await world.hear(writes(GRACE, "And another", below=under(notice)))
    await world.settle()
    for told in world.channel.shown("operators")[-2:]:
        assert told.text.startswith("Not sent: the ticket is resolved.")
        assert told.below is not None
        assert told.below.key == notice.key
    assert len(await to_customer(world, ticket)) == 2
    kept = [m.text for m in await world.messages(ticket) if m.visibility is Visibility.INTERNAL]
    assert kept == ["One more thing", "And another"]


async def test_a_disabled_operator_is_told_that_nothing_was_sent(world: Any, clock: Any) -> None:
    ticket, notice = await escalated(world)
    await press(world, ActionKind.CLAIM, GRACE, notice)
    ticket = await world.ticket(ticket.public_id)
    async with world.db.writing() as work:
        await operators.change(work, ticket.assignee_id, disabled_at=clock())
    await world.hear(writes(GRACE, "Kim here.", below=under(notice)))
    await world.settle()
    assert world.channel.shown("operators")[-1].text.startswith("Not sent: your operator account")
    assert len(await to_customer(world, ticket)) == 2


async def test_a_file_below_a_packet_is_not_dropped_in_silence(world: Any) -> None:
    ticket, notice = await escalated(world)
    await world.hear(writes(GRACE, "See this", below=under(notice), attachments=(FILE,)))
    await world.settle()
    assert world.channel.shown("operators")[-1].text.startswith("Not sent: files.")
    assert (await to_customer(world, ticket))[-1].text == "See this"


async def test_a_file_in_the_customers_thread_is_an_operators_too(world: Any) -> None:
    ticket = await asked(world)
    await world.hear(writes(GRACE, "", thread="t1", attachments=(FILE,)))
    ticket = await world.ticket(ticket.public_id)
    assert ticket.handler is Handler.HUMAN
    assert (await thread(world, ticket))[-1] == ("operator", "assistant", "")


async def test_an_operator_who_calls_the_bot_gives_the_ticket_back(world: Any) -> None:
    ticket = await asked(world)
    await world.hear(writes(GRACE, "I look into it", thread="t1"))
    await world.hear(writes(GRACE, "what about CSV?", thread="t1", addressed=True))
    await world.settle()
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT
    assert world.channel.texts("t1") == ["answer 1", "answer 2"]


async def test_words_of_an_operator_in_the_customers_thread_are_not_sent_again(
    world: Any,
) -> None:
    ticket = await asked(world)
    await world.hear(by_ada("are you there?"))
    await world.hear(writes(GRACE, "Kim will look.", thread="t1"))
    await world.settle()
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.handler, ticket.status) == (Handler.HUMAN, Status.PENDING)
    assert ticket.answered_seq == ticket.asked_seq
    assert world.channel.texts("t1") == ["answer 1"]
    assert (await thread(world, ticket))[-1] == ("operator", "assistant", "Kim will look.")
    assert (await world.kinds(ticket))[-2:] == ["takeover", "human_replied"]


async def test_an_operator_may_ask_like_anybody(world: Any) -> None:
    accepted = await world.hear(writes(GRACE, "how does it work?", thread="t9", addressed=True))
    await world.settle()
    await world.hear(writes(GRACE, "and then?", thread="t9"))
    await world.settle()
    ticket = await world.ticket(accepted.ticket)
    assert ticket.handler is Handler.BOT
    assert world.channel.texts("t9") == ["answer 1", "answer 2"]


async def test_chatter_of_operators_is_left_alone(world: Any) -> None:
    accepted = await world.hear(writes(GRACE, "lunch?", thread="t9"))
    assert accepted.suppressed == "not_addressed"


async def test_what_an_operator_says_after_resolving_reopens_nothing(world: Any) -> None:
    ticket = await asked(world)
    await world.takeover.resolve(ticket.public_id, None)
    await world.hear(writes(GRACE, "Bye!", thread="t1"))
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.status, ticket.episode_n) == (Status.RESOLVED, 1)
    assert (await thread(world, ticket))[-1] == ("operator", "assistant", "Bye!")


async def test_changed_words_of_an_operator_change_what_the_customer_sees(world: Any) -> None:
    ticket, notice = await escalated(world)
    await world.hear(writes(GRACE, "Pres it.", below=under(notice)), "m1")
    await world.settle()
    await world.hear(Edited(GRACE, "m1", ("desk",), "Press it."))
    await world.settle()
    assert world.channel.shown("t1")[-1].text == "Press it."
    assert (await world.messages(ticket))[-1].text == "Press it."
    assert (await world.ticket(ticket.public_id)).status is Status.PENDING
    assert len(world.completer.prompts) == 1


async def test_what_an_operator_takes_back_is_gone_for_the_customer(world: Any) -> None:
    ticket, notice = await escalated(world)
    await world.hear(writes(GRACE, "The secret is R0SEBUD", below=under(notice)), "m1")
    await world.settle()
    await world.hear(Deleted("m1", ("desk",)))
    await world.settle()
    assert world.channel.shown("t1")[-1].text == "*(This was taken back.)*"
    assert (await world.messages(ticket))[-1].text == "[deleted by its author]"
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_what_is_taken_back_before_it_left_never_leaves(world: Any) -> None:
    _, notice = await escalated(world)
    await world.hear(writes(GRACE, "The secret is R0SEBUD", below=under(notice)), "m1")
    await world.hear(Deleted("m1", ("desk",)))
    await world.settle()
    assert "R0SEBUD" not in "".join(world.channel.texts())


async def test_what_the_customer_writes_on_is_told_below_the_packet(world: Any) -> None:
    ticket, notice = await escalated(world)
    await world.ask(said("still <b>broken</b>", addressed=False))
    told = world.channel.shown("operators")[-1]
    assert told.text == "**Ada** wrote:\n\n> still \\<b>broken\\</b>"
    assert told.below is not None
    assert told.below.key == notice.key
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    before = len(world.channel.shown("operators"))
    await world.ask(said("and now?", addressed=False))
    assert len(world.channel.shown("operators")) == before


async def test_what_was_told_is_forgotten_when_the_customer_takes_it_back(world: Any) -> None:
    ticket, _ = await escalated(world)
    await world.hear(said("my password is R0SEBUD"), "m2")
    await world.settle()
    await world.hear(Deleted("m2", ("t1",)))
    await world.settle()
    assert "R0SEBUD" not in "".join(one.text for one in world.channel.shown("operators"))
    assert "R0SEBUD" not in "".join(one.text for one in await world.deliveries(ticket))


async def test_the_words_of_a_bystander_are_context(world: Any) -> None:
    ticket = await asked(world)
    await world.hear(by_bob("it is version 7"))
    await world.settle()
    assert world.channel.texts() == ["answer 1"]
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.status, ticket.asked_seq) == (Status.PENDING, 1)
    await world.ask(by_ada("mine is 8"))
    assert world.channel.texts() == ["answer 1", "answer 2"]
    asked_now = world.completer.prompts[1].messages[-1].content
    assert "it is version 7" in asked_now
    assert "mine is 8" in asked_now


async def test_a_bystander_who_calls_the_bot_is_answered(world: Any) -> None:
    await asked(world)
    await world.ask(by_bob("and for me?", addressed=True))
    assert world.channel.texts() == ["answer 1", "answer 2"]


async def test_a_bystanders_words_are_owed_nothing_after_a_return(world: Any) -> None:
    ticket = await asked(world)
    await world.takeover.take_over(ticket.public_id, None)
    await world.hear(by_bob("+1"))
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts() == ["answer 1"]


async def test_an_old_word_of_a_bystander_makes_no_new_question_overdue(
    world: Any, clock: Any
) -> None:
    ticket = await asked(world)
    await world.hear(by_bob("+1"))
    clock.advance(hours=2)
    await world.hear(by_ada("and as CSV?"))
    await world.sweep.hand_off_overdue()
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT


async def test_identity_is_vouched_for_by_nobody_while_others_have_a_say(
    make_world: Any, clock: Any
) -> None:
    seen: list[bool] = []

    @tool
    def note(context: ToolContext) -> str:
        """Take a note."""
        seen.append(context.verified)
        return "noted"

    def call(number: int) -> Turn:
        return Turn(tool_calls=(ToolCall(f"c{number}", "note", "{}"),))

    script = ["hello", call(1), "one", call(2), "two"]
    channel = MemoryChannel(clock, key="slack:x", kind="slack")
    world = await make_world(
        script, channel=channel, toolbox=gather([note]).toolbox, tools=("note",)
    )
    await asked(world)
    await world.hear(by_bob("please note that bob pays"))
    await world.ask(by_ada("what now?"))
    await world.ask(by_ada("and alone?"))
    assert seen == [False, True]


async def test_whoever_steps_in_takes_over_where_there_are_no_operators(make_world: Any) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket = await asked(world)
    await world.hear(by_bob("I can help"))
    await world.ask(by_ada("thank you"))
    ticket = await world.ticket(ticket.public_id)
    assert ticket.handler is Handler.HUMAN
    assert world.channel.texts() == ["answer 1"]
    events = [(e.kind.value, e.actor.kind.value) for e in await world.events(ticket)]
    assert events[-2:] == [("takeover", "guest"), ("human_replied", "guest")]


@pytest.mark.parametrize("who", [by_ada, by_bob])
async def test_the_bot_comes_back_when_it_is_called(make_world: Any, who: Any) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket = await asked(world)
    await world.hear(by_bob("I can help"))
    await world.ask(who("bot, are you there?", addressed=True))
    ticket = await world.ticket(ticket.public_id)
    assert ticket.handler is Handler.BOT
    assert world.channel.texts() == ["answer 1", "answer 2"]
    assert "returned" in await world.kinds(ticket)


async def test_a_call_does_not_take_a_ticket_from_a_person_who_was_asked_for(
    make_world: Any,
) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket, _ = await escalated(world)
    await world.ask(by_ada("bot?", addressed=True))
    assert (await world.ticket(ticket.public_id)).handler is Handler.HUMAN


async def test_episodes_with_people_of_all_kinds_are_rebuilt_bit_for_bit(
    make_world: Any, db: Any
) -> None:
    world = await make_world(anyone_steps_in=True, scored=True)
    ticket = await asked(world)
    await world.hear(by_bob("I can help"))
    await world.hear(writes(GRACE, "So can I", thread="t1"))
    await press(world, ActionKind.RESOLVE, ADA, None, by_operator=False, thread_keys=("t1",))
    async with db.reading() as work:
        before = await threads.episodes(work, ticket.id)
    assert before[0].human_messages == 2
    async with db.writing() as work:
        await threads.rebuild_episodes(work, ticket)
    async with db.reading() as work:
        assert await threads.episodes(work, ticket.id) == before


async def test_every_word_of_the_bystander_who_has_it_counts(make_world: Any) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket = await asked(world)
    await world.hear(by_bob("Do it like this."))
    await world.hear(by_ada("and then?"))
    await world.hear(by_bob("Then press Export."))
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.status, ticket.waiting_since) == (Status.PENDING, None)
    assert ticket.answered_seq == ticket.asked_seq
    assert (await world.kinds(ticket))[-3:] == ["takeover", "human_replied", "human_replied"]
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.settle()
    assert world.channel.texts("t1") == ["answer 1"]


async def test_a_bystanders_words_do_not_answer_for_a_person_who_was_asked_for(
    make_world: Any,
) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket, _ = await escalated(world)
    await world.hear(by_bob("I can help"))
    ticket = await world.ticket(ticket.public_id)
    assert ticket.status is Status.OPEN
    assert ticket.waiting_since is not None


async def test_a_draft_is_dropped_where_a_bystander_answered(make_world: Any) -> None:
    world = await make_world(anyone_steps_in=True, mode=Mode.DRAFT)
    ticket = await asked(world)
    await world.hear(by_bob("Do it like this."))
    await world.settle()
    (draft,) = await world.drafts(ticket)
    assert draft.state is DraftState.DISCARDED
    (notice,) = world.channel.shown("operators")
    assert notice.offers == ()
    assert notice.text.endswith("Not needed any more: a person answered.")


async def test_a_packet_tells_that_a_bystander_answered(make_world: Any) -> None:
    world = await make_world(anyone_steps_in=True)
    ticket, _ = await escalated(world)
    await world.takeover.return_to_bot(ticket.public_id, None)
    await world.hear(by_bob("Do it like this.", sender=BOB))
    await world.settle()
    assert packet(world).text.endswith("Bob answered in the customer's thread.")


async def test_files_of_the_customer_are_named_below_the_packet(world: Any) -> None:
    await escalated(world)
    bill = Attached("[bill].pdf", "application/pdf", b"PDF")
    for text in ("Here it is.", ""):
        await world.ask(said(text, attachments=(bill,)))
    told = [one.text for one in world.channel.shown("operators") if one.below is not None]
    assert told == [
        f"**Ada** wrote:\n\n> Here it is.\n> File: {inert('[bill].pdf')}",
        f"**Ada** wrote:\n\n> File: {inert('[bill].pdf')}",
    ]


async def test_what_an_operator_takes_back_while_it_leaves_is_gone_for_the_customer(
    world: Any,
) -> None:
    _, notice = await escalated(world)
    await world.hear(writes(GRACE, "The secret is R0SEBUD", below=under(notice)), "m1")
    world.channel.open.clear()
    leaving = asyncio.create_task(world.settle())
    await world.until(lambda: "R0SEBUD" in world.channel.attempts[-1].text)
    await world.hear(Deleted("m1", ("desk",)))
    world.channel.open.set()
    await leaving
    await world.settle()
    assert world.channel.shown("t1")[-1].text == "*(This was taken back.)*"


async def test_an_answer_that_was_leaving_loses_its_way_to_a_person_too(world: Any) -> None:
    world.channel.open.clear()
    accepted = await world.hear(said("hi"))
    leaving = asyncio.create_task(world.settle())
    await world.until(lambda: bool(world.channel.attempts))
    await world.takeover.reply(accepted.ticket, None, "I have it.")
    world.channel.open.set()
    await leaving
    for _ in range(2):
        await world.settle()
    answer, reply = world.channel.shown("t1")
    assert (answer.text, reply.text) == ("answer 1", "I have it.")
    assert ActionKind.ESCALATE not in answer.offers
