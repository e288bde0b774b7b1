"""What the bot made of words that are taken back later: in packets, in drafts, in answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from supportbot.completions.scripted import Turn
from supportbot.errors import SendError
from supportbot.model.catalog import Mode
from supportbot.model.completion import ToolCall
from supportbot.model.handoff import HANDOFF_TOOL
from supportbot.model.inbound import Deleted, Edited
from supportbot.model.summary import Summary
from supportbot.model.ticket import Status
from supportbot.orchestrator.telling.quoting import GONE, GONE_TOO
from supportbot.store import summaries, transcripts
from supportbot.store.tables.answers import CompletionRow
from supportbot.testing import Fails, said
from supportbot.tools.declare import tool
from supportbot.tools.toolbox import gather
from tests.integration.orchestrator.desk import GRACE, escalated, packet, under, writes
from tests.integration.orchestrator.kept import tables_with

SECRET = "R0SEBUD"
BUSY = Fails(SendError("busy", permanent=False))
#: What is kept for a while, as ARCHITECTURE tells.
FOR_A_WHILE = {"ticket_event"}


def handed_off(about: str = "it") -> Turn:
    words = {
        "reason": "policy",
        "message": "A colleague will help.",
        "rule": f"About {about}.",
        "summary": f"They want {SECRET} to work",
        "missing": f"whether {SECRET} is right",
    }
    return Turn(tool_calls=(ToolCall("h1", HANDOFF_TOOL, json.dumps(words)),))


async def asks(world: Any, text: str, key: str) -> Any:
    accepted = await world.hear(said(text), key)
    await world.settle()
    return await world.ticket(accepted.ticket)


async def deletes(world: Any, key: str) -> None:
    await world.hear(Deleted(key, ("t1",)))
    for _ in range(3):
        world.clock.advance(minutes=2)
        await world.settle()


def told(world: Any) -> str:
    return "\n".join(one.text for one in world.channel.shown("operators"))


async def test_packet_loses_what_a_model_made_of_words_that_are_taken_back(
    make_world: Any,
) -> None:
    world = await make_world([f"Is it {SECRET}?", handed_off()])
    await asks(world, f"my PIN is {SECRET}", "m1")
    ticket = await asks(world, "it does not work", "m2")
    before = packet(world).text
    assert before.count(SECRET) == 4  # the first line names the ticket
    await deletes(world, "m1")
    lines = packet(world).text.split("  \n")
    assert lines[1:4] == [
        f"**Asked:** {GONE_TOO}",
        f"**Tried:** answered: {GONE_TOO}",
        f"**Missing:** {GONE_TOO}",
    ]
    assert lines[4] == f"**Why:** A rule requires a person: {GONE_TOO}"
    kept = [one.text for one in await world.deliveries(ticket) if SECRET in one.text]
    assert {*kept} == {f"Is it {SECRET}?"}  # an answer that arrived stays
    assert packet(world).offers


async def test_packet_keeps_what_was_written_before_the_words_came(make_world: Any) -> None:
    world = await make_world([handed_off()])
    await asks(world, "it does not work", "m1")
    before = packet(world).text
    world.clock.advance(seconds=1)
    await asks(world, "oops", "m2")
    await deletes(world, "m2")
    assert world.channel.shown("operators")[0].text == before


async def test_packet_quotes_what_still_stands(make_world: Any) -> None:
    world = await make_world(["Yes.", "No."])
    await asks(world, "does it work?", "m1")
    await asks(world, "and mine?", "m2")
    await asks(world, "I want a human", "m3")
    await deletes(world, "m2")
    text = packet(world).text
    assert "**Asked:** I want a human" in text
    assert f"answered: {GONE_TOO}" in text
    assert "**Why:** The customer asked for a person." in text


@pytest.mark.parametrize("end", ["stale", "discarded", "edited"])
async def test_draft_that_was_never_said_is_gone_with_its_notice(make_world: Any, end: str) -> None:
    script = [f"Is it {SECRET}?", "Yes.", "No."]
    world = await make_world(script, mode=Mode.DRAFT)
    ticket = await asks(world, f"my PIN is {SECRET}", "m1")
    (draft,) = await world.drafts(ticket)
    if end == "stale":
        await asks(world, "and now?", "m2")
    elif end == "discarded":
        await world.takeover.discard_draft(draft.id, None)
    else:
        await world.takeover.send_draft(draft.id, None, "Which one?")
    await world.settle()
    assert f"Is it {SECRET}?" in told(world)
    became = world.channel.shown("operators")[0].text.rsplit("\n\n", 1)[1]
    await deletes(world, "m1")
    assert SECRET not in told(world)
    first = world.channel.shown("operators")[0]
    assert first.text == became
    assert bool(first.offers) is (end == "discarded")  # then it is the ticket's packet
    assert await tables_with(world.db, SECRET) <= FOR_A_WHILE
    assert not [one for one in await world.drafts(ticket) if SECRET in one.text]


async def test_draft_that_was_sent_as_it_was_stays(make_world: Any) -> None:
    world = await make_world(["The answer."], mode=Mode.DRAFT)
    ticket = await asks(world, "my question", "m1")
    (draft,) = await world.drafts(ticket)
    await world.takeover.send_draft(draft.id, None)
    await world.settle()
    await deletes(world, "m1")
    assert f"**Asked:** {GONE}" in told(world)
    assert "The answer." in told(world)
    assert "The answer." in world.channel.texts()


async def test_answer_that_waits_is_gone_with_its_question(make_world: Any) -> None:
    world = await make_world([f"Is it {SECRET}?"])
    world.channel.failures.append(BUSY)
    ticket = await asks(world, f"my PIN is {SECRET}", "m1")
    await deletes(world, "m1")
    assert world.channel.texts() == []
    assert await tables_with(world.db, SECRET) <= FOR_A_WHILE
    ticket = await world.ticket(ticket.public_id)
    assert (ticket.bot_owes, ticket.status) == (False, Status.PENDING)
    assert (await world.messages(ticket))[-1].text == "[what it answered was taken back]"


async def test_what_an_answer_that_is_gone_answered_beside_is_answered_anew(
    make_world: Any,
) -> None:
    world = await make_world([f"Is it {SECRET}? And it is blue.", "It is blue."])
    world.channel.failures.append(BUSY)
    await world.hear(said("which colour is it?"), "m1")
    ticket = await asks(world, f"my PIN is {SECRET}", "m2")
    await deletes(world, "m2")
    assert world.channel.texts() == ["It is blue."]
    assert not (await world.ticket(ticket.public_id)).bot_owes
    assert await tables_with(world.db, SECRET) <= FOR_A_WHILE


@pytest.mark.parametrize("arrives", [True, False])
async def test_answer_that_is_leaving_is_gone_with_its_question(
    make_world: Any, *, arrives: bool
) -> None:
    world = await make_world([f"Is it {SECRET}?", "never said"])
    world.channel.failures.extend([] if arrives else [BUSY])
    world.channel.open.clear()
    accepted = await world.hear(said(f"my PIN is {SECRET}"), "m1")
    leaving = asyncio.create_task(world.settle())
    await world.until(lambda: bool(world.channel.attempts))
    await world.hear(Deleted("m1", ("t1",)))
    world.channel.open.set()
    await leaving
    for _ in range(3):
        world.clock.advance(minutes=2)
        await world.settle()
    shown = [one.text for one in world.channel.shown("t1")]
    assert shown == (["*(This was taken back.)*"] if arrives else [])
    changes = [one for one in world.channel.changes if one.kind == "reply"]
    assert all(one.rewords for one in changes)
    assert len(world.channel.attempts) == 1
    assert await tables_with(world.db, SECRET) <= FOR_A_WHILE
    assert not (await world.ticket(accepted.ticket)).bot_owes


async def test_answer_that_has_arrived_stays(world: Any) -> None:
    await asks(world, "my question", "m1")
    await deletes(world, "m1")
    assert [one.text for one in world.channel.shown("t1")] == ["answer 1"]


def beside(text: str, by: str = "bob") -> Any:
    return said(text, by=by, shared_thread=True, addressed=False)


async def test_what_was_made_of_a_bystanders_words_goes_with_them(make_world: Any) -> None:
    @tool
    def look(word: str) -> str:
        """Look something up."""
        return f"found {word}"

    asked = Turn(tool_calls=(ToolCall("c1", "look", json.dumps({"word": SECRET})),))
    script = ["Hello.", asked, f"Is it {SECRET}?", "What is it?"]
    world = await make_world(
        script, mode=Mode.DRAFT, toolbox=gather([look]).toolbox, tools=("look",)
    )
    await world.ask(said("it is broken", shared_thread=True))
    await world.hear(beside(f"I think it is {SECRET}"), "b1")
    ticket = await world.ask(beside("and now?", "ada"))
    async with world.db.writing() as work:
        summary = Summary(ticket.last_seq, f"They speak of {SECRET}.")
        await summaries.add(work, ticket, summary, await completion_of(work), world.clock())
    assert f"Is it {SECRET}?" in told(world)
    await deletes(world, "b1")
    assert SECRET not in told(world)
    assert "What is it?" in told(world)
    assert [one.state for one in await world.drafts(ticket)][-2:] == ["discarded", "open"]
    assert await tables_with(world.db, SECRET) <= FOR_A_WHILE


async def completion_of(work: Any) -> int:
    """Return the number of some completion; a summary must name one."""
    number: int = await work.connection.scalar(select(func.max(CompletionRow.id)))
    return number


async def test_packet_loses_what_a_model_made_of_a_bystanders_words(make_world: Any) -> None:
    world = await make_world(["Hello.", handed_off()])
    await world.ask(said("it is broken", shared_thread=True))
    await world.hear(beside(f"I think it is {SECRET}"), "b1")
    await world.ask(beside("and now?", "ada"))
    assert SECRET in packet(world).text
    await deletes(world, "b1")
    assert SECRET not in told(world)


async def test_summary_of_what_a_person_changed_or_took_back_holds_no_more(world: Any) -> None:
    ticket, notice = await escalated(world)
    await world.hear(writes(GRACE, f"The secret is {SECRET}", below=under(notice)), "g1")
    for change in (Edited(GRACE, "g1", ("desk",), "It is gone."), Deleted("g1", ("desk",))):
        ticket = await world.ticket(ticket.public_id)
        async with world.db.writing() as work:
            summary = Summary(ticket.last_seq, f"They were told {SECRET}.")
            await summaries.add(work, ticket, summary, await completion_of(work), world.clock())
        await world.hear(change)
        await world.settle()
        assert "thread_summary" not in await tables_with(world.db, SECRET)


async def test_transcript_tells_no_words_of_a_handoff_that_may_repeat_what_is_gone(
    make_world: Any,
) -> None:
    world = await make_world([handed_off(SECRET), handed_off("the bill")])
    ticket = await asks(world, f"my PIN is {SECRET}", "m1")

    async def summaries_told() -> list[object]:
        async with world.db.reading() as work:
            transcript = await transcripts.of_ticket(work, ticket)
        return [one.data["summary"] for one in transcript.events if one.kind == "handoff"]

    assert SECRET in str(await summaries_told())
    await deletes(world, "m1")
    assert await summaries_told() == ["A rule requires a person."]
    other = await world.hear(said("the bill is wrong", thread="t2"))
    await world.settle()
    ticket = await world.ticket(other.ticket)
    assert await summaries_told() == ["A rule requires a person: About the bill."]
