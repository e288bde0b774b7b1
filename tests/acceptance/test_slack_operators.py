"""How the support team works in Slack, told over the whole product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.model.ticket import Handler, Status
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk
from tests.acceptance.slack_team import (
    below,
    escalated,
    labels,
    notices,
    team,
    ticket_of,
    told_alone,
)


@pytest.fixture
def plan() -> Plan:
    return team()


async def test_escalating_puts_a_packet_before_operators(d: Desk) -> None:
    question, packet = await escalated(d)
    (ticket,) = await d.tickets()
    for told in (
        "**Handoff** (asked)",
        f"`{ticket.public_id}`",
        "**Asked:** How do I export?",
        "**Tried:** answered: Open \\*\\*Settings > Export\\*\\*",
        "**Missing:**",
        "Rocket · slack · ada · waits since",
        f"https://fake.slack.test/archives/{question.channel}/p{question.ts.replace('.', '')}",
        f"/tickets/{ticket.public_id}",
    ):
        assert told in packet.markdown
    assert labels(packet) == ["claim", "reply", "return", "resolve"]
    answer, note = await d.slack.wait_for_replies(question, 2)
    assert note.markdown == "A colleague will answer you here."
    await d.until(lambda: labels(answer) == ["feedback"])
    assert answer.markdown == ANSWER


async def test_claiming_says_so_in_place_and_offers_what_comes_next(d: Desk) -> None:
    _, packet = await escalated(d)
    d.slack.click(packet, "supportbot_claim", "grace")
    await d.until(lambda: "grace has it." in packet.markdown)
    assert labels(packet) == ["reply", "return", "resolve"]
    assert len(notices(d)) == 1
    ticket = await ticket_of(d, handler=Handler.HUMAN)
    assert ticket.assignee_id is not None
    assert (await d.events(ticket))[-1].kind == "takeover"


async def test_of_two_who_claim_one_gets_it_and_the_other_is_told(d: Desk) -> None:
    _, packet = await escalated(d)
    d.slack.click(packet, "supportbot_claim", "grace")
    d.slack.click(packet, "supportbot_claim", "kim")
    await d.until(lambda: d.slack.workspace.ephemerals)
    (ticket,) = await d.tickets()
    assert [e.kind for e in await d.events(ticket)].count("takeover") == 1
    told = told_alone(d, "grace") + told_alone(d, "kim")
    assert told in (["grace has this ticket already."], ["kim has this ticket already."])
    assert ("suppressed", "already_claimed") in await d.outcomes()


async def test_a_reply_by_the_form_reaches_the_customer_under_its_writers_name(d: Desk) -> None:
    question, packet = await escalated(d)
    d.slack.click(packet, "supportbot_reply", "grace")
    await d.form("grace")
    d.slack.views.submit("grace", "Use **Export all**.")
    replies = await d.slack.wait_for_replies(question, 3)
    assert replies[-1].markdown == "Use **Export all**."
    assert replies[-1].text.startswith("grace: Use")
    assert replies[-1].blocks[0]["elements"][0]["text"] == "grace from the support team"
    await d.until(lambda: "grace has it and answered." in packet.markdown)
    await d.slack.settled()
    assert d.slack.views.modal("grace") is None
    await ticket_of(d, handler=Handler.HUMAN, status=Status.PENDING)


async def test_words_below_the_packet_reach_the_customer_and_notes_do_not(d: Desk) -> None:
    question, packet = await escalated(d)
    d.slack.say("desk", "grace", "<@U0KIM> do you know this?", thread=packet)
    d.slack.say("desk", "grace", "note: she is on the old plan\nPress *Export*.", thread=packet)
    replies = await d.slack.wait_for_replies(question, 3)
    assert replies[-1].markdown == "Press **Export**."  # bold, as she sees it herself
    ticket = await ticket_of(d, handler=Handler.HUMAN, status=Status.PENDING)
    kept = [(m.text, m.visibility.value) for m in await d.messages(ticket)][-3:]
    assert kept == [
        ("@U0KIM do you know this?", "internal"),
        ("she is on the old plan", "internal"),
        ("Press **Export**.", "public"),
    ]


async def test_what_the_customer_writes_on_is_told_below_the_packet(d: Desk) -> None:
    question, packet = await escalated(d)
    more = d.slack.say("support", "ada", "It is [urgent](http://x.example)", thread=question)
    await d.until(lambda: below(d, packet))
    assert below(d, packet) == ["**ada** wrote:\n\n> It is \\[urgent](http://x.example)"]
    d.slack.delete(more)
    await d.until(lambda: below(d, packet) == ["(deleted by its author)"])
    assert len(d.slack.replies(question)) == 2


async def test_an_operator_who_writes_to_the_customer_silences_the_bot(d: Desk) -> None:
    question = d.slack.mention("support", "ada", "How do I export?")
    await d.slack.wait_for_replies(question)
    d.slack.say("support", "grace", "<@U0ADA> let me look into this.", thread=question)
    ticket = await ticket_of(d, handler=Handler.HUMAN, status=Status.PENDING)
    d.slack.say("support", "ada", "Thank you!", thread=question)
    await d.settled()
    assert len(d.slack.replies(question)) == 1
    said = [(m.text, m.author.kind.value) for m in await d.messages(ticket)]
    assert said[2:] == [
        ("@U0ADA let me look into this.", "operator"),
        ("Thank you!", "customer"),
    ]


async def test_returned_ticket_is_the_bots_again(d: Desk) -> None:
    question, packet = await escalated(d)
    d.slack.click(packet, "supportbot_return", "grace")
    await d.until(lambda: "Returned to the bot by grace." in packet.markdown)
    assert labels(packet) == ["claim", "resolve"]
    d.slack.say("support", "ada", "And as CSV?", thread=question)
    replies = await d.slack.wait_for_replies(question, 3)
    assert replies[-1].markdown == ANSWER


async def test_resolving_asks_the_customer_how_it_went(d: Desk) -> None:
    question, packet = await escalated(d)
    d.slack.click(packet, "supportbot_resolve", "grace")
    await d.until(lambda: "Resolved by grace." in packet.markdown)
    assert labels(packet) == []
    asked = (await d.slack.wait_for_replies(question, 3))[-1]
    assert labels(asked) == [f"score_{n}" for n in range(1, 6)]
    d.slack.click(asked, "supportbot_score_2", "ada")
    await d.until(lambda: "You gave 2 of 5." in asked.markdown)
    await d.form("ada")
    d.slack.views.submit("ada", "It took long.")
    await d.until(lambda: "Your comment is kept." in asked.markdown)
    d.slack.click(asked, "supportbot_score_5", "ada")
    await d.until(lambda: "You gave 5 of 5." in asked.markdown)
    assert labels(asked)[-1] == "comment"
    ticket = await ticket_of(d, status=Status.RESOLVED)
    kinds = [e.kind.value for e in await d.events(ticket)]
    assert kinds.count("scored") == 3


@pytest.mark.parametrize("who", ["ada", "grace"])
async def test_a_check_mark_on_the_first_message_resolves(d: Desk, who: str) -> None:
    question = d.slack.mention("support", "ada", "How do I export?")
    await d.slack.wait_for_replies(question)
    await d.settled()
    d.slack.reactions.add(question, "white_check_mark", "bob")
    await d.settled()
    await ticket_of(d, status=Status.PENDING)
    d.slack.reactions.add(question, "white_check_mark", who)
    ticket = await ticket_of(d, status=Status.RESOLVED)
    resolved = (await d.events(ticket))[-1]
    assert resolved.reason == ("bot_confirmed" if who == "ada" else "human")
    d.slack.reactions.remove(question, "white_check_mark", who)
    await d.settled()
    await ticket_of(d, status=Status.RESOLVED)


async def test_a_check_mark_of_an_operator_on_the_packet_resolves_too(d: Desk) -> None:
    _, packet = await escalated(d)
    d.slack.reactions.add(packet, "white_check_mark", "bob")
    await d.settled()
    await ticket_of(d, status=Status.OPEN)
    d.slack.reactions.add(packet, "white_check_mark", "grace")
    await d.until(lambda: "Resolved by grace." in packet.markdown)


async def test_a_draft_is_sent_edited_or_discarded_from_its_notice(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, team(mode="draft", answer=lambda _: "draft words")) as d:
        questions = [d.slack.mention("support", "ada", f"Question {n}") for n in range(3)]
        await d.until(lambda: len(notices(d)) == 3)
        await d.settled()
        first, second, third = notices(d)
        assert labels(first) == ["send_draft", "edit_draft", "discard_draft"]
        d.slack.click(first, "supportbot_send_draft", "grace")
        await d.until(lambda: "Sent by grace." in first.markdown)
        d.slack.click(second, "supportbot_edit_draft", "grace")
        (field,) = (await d.form("grace")).body["blocks"]
        assert field["element"]["initial_value"] == "draft words"
        d.slack.views.submit("grace", "Better words.")
        await d.until(lambda: "Sent with other words by grace." in second.markdown)
        d.slack.click(third, "supportbot_discard_draft", "grace")
        await d.until(lambda: "Draft discarded by grace" in third.markdown)
        assert [labels(one) for one in notices(d)] == [[], [], ["reply", "return", "resolve"]]
        await d.eventually(d.left)
        said = [one.markdown for question in questions for one in d.slack.replies(question)]
        assert sorted(said) == ["Better words.", "draft words"]
        d.slack.click(third, "supportbot_resolve", "grace")
        await d.until(lambda: "Resolved by grace." in third.markdown)
        assert labels(third) == []


async def test_a_stale_draft_loses_its_buttons(transport: Transport, tmp_path: Path) -> None:
    async with desk(transport, tmp_path, team(mode="draft")) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.until(lambda: len(notices(d)) == 1)
        (first,) = notices(d)
        d.slack.say("support", "ada", "As CSV, I mean", thread=question)
        await d.until(lambda: len(notices(d)) == 2)
        await d.until(lambda: "the customer wrote again" in first.markdown)
        assert labels(first) == []


async def test_buttons_of_operators_are_refused_to_others(d: Desk) -> None:
    _, packet = await escalated(d)
    d.slack.click(packet, "supportbot_claim", "bob")
    await d.until(lambda: told_alone(d, "bob"))
    assert told_alone(d, "bob") == ["Only operators of the support team can do this."]
    ticket = await ticket_of(d, handler=Handler.HUMAN)
    assert ticket.assignee_id is None
    assert ("suppressed", "not_an_operator") in await d.outcomes()


async def test_what_another_person_says_is_context_and_the_asker_is_answered(
    transport: Transport, tmp_path: Path
) -> None:
    seen: list[Any] = []

    def answer(request: Any) -> str:
        seen.append(request["messages"])
        return f"answer {len(seen)}"

    async with desk(transport, tmp_path, team(answer=answer)) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.wait_for_replies(question)
        d.slack.say("support", "bob", "I had this with version 7", thread=question)
        await d.settled()
        d.slack.say("support", "ada", "Mine is version 8", thread=question)
        replies = await d.slack.wait_for_replies(question, 2)
        assert [one.markdown for one in replies] == ["answer 1", "answer 2"]
        assert "version 7" in str(seen[-1])


@pytest.mark.parametrize("plan", [Plan()], ids=["nobody"])
async def test_where_there_are_no_operators_whoever_steps_in_takes_over(d: Desk) -> None:
    question = d.slack.mention("support", "ada", "How do I export?")
    await d.slack.wait_for_replies(question)
    d.slack.say("support", "grace", "I can help you with that", thread=question)
    await ticket_of(d, handler=Handler.HUMAN, status=Status.PENDING)
    d.slack.say("support", "ada", "Great", thread=question)
    await d.settled()
    assert len(d.slack.replies(question)) == 1
    d.slack.mention("support", "ada", "and you, bot?", thread=question)
    await d.slack.wait_for_replies(question, 2)
    await ticket_of(d, handler=Handler.BOT)


async def test_a_wish_for_a_person_in_words_needs_no_model(d: Desk) -> None:
    question = d.slack.mention("support", "ada", "a human, please")
    await d.until(lambda: len(notices(d)) == 1)
    (note,) = await d.slack.wait_for_replies(question)
    assert note.markdown == "A colleague will answer you here."
    assert d.model.requests == []
