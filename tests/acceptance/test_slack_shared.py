"""Channels that companies share: who may end what, told over the whole product."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.model.ticket import Status
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.acceptance.slack_desk import ANSWER, Desk, Plan
from tests.acceptance.slack_many import PLAN, two
from tests.acceptance.slack_team import furnish, team, ticket_of

ABROAD = "T0ELSEWHERE"
CHECK = "white_check_mark"


def with_strangers(slack: FakeSlack) -> None:
    """Let people of two other companies in; bob is one of ours, and no operator."""
    furnish(slack)
    slack.workspace.channel("support").is_ext_shared = True
    slack.add_user("guest", team=ABROAD)
    slack.add_user("colleague", team=ABROAD)
    slack.add_user("third", team="T0THIRD")


@pytest.fixture
def plan() -> Plan:
    return team(furnish=with_strangers)


@pytest.mark.parametrize("customer", ["guest", "ada"])
async def test_a_check_mark_counts_of_the_customer_and_of_operators_alone(
    d: Desk, customer: str
) -> None:
    question = d.slack.mention("support", customer, "How do I export?")
    await d.slack.wait_for_replies(question)
    await d.settled()
    strangers = {"guest", "ada", "colleague", "third", "bob"} - {customer}
    for stranger in sorted(strangers):
        d.slack.reactions.add(question, CHECK, stranger)
        assert (await d.outcomes())[-1] == ("suppressed", "not_theirs"), stranger
    await ticket_of(d, status=Status.PENDING)
    d.slack.reactions.add(question, CHECK, customer)
    ticket = await ticket_of(d, status=Status.RESOLVED)
    assert (await d.events(ticket))[-1].reason == "bot_confirmed"
    again = d.slack.say("support", customer, "One more thing.", thread=question)
    await d.slack.wait_for_replies(question, 2)
    await d.settled()
    d.slack.reactions.add(again, CHECK, "grace")  # not on the first message
    assert (await d.outcomes())[-1] == ("suppressed", "unknown_thread")
    d.slack.reactions.add(question, CHECK, "grace")
    ticket = await ticket_of(d, status=Status.RESOLVED)
    assert (await d.events(ticket))[-1].reason == "human"


async def test_a_stranger_who_asked_in_the_thread_does_not_end_it(d: Desk) -> None:
    question = d.slack.mention("support", "ada", "How do I export?")
    await d.slack.wait_for_replies(question)
    d.slack.mention("support", "guest", "And how do I import?", thread=question)
    await d.slack.wait_for_replies(question, 2)
    await d.settled()
    d.slack.reactions.add(question, CHECK, "guest")
    assert (await d.outcomes())[-1] == ("suppressed", "not_theirs")


async def test_a_channel_that_two_installations_share_is_answered_once_and_goes_on(
    transport: Transport, tmp_path: Path
) -> None:
    """Slack names one installation for all that happens there, whichever bot is mentioned."""
    async with two(transport, tmp_path) as (d, home, other):
        common = home.add_channel("common")
        home.share("common", other)
        asked = [
            home.mention(common.id, "ada", "How do I export?"),
            other.mention(common.id, "U0UMBRELLAGRACE", "How do we import?"),
            home.say(common.id, "grace", f"<@{other.bot_user}> And who are you?"),
        ]
        for question in asked:
            (answer,) = await _answers(d, question, 1)
            assert answer.markdown == ANSWER
        home.say(common.id, "ada", "And then?", thread=asked[0])
        other.say(common.id, "U0UMBRELLAGRACE", "And then?", thread=asked[1])
        for question in asked[:2]:
            await _answers(d, question, 2)
        await d.settled()
        tickets = await d.tickets()
        assert len(tickets) == len(asked)
        assert {ticket.target["team"] for ticket in tickets} == {other.team}
        assert [len(home.thread(question)) for question in asked] == [4, 4, 2]


async def test_operators_end_what_was_asked_where_another_installation_hears_it(
    transport: Transport, tmp_path: Path
) -> None:
    """Slack does not say of which team a person is who reacts."""
    slack = 'operators = ["U0GRACE"]\noperators_team = "T0FAKE0001"'
    async with two(transport, tmp_path, replace(PLAN, slack=slack)) as (d, home, other):
        common = home.add_channel("common")
        home.share("common", other)
        question = other.mention(common.id, "U0UMBRELLAADA", "How do I export?")
        await _answers(d, question, 1)
        await d.settled()
        for stranger in ("U0UMBRELLAGRACE", "U0ADA"):
            other.reactions.add(question, "white_check_mark", stranger)
            assert (await d.outcomes())[-1] == ("suppressed", "not_theirs")
        home.reactions.add(question, "white_check_mark", "U0GRACE")
        assert (await d.outcomes())[-1] == ("action", "resolve")
        async with d.house.wiring.db.reading() as work:
            rows = await work.connection.exec_driver_sql(
                "SELECT external_id FROM operator_identity"
            )
            assert [row.external_id for row in rows] == ["T0FAKE0001:U0GRACE"]


async def test_whoever_may_not_ask_is_told_whichever_of_our_bots_they_call(
    transport: Transport, tmp_path: Path
) -> None:
    slack = '[slack.channels.C0COMMON]\ngroups = ["S0NOBODY"]'
    async with two(transport, tmp_path, replace(PLAN, slack=slack)) as (d, home, other):
        home.add_channel("common")
        home.share("common", other)
        other.say("C0COMMON", "U0UMBRELLAADA", f"<@{home.bot_user}> How do I export?")
        await d.until(lambda: other.workspace.ephemerals)
        assert [user for user, _ in other.workspace.ephemerals] == ["U0UMBRELLAADA"]


async def _answers(d: Desk, question: FakeMessage, count: int) -> list[FakeMessage]:
    """Wait for answers in a thread, whichever bot of ours gives them."""

    async def given() -> list[FakeMessage]:
        found = [one for one in d.slack.thread(question) if one.bot_id]
        return found if len(found) >= count else []

    answers: list[FakeMessage] = await d.eventually(given)
    return answers
