"""Who is an operator: members of a user group or of the operators' channel, once they are known."""

from __future__ import annotations

from pathlib import Path

from supportbot.channels.slack.config import Transport
from supportbot.model.ticket import Handler
from supportbot.testing.fake_slack import FakeSlack
from tests.acceptance.slack_desk import desk
from tests.acceptance.slack_team import below, escalated, furnish, team, ticket_of


def with_grace_in_the_channel(slack: FakeSlack) -> None:
    furnish(slack)
    slack.workspace.channel("desk").members.add("U0GRACE")


async def test_member_of_the_operators_channel_takes_over_in_the_customers_thread(
    transport: Transport, tmp_path: Path
) -> None:
    plan = team(slack='operators_channel = "C0DESK"', furnish=with_grace_in_the_channel)
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.wait_for_replies(question)
        await d.settled()
        d.slack.say("support", "bob", "I wonder too.", thread=question)
        await d.settled()
        await ticket_of(d, handler=Handler.BOT)
        d.slack.say("support", "grace", "Let me look into this.", thread=question)
        await ticket_of(d, handler=Handler.HUMAN)


async def test_reply_below_a_notice_is_not_dropped_while_operators_are_unknown(
    transport: Transport, tmp_path: Path
) -> None:
    def trouble(slack: FakeSlack) -> None:
        furnish(slack)
        slack.groups.add("team", "grace")
        slack.faults.fail("usergroups.users.list", "internal_error")

    plan = team(slack='operators_channel = "C0DESK"\noperators = ["S0TEAM"]', furnish=trouble)
    async with desk(transport, tmp_path, plan) as d:
        question, packet = await escalated(d)
        before = len(d.slack.replies(question))
        d.slack.say("desk", "grace", "Use *Export all*.", thread=packet)
        await d.until(lambda: any("write it again" in text for text in below(d, packet)))
        assert (await d.outcomes())[-1] == ("suppressed", "operators_unknown")
        assert len(d.slack.replies(question)) == before
        await d.channel._branches.of("").directory.load_groups()
        d.slack.say("desk", "grace", "Use *Export all*.", thread=packet)
        await d.until(lambda: len(d.slack.replies(question)) > before)
