"""Asking in Slack without writing a message: slash command and shortcut, over the whole product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supportbot.channels.slack.config import Transport
from supportbot.testing.fake_slack import EventDelivery, FakeMessage, FakeSlack
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk


def shown(delivery: EventDelivery) -> str:
    """What the ack tells whoever typed a command; each transport says it in its way."""
    said: Any = delivery.response
    return str(said["text"] if isinstance(said, dict) else said)


async def direct_thread(d: Desk, user: str, count: int = 2) -> list[FakeMessage]:
    """Wait for so many messages of the bot in a direct conversation; return all of it."""

    async def read() -> list[FakeMessage] | None:
        place = d.slack.workspace.direct_channel(d.slack.workspace.user(user)).id
        found = [m for m in d.slack.workspace.messages if m.channel == place]
        return found if sum(m.user == d.slack.bot_user for m in found) >= count else None

    found: list[FakeMessage] = await d.eventually(read)
    return found


async def test_command_is_answered_in_a_direct_message_below_its_question(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        typed = d.slack.requests.command("ada", "How do I *export*?\nAs CSV?")
        copy, answer = await direct_thread(d, "ada")
        assert "direct message" in shown(typed)
        assert copy.markdown == "You asked:\n\n> How do I \\*export\\*?\n> As CSV?"
        assert (answer.markdown, answer.root) == (ANSWER, copy.ts)
        await d.settled()
        (ticket,) = await d.tickets()
        assert next(m.text for m in await d.messages(ticket)) == "How do I *export*?\nAs CSV?"


async def test_command_works_where_the_bot_is_no_member(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(furnish=lambda slack: slack.add_channel("random", bot_is_member=False))
    async with desk(transport, tmp_path, plan) as d:
        d.slack.requests.command("ada", "How do I export?", channel="random")
        _, answer = await direct_thread(d, "ada")
        assert answer.markdown == ANSWER


async def test_words_after_the_answer_go_on_with_the_ticket(
    transport: Transport, tmp_path: Path
) -> None:
    plan = Plan(answer=lambda request: f"answer {len(request['messages'])}")
    async with desk(transport, tmp_path, plan) as d:
        d.slack.requests.command("ada", "How do I export?")
        copy, _ = await direct_thread(d, "ada")
        await d.settled()
        d.slack.direct("ada", "As CSV?", thread=copy)
        await d.slack.wait_for_replies(copy, 3)
        await d.settled()
        loose = d.slack.direct("ada", "And JSON?")
        (answer,) = await d.slack.wait_for_replies(loose)
        assert answer.markdown == "answer 6"
        await d.settled()
        assert len(await d.tickets()) == 1


async def test_command_without_a_question_is_answered_with_help(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        typed = d.slack.requests.command("ada", "help")
        assert await d.outcomes() == [("suppressed", "asks_nothing")]
        assert "/support" in shown(typed)
        assert await d.tickets() == []


async def test_operators_may_ask_by_a_command_like_everybody(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, Plan(slack='operators = ["U0GRACE"]')) as d:
        d.slack.requests.command("grace", "How do I export?")
        _, answer = await direct_thread(d, "grace")
        assert answer.markdown == ANSWER


async def test_shortcut_asks_what_a_message_says_for_whoever_chose_it(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        message = d.slack.say("support", "grace", "It says E42 <!channel>")
        for _ in range(2):
            d.slack.requests.shortcut(message, "supportbot_ask", "ada")
        copy, answer = await direct_thread(d, "ada")
        assert copy.markdown.startswith("You asked about [this message](https://fake.slack.test/")
        assert "<!channel>" not in copy.markdown
        assert answer.markdown == ANSWER
        await d.settled()
        assert len(await d.tickets()) == 1
        assert d.slack.replies(message) == []
        told = [(user, body["response_type"]) for user, body in d.slack.requests.answers]
        assert ("U0ADA", "ephemeral") in told


async def test_shortcut_works_on_messages_that_the_bot_cannot_see(
    transport: Transport, tmp_path: Path
) -> None:
    def furnish(slack: FakeSlack) -> None:
        slack.add_channel("random", bot_is_member=False)

    async with desk(transport, tmp_path, Plan(furnish=furnish)) as d:
        message = d.slack.say("random", "grace", "It says E42")
        d.slack.faults.fail("chat.getPermalink", "channel_not_found")
        d.slack.requests.shortcut(message, "supportbot_ask", "ada")
        copy, answer = await direct_thread(d, "ada")
        assert copy.markdown == "You asked:\n\n> It says E42"
        assert answer.markdown == ANSWER


async def test_crash_between_copy_and_answer_makes_no_second_copy(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.faults.lose_answer("chat.postMessage")
        d.slack.requests.command("ada", "How do I export?")
        await direct_thread(d, "ada")
        await d.settled()
        copies = [m for m in await direct_thread(d, "ada") if m.markdown.startswith("You asked")]
        assert len(copies) == 1


async def test_words_below_a_copy_whose_place_is_not_known_yet_go_on_with_its_ticket(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.faults.lose_answer("chat.postMessage", after_seconds=1.0)
        d.slack.requests.command("ada", "How do I export?")
        (copy,) = await direct_thread(d, "ada", count=1)
        d.slack.direct("ada", "As CSV?", thread=copy)

        async def heard() -> bool:
            return await d.outcomes() == [("message", None)] * 2

        await d.eventually(heard)
        await d.settled()
        (ticket,) = await d.tickets()
        asked = [m.text for m in await d.messages(ticket) if m.role == "user"]
        assert asked == ["How do I export?", "As CSV?"]
        assert {m.root for m in await direct_thread(d, "ada") if m.ts != copy.ts} == {copy.ts}


async def test_person_that_cannot_be_written_to_is_a_case_for_people(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.faults.fail("conversations.open", "cannot_dm_bot", times=99)
        d.slack.requests.command("ada", "How do I export?")

        async def handed_over() -> bool:
            return any(ticket.handler == "human" for ticket in await d.tickets())

        await d.eventually(handed_over)
