"""What operators write below a packet, or straight to the customer, and what they take back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from supportbot.model.inbound import ActionKind, Attached, Deleted, Edited
from supportbot.model.message import Visibility
from supportbot.model.ticket import Handler, Status, Ticket
from supportbot.orchestrator.people.stepping_in import divided
from supportbot.store import operators
from supportbot.testing import said
from tests.integration.orchestrator.desk import (
    GRACE,
    asked,
    by_ada,
    escalated,
    packet,
    press,
    to_customer,
    under,
    write,
    writes,
)

FILE = Attached("export.csv", "text/csv", b"a,b")


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
    await write(world, GRACE, "note: vip\nPress *Export*.", below=under(notice))
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
    await write(world, GRACE, text, below=under(notice), aside=aside)
    assert (await world.messages(ticket))[-1].visibility is Visibility.INTERNAL
    assert await world.kinds(ticket) == before
    assert len(await to_customer(world, ticket)) == 2


async def test_words_below_the_packet_of_a_resolved_ticket_are_not_lost_in_silence(
    world: Any,
) -> None:
    ticket, notice = await escalated(world)
    await press(world, ActionKind.RESOLVE, GRACE, notice)
    await write(world, GRACE, "One more thing", below=under(notice))
    await write(world, GRACE, "And another", below=under(notice))
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
    await write(world, GRACE, "Kim here.", below=under(notice))
    assert world.channel.shown("operators")[-1].text.startswith("Not sent: your operator account")
    assert len(await to_customer(world, ticket)) == 2


async def test_a_file_below_a_packet_is_not_dropped_in_silence(world: Any) -> None:
    ticket, notice = await escalated(world)
    await write(world, GRACE, "See this", below=under(notice), attachments=(FILE,))
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
    await write(world, GRACE, "what about CSV?", thread="t1", addressed=True)
    assert (await world.ticket(ticket.public_id)).handler is Handler.BOT
    assert world.channel.texts("t1") == ["answer 1", "answer 2"]


async def test_words_of_an_operator_in_the_customers_thread_are_not_sent_again(
    world: Any,
) -> None:
    ticket = await asked(world)
    await world.hear(by_ada("are you there?"))
    await write(world, GRACE, "Kim will look.", thread="t1")
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.handler, ticket.status) == (Handler.HUMAN, Status.PENDING)
    assert ticket.answered_seq == ticket.asked_seq
    assert world.channel.texts("t1") == ["answer 1"]
    assert (await thread(world, ticket))[-1] == ("operator", "assistant", "Kim will look.")
    assert (await world.kinds(ticket))[-2:] == ["takeover", "human_replied"]


async def test_an_operator_may_ask_like_anybody(world: Any) -> None:
    accepted = await world.hear(writes(GRACE, "how does it work?", thread="t9", addressed=True))
    await world.settle()
    await write(world, GRACE, "and then?", thread="t9")
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
    await write(world, GRACE, "Pres it.", below=under(notice), key="m1")
    await world.hear(Edited(GRACE, "m1", ("desk",), "Press it."))
    await world.settle()
    assert world.channel.shown("t1")[-1].text == "Press it."
    assert (await world.messages(ticket))[-1].text == "Press it."
    assert (await world.ticket(ticket.public_id)).status is Status.PENDING
    assert len(world.completer.prompts) == 1


async def test_what_an_operator_takes_back_is_gone_for_the_customer(world: Any) -> None:
    ticket, notice = await escalated(world)
    await write(world, GRACE, "The secret is R0SEBUD", below=under(notice), key="m1")
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
