"""Where customers write in Slack, told over the whole product."""

from __future__ import annotations

from pathlib import Path

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.testing.fake_slack import FakeSlack
from tests.acceptance.slack_desk import ANSWER, Plan, desk


@pytest.mark.parametrize("kind", ["channel", "group", "mpim"])
async def test_mention_is_answered_wherever_several_talk(
    transport: Transport, tmp_path: Path, kind: str
) -> None:
    plan = Plan(furnish=lambda slack: slack.add_channel("room", kind=kind))
    async with desk(transport, tmp_path, plan) as d:
        chatter = d.slack.say("room", "grace", "lunch?")
        question = d.slack.mention("room", "ada", "How do I export?")
        (answer,) = await d.slack.wait_for_replies(question)
        assert answer.markdown == ANSWER
        await d.settled()
        assert d.slack.replies(chatter) == []
        (ticket,) = await d.tickets()
        assert ticket.subject == "How do I export?"


async def test_every_new_message_opens_a_ticket_where_all_are_listened_to(
    transport: Transport, tmp_path: Path
) -> None:
    slack = '[slack.channels.C0SUPPORT]\nlisten = "all"'
    async with desk(transport, tmp_path, Plan(slack=slack)) as d:
        first = d.slack.say("support", "ada", "How do I export?")
        second = d.slack.say("support", "grace", "How do I import?")
        for question in (first, second):
            await d.slack.wait_for_replies(question)
        await d.settled()
        assert len(await d.tickets()) == 2


async def test_bots_that_answer_each_other_come_to_an_end(
    transport: Transport, tmp_path: Path
) -> None:
    slack = '[slack.channels.C0SUPPORT]\nlisten = "all"\nbots = true'
    async with desk(transport, tmp_path, Plan(slack=slack)) as d:
        monitor = d.slack.add_bot("monitor")
        alert = d.slack.say("support", monitor.id, "Disk full on db-1")
        (answer,) = await d.slack.wait_for_replies(alert)
        d.slack.say("support", monitor.id, f"You said: {answer.markdown}", thread=alert)
        assert (await d.outcomes())[-1] == ("suppressed", "bot_reply")
        await d.settled()
        assert len(d.slack.replies(alert)) == 1


async def test_reserved_channel_answers_members_only(transport: Transport, tmp_path: Path) -> None:
    def furnish(slack: FakeSlack) -> None:
        slack.groups.add("vip", "ada")

    slack = '[slack.channels.C0SUPPORT]\ngroups = ["S0VIP"]'
    async with desk(transport, tmp_path, Plan(slack=slack, furnish=furnish)) as d:
        refused = d.slack.mention("support", "grace", "How do I export?")
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.wait_for_replies(question)
        await d.settled()
        assert d.slack.replies(refused) == []
        assert ("suppressed", "not_in_group") in await d.outcomes()
        assert [user for user, _ in d.slack.workspace.ephemerals] == ["U0GRACE"]


@pytest.mark.parametrize("late", [False, True], ids=["at once", "in a rush"])
@pytest.mark.parametrize("edited", [False, True], ids=["said", "edited"])
async def test_whoever_may_not_ask_is_told_alone_and_once_whenever_it_is_understood(
    transport: Transport, tmp_path: Path, *, late: bool, edited: bool
) -> None:
    slack = '[slack.channels.C0SUPPORT]\ngroups = ["S0VIP"]'
    plan = Plan(slack=slack, furnish=lambda slack: slack.groups.add("vip", "ada"))
    async with desk(transport, tmp_path, plan) as d:
        d.house.intake._under_way += 100 * late
        refused = d.slack.say("support", "grace", "How do I export?")
        if edited:
            d.slack.edit(refused, f"<@{d.slack.bot_user}> How do I export?")
        d.slack.mention("support", "grace", "Please?", thread=refused)
        d.slack.mention("support", "grace", "Anybody?", thread=refused)
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.wait_for_replies(question)
        await d.settled()

        async def told() -> bool:
            return bool(d.slack.workspace.ephemerals)

        await d.eventually(told)
        assert [user for user, _ in d.slack.workspace.ephemerals] == ["U0GRACE"]
        ((_, line),) = d.slack.workspace.ephemerals
        assert "certain groups" in line.text
        assert d.slack.replies(refused) == []


async def test_call_without_words_is_greeted_and_then_answered(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        call = d.slack.mention("support", "ada", "")
        (greeting,) = await d.slack.wait_for_replies(call)
        assert "Rocket" in greeting.markdown
        d.slack.say("support", "ada", "How do I export?", thread=call)
        _, answer = await d.slack.wait_for_replies(call, 2)
        assert answer.markdown == ANSWER
        await d.settled()
        assert len(await d.tickets()) == 1


async def test_direct_messages_in_turn_are_one_ticket_answered_where_they_stand(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(answer=lambda request: f"answer {len(request['messages'])}")
    async with desk(transport, tmp_path, plan) as d:
        first = d.slack.direct("ada", "How do I export?")
        (one,) = await d.slack.wait_for_replies(first)
        second = d.slack.direct("ada", "As CSV?")
        (two,) = await d.slack.wait_for_replies(second)
        d.slack.direct("ada", "And in threads?", thread=first)
        _, three = await d.slack.wait_for_replies(first, 2)
        other = d.slack.direct("grace", "How do I import?")
        await d.slack.wait_for_replies(other)
        await d.settled()
        texts = [answer.markdown for answer in (one, two, three)]
        assert texts == ["answer 2", "answer 4", "answer 6"]
        assert len(await d.tickets()) == 2


async def test_old_direct_message_is_not_gone_on_with(transport: Transport, tmp_path: Path) -> None:
    plan = Plan(tickets="conversation_minutes = 0")
    async with desk(transport, tmp_path, plan) as d:
        for text in ("How do I export?", "How do I import?"):
            await d.slack.wait_for_replies(d.slack.direct("ada", text))
            await d.settled()
        assert len(await d.tickets()) == 2
