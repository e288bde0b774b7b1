"""What differs from channel to channel: who may ask, and what opens a ticket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from supportbot.channels.slack.config import ChannelRules, Rulebook, Transport
from supportbot.model.inbound import CustomerMessage
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.listening import Setup, connected, until


@pytest.fixture
async def reserved(slack: FakeSlack) -> AsyncIterator[Setup]:
    """Return a channel that is reserved for a group, to which nobody belongs."""
    group = slack.groups.add("vip")
    rulebook = Rulebook({"C0SUPPORT": ChannelRules("rocket", groups=frozenset({group.id}))})
    async with connected(slack, Transport.SOCKET, rulebook=rulebook) as setup:
        setup.ear.suppressed = "not_in_group"
        yield setup


async def test_who_may_not_ask_is_told_so_alone_and_once_in_a_thread(reserved: Setup) -> None:
    slack = reserved.slack
    first = slack.mention("support", "ada", "help")
    await until(lambda: slack.workspace.ephemerals)
    slack.mention("support", "ada", "please", thread=first)
    await slack.settled()
    slack.mention("support", "grace", "help me too")
    await until(lambda: len(slack.workspace.ephemerals) == 2)
    (told, line), (other, _) = slack.workspace.ephemerals
    assert (told, line.channel, other) == ("U0ADA", first.channel, "U0GRACE")
    assert "certain groups" in line.text
    assert slack.replies(first) == []


async def test_chatter_of_those_who_may_not_ask_is_left_alone(reserved: Setup) -> None:
    reserved.slack.say("support", "ada", "lunch?")
    reserved.slack.mention("support", "grace", "help")
    await until(lambda: reserved.slack.workspace.ephemerals)
    assert [user for user, _ in reserved.slack.workspace.ephemerals] == ["U0GRACE"]


async def test_line_that_cannot_be_shown_is_left(reserved: Setup) -> None:
    reserved.slack.faults.fail("chat.postEphemeral", "user_not_in_channel")
    for user in ("ada", "grace"):
        reserved.slack.mention("support", user, "help")
        await reserved.slack.settled()
    await until(lambda: reserved.slack.workspace.ephemerals)
    assert [user for user, _ in reserved.slack.workspace.ephemerals] == ["U0GRACE"]
    assert all(delivery.acked for delivery in reserved.slack.deliveries)


async def test_strangers_of_a_shared_channel_are_told_nothing_in_secret(reserved: Setup) -> None:
    slack = reserved.slack
    guest = slack.add_user("guest", team="T0ELSEWHERE")
    slack.mention("support", guest.id, "help")
    slack.mention("support", "ada", "help")
    await until(lambda: slack.workspace.ephemerals)
    assert [user for user, _ in slack.workspace.ephemerals] == ["U0ADA"]


@pytest.mark.parametrize("transport", list(Transport))
async def test_facts_that_decide_are_kept_beside_what_was_said(
    slack: FakeSlack, transport: Transport
) -> None:
    group = slack.groups.add("vip", "ada")
    rulebook = Rulebook(
        {"C0SUPPORT": ChannelRules("rocket", listens_to_all=True, groups=frozenset({group.id}))}
    )
    async with connected(slack, transport, rulebook=rulebook) as setup:
        for user in ("ada", "grace"):
            slack.say("support", user, "no mention")
            await slack.settled()
        heard = setup.heard()
        assert all(isinstance(one, CustomerMessage) and one.addressed for one in heard)
        barred = [one.barred for one in heard if isinstance(one, CustomerMessage)]
        assert barred == [None, "not_in_group"]
