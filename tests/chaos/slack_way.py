"""Customers in a fake workspace: they mention the bot, write to it directly, or type a command."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.chaos.conversation import Conversation, Heard, question, questions_in

#: Slack sends again after 0, 60 and 300 seconds. Here a victim hardly lives for longer than it
#: takes to start, so nothing is given up, and tries are closer together.
REDELIVERY_SECONDS = (0.1, 0.4, 0.8, 1.5, *(3.0,) * 600)
_LOOK_SECONDS = 0.1
_COPY_SECONDS, _COPY_AND_ANSWER = 90.0, 2
_PERSON = "I want to talk to a human, please"
#: How a customer may leave: the share of those who want a person, and who take a question back.
_WANTS_PERSON, _TAKES_BACK = 0.35, 0.4
_TAKEN_BACK_SECONDS = (0.2, 1.6)
#: Of those who see a message without words for so long, who take back what they asked.
_SEES_NOTHING_SECONDS, _LOSES_PATIENCE = 1.0, 0.6


class BotWords:
    """What the bot has written and what stands of it, by place."""

    def __init__(self, slack: FakeSlack, place_of: Callable[[FakeMessage], str]) -> None:
        self._slack = slack
        self._place_of = place_of
        self._seen = 0
        self._last: FakeMessage | None = None
        self._by_place: dict[str, list[FakeMessage]] = {}

    def at(self, place: str) -> Sequence[FakeMessage]:
        """Return its messages in one place, the first one first."""
        messages = self._slack.workspace.messages
        if self._last is not None and messages[self._seen - 1 : self._seen] != [self._last]:
            self._seen, self._by_place = 0, {}  # something was deleted
        for message in messages[self._seen :]:
            if message.user == self._slack.bot_user and not message.is_tombstone:
                self._by_place.setdefault(self._place_of(message), []).append(message)
        self._seen, self._last = len(messages), messages[-1] if messages else None
        return self._by_place.get(place, ())


class SlackWay(Protocol):
    """A way through Slack; its customers do more than ask."""

    name: str
    look_seconds: float

    async def say(self, conversation: Conversation, text: str) -> None:
        """Write; the workspace delivers the events."""

    async def look(self, conversation: Conversation) -> None:
        """Read what stands there."""

    def write(self, conversation: Conversation, text: str) -> FakeMessage | None:
        """Write below what stands there; None: nothing does."""


class MentionWay:
    """Mentions the bot in a channel and goes on in the thread."""

    name = "slack"
    look_seconds = 0.05

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self._words = BotWords(slack, lambda message: message.root)

    async def say(self, conversation: Conversation, text: str) -> None:
        """Mention the bot, or write in the thread."""
        if self.write(conversation, text) is None:
            self._slack.add_user(conversation.name)
            first = self._slack.mention("support", conversation.name, text)
            conversation.place["first"] = first

    def write(self, conversation: Conversation, text: str) -> FakeMessage | None:
        """Write in the thread, if there is one."""
        first: FakeMessage | None = conversation.place.get("first")
        return first and self._slack.say("support", conversation.name, text, thread=first)

    async def look(self, conversation: Conversation) -> None:
        """Read the thread."""
        first: FakeMessage = conversation.place["first"]
        conversation.heard = [_heard(message) for message in self._words.at(first.ts)]


class DirectWay:
    """Writes to the bot in a direct message and goes on in its thread."""

    name = "slack direct"
    look_seconds = 0.05

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self._words = BotWords(slack, lambda message: message.channel)

    async def say(self, conversation: Conversation, text: str) -> None:
        """Write a direct message, or below the first one."""
        if self.write(conversation, text) is None:
            self._slack.add_user(conversation.name)
            conversation.place["first"] = self._slack.direct(conversation.name, text)

    def write(self, conversation: Conversation, text: str) -> FakeMessage | None:
        """Write below the first message, if there is one."""
        first: FakeMessage | None = conversation.place.get("first")
        return first and self._slack.direct(conversation.name, text, thread=first)

    async def look(self, conversation: Conversation) -> None:
        """Read all that the bot says to this person."""
        words = self._words.at(conversation.place["first"].channel)
        conversation.heard = [_heard(message) for message in words]


class CommandWay:
    """Asks by a slash command and goes on below the bot's copy of the question."""

    name = "slack command"
    look_seconds = 0.05

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self._words = BotWords(slack, lambda message: message.channel)

    async def say(self, conversation: Conversation, text: str) -> None:
        """Type the command, or write below the copy.

        Slack repeats no command, and nobody knows of one that fails whether it was heard: its
        customer begins anew.
        """
        if self.write(conversation, text) is not None:
            return
        user = self._slack.add_user(conversation.name)
        channel = self._slack.workspace.direct_channel(user).id
        conversation.place["channel"] = channel
        typed = self._slack.requests.command(conversation.name, text)
        while not (typed.acked or typed.failures):  # noqa: ASYNC110 - another process answers
            await asyncio.sleep(self.look_seconds)
        if not typed.acked:
            conversation.over = True
            conversation.waived.add(conversation.asked)
            return
        # What is written below a copy that nobody has noted yet begins another ticket.
        conversation.over = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_COPY_SECONDS):
                while len(self._words.at(channel)) < _COPY_AND_ANSWER:  # noqa: ASYNC110 - another process answers
                    await asyncio.sleep(self.look_seconds)
            conversation.over = False
            conversation.place["first"] = self._words.at(channel)[0]

    def write(self, conversation: Conversation, text: str) -> FakeMessage | None:
        """Write below the copy, if there is one."""
        copy: FakeMessage | None = conversation.place.get("first")
        return copy and self._slack.direct(conversation.name, text, thread=copy)

    async def look(self, conversation: Conversation) -> None:
        """Read all that the bot says to this person."""
        words = self._words.at(conversation.place["channel"])
        conversation.heard = [_heard(message) for message in words]


def come(slack: FakeSlack, conversation: Conversation) -> None:
    """Look at the bot's home tab before anything else."""
    slack.add_user(conversation.name)
    slack.views.open_home(conversation.name)


async def leave(
    slack: FakeSlack, way: SlackWay, conversation: Conversation, chance: random.Random
) -> None:
    """Want a person in the end, or take the last question back while it is being answered."""
    how, seconds = chance.random(), chance.uniform(*_TAKEN_BACK_SECONDS)
    if conversation.over or conversation.place.get("first") is None:
        return
    if how < _WANTS_PERSON:
        way.write(conversation, _PERSON)
    elif how < _WANTS_PERSON + _TAKES_BACK:
        asked = way.write(conversation, question(conversation))
        conversation.waived.add(conversation.asked)
        await asyncio.sleep(seconds)
        assert asked is not None
        slack.delete(asked)


async def lose_patience(
    slack: FakeSlack,
    conversations: Iterable[tuple[object, Conversation]],
    chance: random.Random,
    ended: asyncio.Event,
) -> None:
    """Let people take questions back below which a message begins and nothing is said in it."""
    known: set[str] = set()
    while not ended.is_set():
        await asyncio.sleep(_LOOK_SECONDS)
        for message in slack.streams.open:
            is_new = time.time() - float(message.ts) < _SEES_NOTHING_SECONDS
            if not (message.text or message.ts in known or is_new):
                known.add(message.ts)
                if chance.random() < _LOSES_PATIENCE:
                    _take_back(slack, conversations, message)


def _take_back(
    slack: FakeSlack, conversations: Iterable[tuple[object, Conversation]], below: FakeMessage
) -> None:
    """Delete the newest question in the thread of a message."""
    asked = [one for one in slack.thread(below) if one.user != slack.bot_user]
    for name, number in questions_in(asked[-1].text) if asked else ():
        for _, one in conversations:
            if one.name == name:
                one.waived.add(number)
                slack.delete(asked[-1])


def given_up(slack: FakeSlack) -> int:
    """Count the events that were never acknowledged: then a run proves nothing."""
    return sum(not one.acked for one in slack.deliveries if one.kind == "events_api")


def left_behind(slack: FakeSlack) -> list[str]:
    """Say what nobody may see in the workspace when all is settled."""
    workspace = slack.workspace
    keys = [_heard(m).key for m in workspace.messages if m.user == slack.bot_user and m.metadata]
    working = [place for place, status in workspace.sessions.items() if status == "processing"]
    lines = [place for place, line in workspace.statuses.items() if line]
    found = {
        "streams were left open": len(slack.streams.open),
        "of our messages stand twice": len(keys) - len(set(keys)),
        f"sessions are at work for ever ({', '.join(working[:3])})": len(working),
        f"status lines are left ({', '.join(lines[:3])})": len(lines),
    }
    return [f"{count} {what}" for what, count in found.items() if count]


def write_down(slack: FakeSlack, path: Path) -> None:
    """Write what was called and what stands there, to find out afterwards how it came about."""
    seen = {
        "calls": [asdict(call) for call in slack.calls()],
        "messages": [asdict(message) for message in slack.workspace.messages],
    }
    path.write_text(json.dumps(seen, indent=1), encoding="utf-8")


def _heard(message: FakeMessage) -> Heard:
    payload = (message.metadata or {}).get("event_payload") or {}
    return Heard(f"{payload.get('delivery')}/{payload.get('part', 1)}", message.markdown)
