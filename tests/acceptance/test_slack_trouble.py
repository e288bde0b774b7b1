"""What goes wrong in a workspace stays where it went wrong: told in the stored reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.model.ticket import EventKind, Handler, Status
from supportbot.testing.fake_slack import FakeMessage, FakeUser
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk
from tests.acceptance.slack_team import notices, team


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
    async with desk(transport, tmp_path, Plan(slack="live = false")) as d:
        d.model.hold()
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.settled()
        getattr(d.slack.lose, lost)("support")
        d.model.go_on()
        events = await handed_over(d, question)
        assert EventKind.DELIVERY_FAILED in events
        await answered_elsewhere(d)


async def test_user_that_slack_does_not_know_is_answered_like_everybody(d: Desk) -> None:
    question = d.slack.mention("support", "ada", "How do I export?")
    d.slack.lose.user("ada")
    (answer,) = await d.slack.wait_for_replies(question)
    assert answer.markdown == ANSWER


async def test_thread_that_arrives_backwards_is_one_ticket(d: Desk) -> None:
    with d.slack.order.backwards():
        question = d.slack.mention("support", "ada", "How do I export?")
        d.slack.say("support", "ada", "As CSV, please.", thread=question)
    await d.slack.wait_for_replies(question)
    await d.settled()
    (ticket,) = await d.tickets()
    asked = [m.text for m in await d.messages(ticket) if m.role == "user"]
    assert asked == ["How do I export?", "As CSV, please."]


async def asked_by_a_guest(d: Desk) -> tuple[FakeUser, FakeMessage]:
    """Let somebody of another company ask in a shared channel, and be answered."""
    guest = d.slack.add_user("guest", team="T0ELSEWHERE")
    question = d.slack.mention("support", guest.id, "How do I export?")
    await d.slack.wait_for_replies(question)
    await d.settled()
    return guest, question


async def test_guest_is_a_customer_of_their_own_company(d: Desk) -> None:
    await asked_by_a_guest(d)
    (ticket,) = await d.tickets()
    assert ticket.target["user_team"] == "T0ELSEWHERE"
    async with d.house.wiring.db.reading() as work:
        rows = await work.connection.exec_driver_sql(
            "SELECT account.key FROM customer JOIN account ON account.id = account_id"
        )
        assert [row.key for row in rows] == ["slack:T0ELSEWHERE"]


async def test_guest_ends_what_they_asked_by_a_check_mark_and_others_do_not(d: Desk) -> None:
    guest, question = await asked_by_a_guest(d)
    d.slack.reactions.add(question, "white_check_mark", "grace")
    assert (await d.outcomes())[-1] == ("suppressed", "not_theirs")
    d.slack.reactions.add(question, "white_check_mark", guest.id)
    assert (await d.outcomes())[-1] == ("action", "resolve")
    (ticket,) = await d.tickets()
    assert ticket.status is Status.RESOLVED


async def test_guest_is_shown_nothing_that_is_internal(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, team()) as d:
        guest, question = await asked_by_a_guest(d)
        d.slack.click(d.slack.replies(question)[0], "supportbot_escalate", guest.id)
        await d.until(lambda: notices(d))
        (packet,) = notices(d)
        d.slack.say("desk", "grace", "Press the *Export* button.", thread=packet)
        await d.slack.wait_for_replies(question, 3)
        assert "Export" in d.slack.replies(question)[-1].markdown
        seen = "\n".join(f"{one.markdown} {one.blocks}" for one in d.slack.replies(question))
        (ticket,) = await d.tickets()
        for internal in ("grace", "Grace", "C0DESK", "U0GRACE", ticket.public_id[:26] + "`"):
            assert internal not in seen
        assert [user for user, _ in d.slack.workspace.ephemerals if user == guest.id] == []
