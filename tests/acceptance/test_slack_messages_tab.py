"""The app's messages tab: suggested questions, and the threads that older apps have instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supportbot.channels.slack.config import Transport
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk

PROMPTS = """
[[slack.prompts]]
title = "Export"
message = "How do I export my data?"

[[slack.prompts]]
title = "Rocket"
message = "What can Rocket do?"
product = "rocket"
"""


def offered(d: Desk, count: int) -> Any:
    async def prompts() -> bool:
        return len(d.slack.tab.prompts) >= count

    return prompts


async def test_questions_are_offered_when_the_tab_is_opened(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, Plan(slack=PROMPTS)) as d:
        d.slack.tab.open("ada")
        await d.eventually(offered(d, 1))
        (prompts,) = d.slack.tab.prompts.values()
        assert [one["title"] for one in prompts] == ["Export", "Rocket"]
        assert await d.outcomes() == [("suppressed", "app_home_opened")]


async def test_questions_about_what_is_looked_at_come_first(
    transport: Transport, tmp_path: Path
) -> None:
    looked_at = PROMPTS + '[slack.channels]\nC0SUPPORT = "rocket"\n'
    async with desk(transport, tmp_path, Plan(slack=looked_at)) as d:
        d.slack.tab.look_at("ada", "support")
        d.slack.tab.open("ada")
        await d.eventually(offered(d, 1))
        (prompts,) = d.slack.tab.prompts.values()
        assert [one["title"] for one in prompts] == ["Rocket", "Export"]
        await d.slack.wait_for_replies(d.slack.direct("ada", "What does it cost?"))
        await d.settled()
        (ticket,) = await d.tickets()
        assert ticket.product == "rocket"


async def test_nothing_is_offered_where_nothing_is_set(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.tab.open("ada")
        await d.slack.settled()
        answer = d.slack.direct("ada", "How do I export?")
        await d.slack.wait_for_replies(answer)
        assert d.slack.calls("assistant.threads.setSuggestedPrompts") == []


async def test_question_about_a_certain_product_begins_a_conversation(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, Plan(slack=PROMPTS)) as d:
        for text in ("hello", "How do I export my data?", "What can Rocket do?", "More please"):
            await d.slack.wait_for_replies(d.slack.direct("ada", text))
            await d.settled()
        first, second = await d.tickets()
        asked = [
            [m.text for m in await d.messages(ticket) if m.role == "user"]
            for ticket in (first, second)
        ]
        assert asked == [
            ["hello", "How do I export my data?"],
            ["What can Rocket do?", "More please"],
        ]


async def test_what_slack_tells_beside_the_tab_is_noted(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path) as d:
        d.slack.tab.look_at("ada", "support")
        d.slack.emit({"type": "agent_session_title_changed", "title": "Exports"})
        d.slack.emit({"type": "assistant_thread_started"})
        assert sorted(await d.outcomes()) == [
            ("suppressed", "agent_session_title_changed"),
            ("suppressed", "app_context_changed"),
            ("suppressed", "assistant_thread_started"),
        ]


async def test_assistant_thread_is_begun_with_a_word_and_answered(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, Plan(slack=PROMPTS)) as d:
        thread = d.slack.tab.start_thread("ada")
        await d.eventually(offered(d, 1))
        assert [*d.slack.tab.prompts] == [f"{thread.channel}:{thread.ts}"]
        hello = d.slack.replies(thread)[-1]
        assert "Rocket" in hello.text
        d.slack.direct("ada", "How do I export?", thread=thread)
        *_, answer = await d.slack.wait_for_replies(thread, 3)
        assert answer.markdown == ANSWER
        await d.settled()
        assert len(await d.tickets()) == 1


async def test_tab_that_cannot_be_filled_stops_nothing(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, Plan(slack=PROMPTS)) as d:
        d.slack.faults.fail("assistant.threads.setSuggestedPrompts", "missing_scope")
        d.slack.tab.open("ada")
        await d.slack.settled()
        d.slack.tab.open("grace")
        await d.eventually(offered(d, 1))
        assert all(delivery.acked for delivery in d.slack.deliveries)
