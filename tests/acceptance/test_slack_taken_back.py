"""Words that a customer takes back, in whichever way they came: they are shown and kept no more.

Kept for a while are stored prompts and words in events, as ARCHITECTURE tells.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.slack.config import Transport
from supportbot.model.completion import ToolCall
from supportbot.model.handoff import HANDOFF_TOOL
from supportbot.testing.fake_answers import Answer, Said
from supportbot.testing.fake_slack import FakeMessage
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk
from tests.acceptance.slack_team import TEAM, furnish, notices
from tests.acceptance.test_slack_requests import direct_thread
from tests.acceptance.test_slack_shortcuts import ask
from tests.integration.orchestrator.kept import tables_with

MARKER = "R0SEBUD"
FOR_A_WHILE = {"ticket_event"}
#: Says something, and returns what is to be taken back.
Way = Callable[[Desk], Awaitable[list[FakeMessage]]]


def answering(request: dict[str, Any]) -> Answer:
    """Hand over what begins so, in words of its own; answer everything else."""
    content = request["messages"][-1]["content"]
    if "It is urgent" not in (content if isinstance(content, str) else content[0]["text"]):
        return ANSWER
    words = {
        "reason": "policy",
        "message": "A colleague will look at it.",
        "summary": f"They lost {MARKER}",
        "missing": f"where {MARKER} is",
    }
    return Said(tool_calls=(ToolCall("h1", HANDOFF_TOOL, json.dumps(words)),))


def shown(d: Desk) -> str:
    """Return all that the bot shows, to whomever."""
    place = d.slack.workspace
    own = [one.as_json(with_metadata=True) for one in place.messages if one.user == place.bot_user]
    alone = [one.as_json(with_metadata=True) for _, one in place.ephemerals]
    homes = [home.text for user in place.users if (home := d.slack.views.home(user))]
    told = [body for _, body in d.slack.requests.answers]
    return json.dumps([own, alone, homes, told, place.statuses, place.sessions])


async def in_a_channel(d: Desk) -> list[FakeMessage]:
    files = [(f"{MARKER}.txt", "text/plain", f"{MARKER} and more".encode())]
    question = d.slack.files.share("support", "ada", f"<@U0FAKEBOT1> {MARKER} is lost", files)
    await d.slack.wait_for_replies(question)
    await d.settled()
    follow_up = d.slack.say("support", "ada", f"It is called {MARKER}", thread=question)
    await d.slack.wait_for_replies(question, 2)
    await d.settled()
    d.slack.edit(follow_up, f"It was called {MARKER}")
    await d.settled()
    return [follow_up, question]


async def directly(d: Desk) -> list[FakeMessage]:
    question = d.slack.direct("ada", f"{MARKER} is lost")
    await d.slack.wait_for_replies(question)
    return [question]


async def by_a_shortcut(d: Desk) -> list[FakeMessage]:
    own = d.slack.say("support", "ada", f"{MARKER} is lost")
    anothers = d.slack.say("support", "grace", f"It says {MARKER}")
    await d.settled()
    await ask(d, own, "ada")
    await ask(d, anothers, "ada")
    await direct_thread(d, "ada")
    await d.settled()
    d.slack.edit(anothers, f"It said {MARKER}")
    await d.settled()
    return [own, anothers]


async def handed_over(d: Desk) -> list[FakeMessage]:
    question = d.slack.mention("support", "ada", f"It is urgent: {MARKER} is lost")
    await d.until(lambda: len(notices(d)) == 1)
    files = [(f"{MARKER}.txt", "text/plain", b"more")]
    later = d.slack.files.share("support", "ada", f"Still {MARKER}", files, thread=question)
    await d.settled()
    d.slack.edit(later, f"Still no {MARKER}")
    await d.settled()
    await d.until(lambda: "Still no" in shown(d))
    return [question, later]


async def escalated(d: Desk) -> list[FakeMessage]:
    question = d.slack.mention("support", "ada", f"{MARKER} is lost")
    (answer,) = await d.slack.wait_for_replies(question)
    await d.settled()
    d.slack.click(answer, "supportbot_escalate", "ada")
    await d.until(lambda: len(notices(d)) == 1)
    (ticket,) = await d.tickets()
    await d.house.takeover.resolve(ticket.public_id, None)
    await d.until(lambda: "Resolved by" in shown(d))
    return [question]


async def from_a_bystander(d: Desk) -> list[FakeMessage]:
    question = d.slack.mention("support", "ada", "Something is lost")
    await d.slack.wait_for_replies(question)
    aside = d.slack.say("support", "bob", f"I think it is {MARKER}", thread=question)
    await d.settled()
    d.slack.say("support", "ada", "It is urgent", thread=question)
    await d.until(lambda: len(notices(d)) == 1)
    return [aside]


@pytest.fixture
def plan() -> Plan:
    return Plan(answer=answering, slack=TEAM, furnish=furnish)


@pytest.mark.parametrize(
    "way", [in_a_channel, directly, by_a_shortcut, handed_over, escalated, from_a_bystander]
)
async def test_words_that_are_taken_back_are_shown_and_kept_nowhere(d: Desk, way: Way) -> None:
    messages = await way(d)
    await d.settled()
    await d.eventually(d.left)
    assert "message_body" in await tables_with(d.house.wiring.db, MARKER)
    for message in messages:
        d.slack.delete(message)
    await d.settled()
    await d.eventually(d.left)
    for user in ("ada", "grace"):
        d.slack.views.open_home(user)
    await d.until(lambda: d.slack.views.home("ada") and d.slack.views.home("grace"))
    assert MARKER not in shown(d)
    assert await tables_with(d.house.wiring.db, MARKER) <= FOR_A_WHILE


def drafting(request: dict[str, Any]) -> Answer:
    number = sum(one["role"] == "user" for one in request["messages"])
    return f"Where was {MARKER} lost? ({number})"


async def test_words_leave_the_drafts_that_were_made_of_them(
    transport: Transport, tmp_path: Path
) -> None:
    drafts = Plan(answer=drafting, mode="draft", slack=TEAM, furnish=furnish)
    async with desk(transport, tmp_path, drafts) as d:
        question = d.slack.mention("support", "ada", f"{MARKER} is lost")
        await d.until(lambda: len(notices(d)) == 1)
        d.slack.say("support", "ada", "What now?", thread=question)
        await d.until(lambda: len(notices(d)) == 2)
        assert shown(d).count(f"Where was {MARKER} lost?") > 1
        d.slack.delete(question)
        await d.until(lambda: len(notices(d)) == 3)
        await d.settled()
        await d.eventually(d.left)
        first, second, third = notices(d)
        assert first.markdown.startswith("Not needed any more: the customer wrote again.")
        assert second.markdown.startswith("Not needed any more: the customer took back")
        assert MARKER in third.markdown  # what a model says that was not told of it
        for message in (first, second):
            assert MARKER not in json.dumps(message.as_json(with_metadata=True))
