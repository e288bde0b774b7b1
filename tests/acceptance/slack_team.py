"""The support team's side of Slack: what operators see there, and short ways to look at it."""

from __future__ import annotations

from typing import Any

from supportbot.model.ticket import Ticket
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.acceptance.slack_desk import Desk, Plan

DESK = "C0DESK"
TEAM = 'operators_channel = "C0DESK"\noperators = ["U0GRACE", "U0KIM"]'


def furnish(slack: FakeSlack) -> None:
    slack.add_channel("desk")
    slack.add_user("kim")
    slack.add_user("bob")


def team(**changes: Any) -> Plan:
    return Plan(**{"slack": TEAM, "furnish": furnish, **changes})


def notices(d: Desk) -> list[FakeMessage]:
    """Return what operators were told, but not what stands below it."""
    own, messages = d.slack.bot_user, d.slack.workspace.messages
    return [m for m in messages if m.channel == DESK and m.user == own and m.root == m.ts]


def below(d: Desk, notice: FakeMessage) -> list[str]:
    return [m.markdown for m in d.slack.thread(notice) if m.ts != notice.ts]


def labels(message: FakeMessage) -> list[str]:
    """Return what can be pressed below a message, by action id."""
    elements = [one for block in message.blocks for one in block.get("elements") or ()]
    return [one["action_id"].removeprefix("supportbot_") for one in elements if "action_id" in one]


def told_alone(d: Desk, user: str) -> list[str]:
    """Return what only one user saw."""
    number = d.slack.workspace.user(user).id
    return [message.text for who, message in d.slack.workspace.ephemerals if who == number]


async def ticket_of(d: Desk, **expected: Any) -> Ticket:
    """Wait until the one ticket is as expected; return it."""

    async def look() -> Ticket | None:
        (ticket,) = await d.tickets()
        found = all(getattr(ticket, name) == value for name, value in expected.items())
        return ticket if found else None

    ticket: Ticket = await d.eventually(look)
    return ticket


async def escalated(d: Desk) -> tuple[FakeMessage, FakeMessage]:
    """Let ada ask and then want a person; return her question and the packet."""
    question = d.slack.mention("support", "ada", "How do I export?")
    (answer,) = await d.slack.wait_for_replies(question)
    await d.settled()
    d.slack.click(answer, "supportbot_escalate", "ada")
    await d.until(lambda: len(notices(d)) == 1)
    return question, notices(d)[0]
