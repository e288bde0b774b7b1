"""A direct message shows how its ticket stands, from the first question to the last."""

from __future__ import annotations

from pathlib import Path

from supportbot.channels.slack.config import Transport
from supportbot.orchestrator.working import WorkingRules
from supportbot.testing.fake_slack import FakeMessage
from tests.acceptance.slack_desk import Desk, Plan, desk


async def shows(d: Desk, question: FakeMessage, status: str) -> None:
    """Wait until the session of a question is this."""

    async def look() -> bool:
        return d.slack.streams.session(question) == status

    await d.eventually(look)


async def test_a_session_is_suspended_with_people_and_closed_at_the_end(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, Plan()) as d:
        question = d.slack.direct("ada", "I want to talk to a human")
        await shows(d, question, "suspended")
        (ticket,) = await d.tickets()
        await d.house.takeover.reply(ticket.public_id, None, "What can I do for you?")
        await d.slack.wait_for_replies(question, 2)
        await shows(d, question, "suspended")
        await d.house.takeover.return_to_bot(ticket.public_id, None)
        await shows(d, question, "active")
        await d.house.takeover.resolve(ticket.public_id, None)
        await shows(d, question, "closed")
        d.slack.direct("ada", "How do I export?", thread=question)
        await d.slack.wait_for_replies(question, 3)
        await shows(d, question, "active")


async def test_an_answer_that_is_whole_at_once_costs_no_call(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(slack="live = false")
    async with desk(transport, tmp_path, plan) as d:
        d.house.wiring.working.rules = WorkingRules(after_seconds=3_600.0)
        for question in (d.slack.direct("ada", "How?"), d.slack.mention("support", "ada", "How?")):
            await d.slack.wait_for_replies(question)
        await d.settled()
        await d.house.wiring.working.aclose()
        told = ("agents.sessions.setStatus", "assistant.threads.setStatus")
        assert [call.method for call in d.slack.calls() if call.method in told] == []
