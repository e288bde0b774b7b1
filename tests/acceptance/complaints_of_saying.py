"""What users of other bots complained of about answers: cut, stuck, repeated, broken, shouting."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from supportbot.channels.slack.config import Transport
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.acceptance.complaints_of_hearing import Behaviour, over
from tests.acceptance.slack_desk import Desk, Plan, desk

Trouble = Callable[[FakeSlack], object]

WORDS = (
    "Open the settings page. Choose the project you want. Then press the Export button. "
    "Pick a format from the list. Wait until the file is ready. We send you a mail then. "
    "The link in it works for a day. Ask us if it does not."
)
TABLE = "# Plans\n\n| Plan | Price |\n|---|--:|\n| Small | 5 EUR |\n\nThat is all."
CODE = "".join(f"export --page {number} --to file-{number}.csv\n" for number in range(600))
LONG = f"# All pages\n\n```sh\n{CODE}```\n\nThat is all."


def growing(words: str = WORDS) -> Plan:
    """An answer that takes a second and a half to be written."""
    return Plan(answer=lambda _request: words, seconds_per_chunk=0.2)


def whole(words: str) -> Plan:
    """An answer that is posted once."""
    return Plan(answer=lambda _request: words, slack="live = false")


async def answered(d: Desk, parts: int = 1) -> list[FakeMessage]:
    """Ask something; return the answer once all is over, with nothing left growing or working."""
    question = d.slack.mention("support", "ada", "How do I export?")
    await d.slack.wait_for_replies(question, parts, timeout_seconds=30)
    await over(d)

    async def rests() -> bool:
        status = d.slack.workspace.statuses.get(f"{question.channel}:{question.root}")
        return not status and d.slack.streams.session(question) != "processing"

    await d.eventually(rests)
    assert d.slack.streams.open == []
    return d.slack.replies(question)


def in_spite_of(trouble: Trouble) -> Behaviour:
    """The whole answer stands there once, with its buttons, whatever Slack refuses on the way."""

    async def behave(transport: Transport, folder: Path) -> None:
        async with desk(transport, folder, growing()) as d:
            trouble(d.slack)
            (answer,) = await answered(d)
            assert answer.markdown == WORDS
            assert answer.blocks

    return behave


async def too_long_for_slack(transport: Transport, folder: Path) -> None:
    """What Slack finds too long leaves in another form; nobody is left without an answer."""
    async with desk(transport, folder, whole(WORDS)) as d:
        d.slack.faults.fail("chat.postMessage", "msg_too_long")
        (answer,) = await answered(d)
        assert answer.text == WORDS


def refused(method: str, error: str, times: int = 1) -> Trouble:
    """The next calls fail."""
    return lambda slack: slack.faults.fail(method, error, times=times)


def expires(*, appends: int) -> Trouble:
    """Slack closes streams early."""
    return lambda slack: slack.streams.expire_after(appends=appends)


async def streams_name_their_reader(transport: Transport, folder: Path) -> None:
    """In a channel a stream needs whom it is for: a guest of another company by their own team."""
    async with desk(transport, folder, growing()) as d:
        d.slack.add_user("guest", team="T0GUEST")
        for user, team in (("ada", d.slack.team), ("guest", "T0GUEST")):
            d.model.hold(2)
            question = d.slack.mention("support", user, "How do I export?")
            await d.slack.wait_for_replies(question)
            d.model.go_on()
            await over(d)
            start = d.slack.calls("chat.startStream")[-1].arguments
            assert start["recipient_user_id"] == d.slack.workspace.user(user).id
            assert start["recipient_team_id"] == team


async def stopped_by_the_reader(transport: Transport, folder: Path) -> None:
    """The stop button ends the answer where it is, and the model's further words with it."""
    async with desk(transport, folder, growing()) as d:
        d.model.hold(2)
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.until(lambda: any(one.markdown for one in d.slack.replies(question)))
        d.slack.streams.stop(question, "ada")
        await over(d)
        (answer,) = d.slack.replies(question)
        assert WORDS.startswith(answer.markdown)
        assert answer.markdown != WORDS


async def silence_never_ends_it(transport: Transport, folder: Path) -> None:
    """Where streams, blocks and Markdown are all refused, the words are posted as they are."""
    async with desk(transport, folder, growing()) as d:
        d.slack.faults.fail("chat.startStream", "not_allowed")
        d.slack.faults.fail("chat.postMessage", "invalid_blocks", times=2)
        (answer,) = await answered(d)
        assert answer.text == WORDS


def long_answer(plan: Callable[[str], Plan]) -> Behaviour:
    """What is too long for a message goes on in the next; code is closed and opened again."""

    async def behave(transport: Transport, folder: Path) -> None:
        async with desk(transport, folder, plan(LONG)) as d:
            shown = [one.markdown for one in await answered(d, parts=2)]
            assert all(len(text) <= 11_800 for text in shown)
            assert all(text.count("```") % 2 == 0 for text in shown)
            assert all(line in "\n".join(shown) for line in CODE.splitlines())
            for call in _written(d):
                blocks = call.get("blocks") or []
                assert len(blocks) <= 50
                assert sum(len(json.dumps(one)) for one in blocks) < 13_200
                assert len(call.get("text") or "") < 4_000

    return behave


def _written(d: Desk) -> list[dict[str, object]]:
    methods = ("chat.postMessage", "chat.update", "chat.stopStream")
    return [dict(call.arguments) for name in methods for call in d.slack.calls(name)]


def table(plan: Callable[[str], Plan]) -> Behaviour:
    """Tables and headings arrive as they were written."""

    async def behave(transport: Transport, folder: Path) -> None:
        async with desk(transport, folder, plan(TABLE)) as d:
            (answer,) = await answered(d)
            assert answer.markdown == TABLE

    return behave


async def updates_keep_their_blocks(transport: Transport, folder: Path) -> None:
    """A message that is updated shows Markdown and buttons still; its text alone is short."""
    async with desk(transport, folder, growing(f"{WORDS}\n\n" * 12)) as d:
        d.slack.streams.expire_after(appends=1)
        (answer,) = await answered(d)
        updates = d.slack.calls("chat.update")
        assert updates
        assert all(call.arguments["blocks"] for call in updates)
        assert all(len(call.arguments["text"]) < 4_000 for call in updates)
        kinds = [block["type"] for block in answer.blocks]
        assert kinds == ["markdown", "context_actions", "actions"]


def calls_nobody(plan: Callable[[str], Plan], trouble: Trouble = lambda _: None) -> Behaviour:
    """What stands for a person, a group or a channel calls nobody, on every way to Slack."""
    said = "Ask <!channel>, <!here>, <@U0GRACE>, <#C0SUPPORT> or <!subteam^S0HELP|@help>. Twice."

    async def behave(transport: Transport, folder: Path) -> None:
        async with desk(transport, folder, plan(said)) as d:
            trouble(d.slack)
            (answer,) = await answered(d)
            assert "Twice." in answer.markdown
            for call in d.slack.calls():
                if call.method.startswith("chat."):
                    assert not re.search("<[!@#]", json.dumps(dict(call.arguments)))

    return behave


async def follow_ups_need_no_mention(transport: Transport, folder: Path) -> None:
    """In a thread that the bot is in, it goes on without being called."""
    async with desk(transport, folder, whole(WORDS)) as d:
        question = d.slack.mention("support", "ada", "How do I export?")
        await d.slack.wait_for_replies(question)
        d.slack.say("support", "ada", "And as CSV?", thread=question)
        await d.slack.wait_for_replies(question, 2)


async def sources_can_be_followed(transport: Transport, folder: Path) -> None:
    """A source that is named is a link to where it is."""
    page = "---\nurl: https://help.rocket.example/export\n---\n# Export your data\n\nPress Start."
    plan = Plan(
        answer=lambda _request: "Press Start. Source: Export your data",
        knowledge={"export.md": page},
    )
    async with desk(transport, folder, plan) as d:
        (answer,) = await answered(d)
        link = "[Export your data](https://help.rocket.example/export)"
        assert answer.markdown == f"Press Start. Source: {link}"
