"""The shortcut on a message: asked once, told where it is answered, reached by its changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk
from tests.acceptance.test_slack_requests import direct_thread

KNOWN = Plan(slack='[slack.channels]\nC0SUPPORT = "rocket"')
ASK = "supportbot_ask"


@pytest.fixture
def plan() -> Plan:
    return KNOWN


async def ask(d: Desk, message: FakeMessage, user: str) -> str:
    """Choose the shortcut; return what whoever chose it is told."""
    told = len(d.slack.requests.answers)
    d.slack.requests.shortcut(message, ASK, user)
    await d.until(lambda: len(d.slack.requests.answers) > told)
    await d.settled()
    return str(d.slack.requests.answers[-1][1]["text"])


async def said(d: Desk) -> list[str]:
    """Return the words of all tickets."""
    return [message.text for ticket in await d.tickets() for message in await d.messages(ticket)]


def own_words(d: Desk) -> list[str]:
    """Return what the bot shows anywhere."""
    return [one.markdown for one in d.slack.workspace.messages if one.user == d.slack.bot_user]


async def test_own_question_is_gone_when_its_message_is_deleted(d: Desk) -> None:
    message = d.slack.say("support", "ada", "My PIN is 4711, what now?")
    await d.settled()
    await ask(d, message, "ada")
    await d.slack.wait_for_replies(message)
    d.slack.delete(message)
    assert (await d.outcomes())[-1] == ("deleted", None)
    assert not [text for text in await said(d) if "4711" in text]
    assert not [row for row in await d.inbounds() if b"4711" in (row.raw or b"")]
    (ticket,) = await d.tickets()
    assert ticket.subject is None


async def test_own_question_changes_with_its_message(d: Desk) -> None:
    message = d.slack.say("support", "ada", "How do I export to XML?")
    await d.settled()
    await ask(d, message, "ada")
    await d.slack.wait_for_replies(message)
    d.slack.edit(message, "How do I export to CSV?")
    assert ("edited", None) in await d.outcomes()
    assert "How do I export to CSV?" in await said(d)


async def test_reply_of_ones_own_is_asked_once_and_goes_when_it_is_deleted(d: Desk) -> None:
    root = d.slack.say("support", "grace", "Does it work for you?")
    reply = d.slack.say("support", "ada", "No, my PIN 4711 fails", thread=root)
    await d.settled()
    await ask(d, reply, "ada")
    assert (await said(d)).count("No, my PIN 4711 fails") == 1
    d.slack.delete(reply)
    await d.settled()
    assert not [text for text in await said(d) if "4711" in text]


async def test_question_made_of_anothers_message_is_gone_when_its_author_deletes_it(
    d: Desk,
) -> None:
    d.slack.add_user("kim")
    message = d.slack.say("support", "grace", "It says 4711")
    await d.settled()
    for user in ("ada", "kim"):
        await ask(d, message, user)
        await direct_thread(d, user)
    await d.settled()
    assert len(await d.tickets()) == 2
    copies = [one for one in own_words(d) if one.startswith("You asked")]
    assert sum("4711" in one for one in copies) == 2
    d.slack.delete(message)
    await d.settled()
    assert not [text for text in await said(d) if "4711" in text]
    await d.until(lambda: not any("4711" in one for one in own_words(d)))
    assert sum("deleted by its author" in one for one in own_words(d)) == 2


async def test_question_made_of_anothers_message_reads_as_its_author_changes_it(d: Desk) -> None:
    message = d.slack.say("support", "grace", "It says E42")
    await d.settled()
    await ask(d, message, "ada")
    await direct_thread(d, "ada")
    d.slack.edit(message, "It says E77")
    await d.settled()
    assert (await said(d))[-1] == "It says E77"
    copy, answer = await direct_thread(d, "ada")

    async def follows() -> bool:
        return copy.markdown.endswith("> It says E77")

    await d.eventually(follows)
    assert answer.markdown == ANSWER


async def test_anothers_message_is_still_theirs_when_it_arrives_after_the_shortcut(d: Desk) -> None:
    with d.slack.order.backwards():
        message = d.slack.mention("support", "grace", "It says E42")
        d.slack.requests.shortcut(message, ASK, "ada")
    await d.slack.wait_for_replies(message)
    await direct_thread(d, "ada")
    await d.settled()
    assert len(await d.tickets()) == 2


@pytest.mark.parametrize("plan", [KNOWN, Plan()], ids=["known", "elsewhere"])
async def test_message_that_was_asked_is_not_asked_again(
    transport: Transport, tmp_path: Path, plan: Plan
) -> None:
    async with desk(transport, tmp_path, plan) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.wait_for_replies(question)
        await d.settled()
        assert "already" in await ask(d, question, "ada")
        assert (await d.outcomes())[-1] == ("suppressed", "already_asked")
        assert len(await d.tickets()) == 1
        assert len(d.slack.replies(question)) == 1


async def test_changed_message_may_be_asked_again(transport: Transport, tmp_path: Path) -> None:
    async with desk(transport, tmp_path) as d:
        message = d.slack.say("support", "grace", "It says E42")
        await ask(d, message, "ada")
        await direct_thread(d, "ada")
        assert "already" in await ask(d, message, "ada")
        d.slack.edit(message, "It says E77, with version 8")
        await d.settled()
        assert "direct message" in await ask(d, message, "ada")
        assert "It says E77, with version 8" in await said(d)


async def test_whoever_asks_is_told_where_the_answer_comes(d: Desk) -> None:
    own = d.slack.say("support", "ada", "My salary is wrong")
    anothers = d.slack.say("support", "grace", "It says E42")
    assert "in the thread of this message" in await ask(d, own, "ada")
    assert "in a direct message" in await ask(d, anothers, "ada")


async def test_shortcut_may_be_chosen_again_where_it_was_refused(
    transport: Transport, tmp_path: Path
) -> None:
    def furnish(slack: FakeSlack) -> None:
        slack.groups.add("vip", "ada")
        slack.faults.fail("usergroups.users.list", "internal_error")

    reserved = '[slack.channels.C0SUPPORT]\nproduct = "rocket"\ngroups = ["S0VIP"]'
    plan = Plan(slack=reserved, furnish=furnish)
    async with desk(transport, tmp_path, plan) as d:
        message = d.slack.say("support", "grace", "It says E42")
        await d.settled()
        assert "try again" in await ask(d, message, "ada")
        await d.channel._branches.of("").directory.load_groups()
        assert "direct message" in await ask(d, message, "ada")
        await direct_thread(d, "ada")
