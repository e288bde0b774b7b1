"""What operators were told in a customer's words follows what becomes of these words."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.channels.slack.replies.render import render
from supportbot.model.catalog import Mode
from supportbot.model.inbound import ActionKind, Attached, Deleted, Edited, Sender
from supportbot.model.markdown import inert
from supportbot.testing import said
from tests.integration.orchestrator.desk import (
    ADA,
    customer_presses,
    escalated,
    packet,
)

SECRET = "R0SEBUD"


async def asks(world: Any, text: str, key: str) -> Any:
    accepted = await world.hear(said(text), key)
    await world.settle()
    return await world.ticket(accepted.ticket)


async def deletes(world: Any, key: str) -> None:
    await world.hear(Deleted(key, ("t1",)))
    await world.settle()


async def edits(world: Any, key: str, text: str) -> None:
    await world.hear(Edited(ADA, key, ("t1",), text))
    await world.settle()


def shown(world: Any) -> str:
    return "\n".join(one.text for one in world.channel.shown("operators"))


async def test_a_letter_that_is_taken_back_changes_no_other_word(world: Any) -> None:
    _, notice = await escalated(world, "where is the e-book?")
    for number in range(3):
        await asks(world, "e", f"e{number}")
        await deletes(world, f"e{number}")
    first, *below = [one.text for one in world.channel.shown("operators")]
    assert first == notice.text
    assert below == ["(deleted by its author)"] * 3


@pytest.mark.parametrize("end", ["resolve", "return_to_bot"])
async def test_words_taken_back_leave_a_notice_that_offers_nothing(world: Any, end: str) -> None:
    ticket = await asks(world, f"my password is {SECRET}", "m1")
    await customer_presses(world, ActionKind.ESCALATE)
    await getattr(world.takeover, end)(ticket.public_id, None)
    await world.settle()
    if end == "return_to_bot":
        await asks(world, "a human, please", "m2")
    assert SECRET in shown(world)
    await deletes(world, "m1")
    assert SECRET not in shown(world)
    assert "**Asked:** (deleted by its author)" in shown(world)
    assert SECRET not in "".join(one.text for one in await world.deliveries(ticket))


async def test_words_taken_back_leave_the_notice_of_a_draft_that_was_sent(make_world: Any) -> None:
    world = await make_world(mode=Mode.DRAFT)
    await world.hear(said(f"my password is {SECRET}"), "m1")
    ticket = await asks(world, "how do I change it?", "m2")
    [draft] = [one for one in await world.drafts(ticket) if one.state == "open"]
    await world.takeover.send_draft(draft.id, None)
    await world.settle()
    await deletes(world, "m1")
    assert SECRET not in shown(world)
    assert "**Asked:** (deleted by its author) / how do I change it?" in shown(world)


async def test_a_reminder_forgets_a_subject_that_was_taken_back(world: Any, clock: Any) -> None:
    await asks(world, f"{SECRET} is my password", "m1")
    accepted = await customer_presses(world, ActionKind.ESCALATE)
    clock.advance(hours=5)
    await world.sweep.remind_people()
    await world.settle()
    assert SECRET in packet(world).text
    await deletes(world, "m1")
    assert SECRET not in shown(world)
    assert packet(world).text.startswith(f"**Nobody answered yet**: ticket `{accepted.ticket}`")


async def test_a_follow_up_that_was_changed_reads_as_it_was_changed(world: Any) -> None:
    await escalated(world)
    bill = Attached("bill.txt", "text/plain", b"12 EUR")
    await world.hear(said("please refund order 12", attachments=(bill,)), "m2")
    await world.settle()
    await edits(world, "m2", "please refund order 13")
    assert "order 12" not in shown(world)
    assert "> please refund order 13\n> File: bill.txt" in shown(world)


async def test_a_question_that_was_changed_is_quoted_as_it_was_changed(make_world: Any) -> None:
    world = await make_world(mode=Mode.DRAFT)
    await world.hear(said("Hello."), "m1")
    await asks(world, "where is order 12?", "m2")
    assert "**Asked:** Hello. / where is order 12?" in shown(world)
    await edits(world, "m2", "where is order 13?")
    assert "order 12" not in shown(world)
    assert shown(world).count("**Asked:** Hello. / where is order 13?") == 2


async def test_a_name_is_no_markup_for_operators(world: Any) -> None:
    await world.ask(said("hi", sender=Sender("ada", "**\n\\[Ada](https://evil.example)")))
    await customer_presses(world, ActionKind.ESCALATE)
    await world.ask(said("more"))
    assert "**\\*\\* \\\\\\[Ada](https://evil.example)** wrote:" in shown(world)


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


async def test_a_notice_of_many_files_stays_one_message(world: Any) -> None:
    """What is told in two could be taken back in one of them only."""
    await escalated(world)
    names = [f"{number:03}-{'long_' * 48}.txt" for number in range(50)]
    files = tuple(Attached(name, "text/plain", b"x") for name in names)
    await world.hear(said("All of it.", attachments=files), "m2")
    await world.settle()
    told = world.channel.shown("operators")[-1]
    assert told.below is not None
    assert told.text.endswith("\n> and 40 more files")
    assert inert(names[9]) in told.text
    assert len(render(told)) == 1
    await deletes(world, "m2")
    assert "long" not in shown(world)
