"""What goes wrong in a workspace stays where it went wrong: told in the stored reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.model.ticket import EventKind, Handler, Status
from supportbot.testing.fake_slack import FakeMessage
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk


async def answered_elsewhere(d: Desk) -> None:
    """Show that the bot still hears and answers."""
    question = d.slack.direct("grace", "Are you there?")
    (answer,) = await d.slack.wait_for_replies(question)
    assert answer.markdown == ANSWER


async def handed_over(d: Desk, question: FakeMessage) -> list[EventKind]:
    """Wait until the ticket of a question is with a person; return what happened to it."""

    async def events() -> list[EventKind] | None:
        for ticket in await d.tickets():
            if ticket.target.get("asked_ts") == question.ts and ticket.handler is Handler.HUMAN:
                return [event.kind for event in await d.events(ticket)]
        return None

    found: list[EventKind] = await d.eventually(events)
    return found


@pytest.mark.parametrize("lost", ["channel", "bot"])
async def test_answer_that_cannot_be_posted_any_more_is_a_case_for_people(
    transport: Transport, tmp_path: Path, lost: str
) -> None:
    plan = Plan(first_token_seconds=0.5, slack="live = false")
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.settled()
        getattr(d.slack.lose, lost)("support")
        events = await handed_over(d, question)
        assert EventKind.DELIVERY_FAILED in events
        await answered_elsewhere(d)


async def test_user_that_slack_does_not_know_is_answered_like_everybody(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        d.slack.lose.user("ada")
        (answer,) = await d.slack.wait_for_replies(question)
        assert answer.markdown == ANSWER


async def test_thread_that_arrives_backwards_is_one_ticket(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        with d.slack.order.backwards():
            question = d.slack.mention("support", "ada", "How do I export?")
            d.slack.say("support", "ada", "As CSV, please.", thread=question)
        await d.slack.wait_for_replies(question)
        await d.settled()
        (ticket,) = await d.tickets()
        asked = [m.text for m in await d.messages(ticket) if m.role == "user"]
        assert asked == ["How do I export?", "As CSV, please."]


async def test_guest_is_a_customer_of_their_own_company(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        guest = d.slack.add_user("guest", team="T0ELSEWHERE")
        question = d.slack.mention("support", guest.id, "How do I export?")
        await d.slack.wait_for_replies(question)
        await d.settled()
        (ticket,) = await d.tickets()
        assert ticket.target["user_team"] == "T0ELSEWHERE"
        async with d.house.wiring.db.reading() as work:
            rows = await work.connection.exec_driver_sql(
                "SELECT account.key FROM customer JOIN account ON account.id = account_id"
            )
            assert [row.key for row in rows] == ["slack:T0ELSEWHERE"]


async def test_guest_ends_what_they_asked_by_a_check_mark_and_others_do_not(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        guest = d.slack.add_user("guest", team="T0ELSEWHERE")
        question = d.slack.mention("support", guest.id, "How do I export?")
        await d.slack.wait_for_replies(question)
        await d.settled()
        d.slack.reactions.add(question, "white_check_mark", "grace")
        assert (await d.outcomes())[-1] == ("suppressed", "not_theirs")
        d.slack.reactions.add(question, "white_check_mark", guest.id)
        assert (await d.outcomes())[-1] == ("action", "resolve")
        (ticket,) = await d.tickets()
        assert ticket.status is Status.RESOLVED


async def test_guest_is_shown_nothing_that_is_internal(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(
        slack='operators_channel = "C0DESK"\noperators = ["U0GRACE"]',
        furnish=lambda slack: slack.add_channel("desk"),
    )
    async with desk(transport, tmp_path, plan) as d:
        guest = d.slack.add_user("guest", team="T0ELSEWHERE")
        question = d.slack.mention("support", guest.id, "How do I export?")
        (answer,) = await d.slack.wait_for_replies(question)
        d.slack.click(answer, "supportbot_escalate", guest.id)

        async def told() -> list[FakeMessage]:
            messages = d.slack.workspace.messages
            return [one for one in messages if one.channel == "C0DESK"]

        (packet,) = await d.eventually(told)
        d.slack.say("desk", "grace", "Press the *Export* button.", thread=packet)

        async def replied() -> bool:
            return any("Export" in one.markdown for one in d.slack.replies(question)[1:])

        await d.eventually(replied)
        seen = "\n".join(f"{one.markdown} {one.blocks}" for one in d.slack.replies(question))
        (ticket,) = await d.tickets()
        for internal in ("grace", "Grace", "C0DESK", "U0GRACE", ticket.public_id[:26] + "`"):
            assert internal not in seen
        assert [user for user, _ in d.slack.workspace.ephemerals if user == guest.id] == []
