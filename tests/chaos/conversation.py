"""Numbered questions, and what an answer says about them: the only memory the count relies on."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

_QUESTION = re.compile(r"Question (c\d+) no (\d+):")
#: With these an answer of the model ends.
_LAST_WORDS = re.compile(r"It\s+takes\s+ten\s+minutes\.")
_COVERED = re.compile(r"Covered (c\d+): (\d+(?:, \d+)*)\.")
_HASTY = 0.35
_LONGEST_HASTE_SECONDS = 0.3
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One visible message of the bot."""

    #: What the provider shows as its unique name within our system: delivery key and part, or id.
    key: str
    text: str

    @property
    def covers(self) -> tuple[int, ...]:
        """The numbers of the questions it answers; empty for a notice."""
        found = _COVERED.search(self.text)
        return tuple(int(number) for number in found[2].split(", ")) if found else ()

    @property
    def whole(self) -> bool:
        """Tell whether an answer has its last words."""
        return _LAST_WORDS.search(self.text) is not None


@dataclass(eq=False, slots=True)
class Conversation:
    """One customer's thread."""

    name: str
    #: How many questions were asked so far; they are numbered from 1.
    asked: int = 0
    #: What stands there from the bot, in the order in which the customer sees it.
    heard: Sequence[Heard] = ()
    #: Questions that need no answer: taken back, or of which nobody knows whether they were heard.
    waived: set[int] = field(default_factory=set)
    #: Its customer says nothing more in it.
    over: bool = False
    #: The way's own memory of it.
    place: dict[str, Any] = field(default_factory=dict)

    @property
    def covered(self) -> set[int]:
        """The numbers that some visible answer covers."""
        return {number for heard in self.heard for number in heard.covers}


class Way(Protocol):
    """A customer's program: a workspace, a mail program, a chat page."""

    name: str
    #: How often an answer may be looked for.
    look_seconds: float

    async def say(self, conversation: Conversation, text: str) -> None:
        """Hand a message over, again and again until the other side has acknowledged it.

        Slack does that in the background; then it returns at once.
        """

    async def look(self, conversation: Conversation) -> None:
        """Set what the customer sees now."""


def question(conversation: Conversation) -> str:
    """Return the words of the next question."""
    conversation.asked += 1
    number = conversation.asked
    return f"Question {conversation.name} no {number}: how do I restore a backup of my site?"


def questions_in(text: str) -> list[tuple[str, int]]:
    """Return conversation and number of each question in a text."""
    return [(name, int(number)) for name, number in _QUESTION.findall(text)]


async def talk(
    way: Way, conversation: Conversation, chance: random.Random, ended: asyncio.Event
) -> None:
    """Ask a few questions; mostly wait for the answer, sometimes write again at once."""
    for _ in range(chance.randint(3, 9)):
        if ended.is_set() or conversation.over:
            return
        await way.say(conversation, question(conversation))
        if chance.random() < _HASTY:
            await asyncio.sleep(chance.uniform(0, _LONGEST_HASTE_SECONDS))
        else:
            await until_covered(way, conversation, ended)


async def until_covered(way: Way, conversation: Conversation, ended: asyncio.Event) -> None:
    """Wait for the answer to the newest question; an impatient customer writes again."""
    waited = 0.0
    while waited < _PATIENCE_SECONDS and not ended.is_set():
        await way.look(conversation)
        if conversation.asked in conversation.covered | conversation.waived:
            return
        await asyncio.sleep(way.look_seconds)
        waited += way.look_seconds
