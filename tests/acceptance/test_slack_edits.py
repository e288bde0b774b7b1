"""Messages that are changed or taken back, also out of order, told over the whole product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supportbot.channels.slack.config import Transport
from supportbot.model.message import Role
from supportbot.testing.fake_slack import FakeMessage
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk


def unheard(d: Desk, text: str, thread: FakeMessage | None = None) -> tuple[FakeMessage, Any]:
    """Write something that Slack tells of later; return it, and the event that tells of it."""
    place = d.slack.workspace.channel("support")
    place.members.discard(d.slack.bot_user)
    message = d.slack.say("support", "ada", text, thread=thread)
    place.members.add(d.slack.bot_user)
    return message, {**message.as_json(), "channel": place.id, "channel_type": place.type}


async def test_edit_that_asks_something_else_is_answered_where_the_policy_says_so(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(
        answer=lambda request: f"answer {len(request['messages'])}", front="answer_edits: true"
    )
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export as PDF?")
        await d.slack.wait_for_replies(question)
        d.slack.edit(question, "<@U0FAKEBOT1> how do I exprot as PDF ?")
        await d.settled()
        d.slack.edit(question, "<@U0FAKEBOT1> How do I export as CSV?")
        answers = await d.slack.wait_for_replies(question, 2)
        assert [one.markdown for one in answers] == ["answer 2", "answer 4"]
        assert "as CSV?" in d.model.requests[-1]["messages"][-1]["content"]
        assert len(await d.tickets()) == 1


async def test_message_whose_deletion_came_first_is_not_answered(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        message, event = unheard(d, "<@U0FAKEBOT1> my PIN is 1")
        d.slack.delete(message)
        await d.slack.settled()
        d.slack.emit(event)
        d.slack.emit({**event, "type": "app_mention"})
        await d.slack.settled()
        assert await d.tickets() == []
        assert d.model.requests == []
        assert all(row.raw is None for row in await d.inbounds())


async def test_edit_that_came_first_is_what_is_asked(transport: Transport, tmp_path: Path) -> None:
    async with desk(transport, tmp_path) as d:
        first = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.wait_for_replies(first)
        reply, event = unheard(d, "And as PDF?", first)
        d.slack.edit(reply, "And as CSV?")
        await d.slack.settled()
        d.slack.emit(event)
        answers = await d.slack.wait_for_replies(first, 2)
        assert [one.markdown for one in answers] == [ANSWER] * 2
        assert "And as CSV?" in d.model.requests[-1]["messages"][-1]["content"]
        await d.settled()
        (ticket,) = await d.tickets()
        assert "And as PDF?" not in str(await d.messages(ticket))


async def test_mention_that_an_edit_adds_is_answered_once(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        question = d.slack.say("support", "ada", "How do I export?")
        assert (await d.outcomes())[-1] == ("suppressed", "not_addressed")
        d.slack.edit(question, "<@U0FAKEBOT1> How do I export?")
        (answer,) = await d.slack.wait_for_replies(question)
        assert answer.markdown == ANSWER
        d.slack.say("support", "ada", "And as CSV?", thread=question)
        await d.slack.wait_for_replies(question, 2)
        await d.settled()
        (ticket,) = await d.tickets()
        assert [one.text for one in await d.messages(ticket) if one.role is Role.USER] == [
            "How do I export?",
            "And as CSV?",
        ]


async def test_mention_that_an_edit_adds_is_answered_though_its_message_was_never_heard(
    transport: Transport, tmp_path: Path
) -> None:
    """The bot was invited after it."""
    async with desk(transport, tmp_path) as d:
        question, _ = unheard(d, "How do I export?")
        d.slack.edit(question, "<@U0FAKEBOT1> How do I export?")
        await d.slack.wait_for_replies(question)
        await d.settled()
        assert len(d.slack.replies(question)) == 1
        assert len(await d.tickets()) == 1
