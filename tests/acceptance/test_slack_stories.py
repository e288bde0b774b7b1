"""What people meet in Slack, told over the whole product."""

from __future__ import annotations

from pathlib import Path

from supportbot.channels.slack.config import Transport
from supportbot.model.ticket import Status
from tests.acceptance.slack_desk import ANSWER, Plan, desk


async def test_question_with_a_mention_is_answered_in_its_thread(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        (answer,) = await d.slack.wait_for_replies(question)
        await d.settled()
        assert (answer.markdown, answer.root) == (ANSWER, question.ts)
        (ticket,) = await d.tickets()
        assert ticket.status is Status.PENDING
        assert [m.text for m in await d.messages(ticket)] == ["How do I export?", ANSWER]


async def test_further_words_in_the_thread_need_no_mention(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(answer=lambda request: f"answer {len(request['messages'])}")
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.wait_for_replies(question)
        d.slack.say("support", "ada", "And as CSV?", thread=question)
        answers = await d.slack.wait_for_replies(question, 2)
        assert [one.markdown for one in answers] == ["answer 2", "answer 4"]
        assert len(await d.tickets()) == 1
