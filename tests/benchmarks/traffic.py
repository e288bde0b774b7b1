"""Customers in a fake workspace, a fake model, and a watch on every message.

Everything runs in the measuring process, so all moments are of one clock (`time.monotonic`).
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from supportbot.testing.fake_model import FakeModel
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from supportbot.testing.fake_slack.payloads import envelope, mention_event
from supportbot.testing.fake_slack.signatures import signed_headers

_CUSTOMERS = 100
_CHUNKS = 50
_NUMBER = re.compile(r"\[n(\d+)\]")
_ANSWER = "Open Websites, choose Backups, pick a day and press Restore; it takes ten minutes. " * 6
_PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Watched:
    """The moments of one customer's message, in seconds."""

    thread_ts: str
    sent: float = 0.0
    status: int = 0
    acked: float = 0.0
    asked: float = 0.0
    last_token: float = 0.0
    posted: float = 0.0


@dataclass(slots=True)
class Traffic:
    """One workspace and one model; every message opens a thread of its own."""

    slack: FakeSlack
    session: aiohttp.ClientSession
    model: FakeModel = field(init=False)
    watched: dict[int, Watched] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.model = FakeModel(self._answer, chunks=_CHUNKS, on_last_token=self._ended)
        # The bot's own messages would come back as events; here only customers are counted.
        self.slack.workspace.announce = lambda _event: None
        for number in range(_CUSTOMERS):
            self.slack.add_user(f"customer{number}")

    async def steady(self, url: str, per_second: float, seconds: float) -> list[Watched]:
        """Send at an even rate whatever the answers do; return once all are answered or late."""
        begun = time.monotonic()
        numbers = range(len(self.watched), len(self.watched) + round(per_second * seconds))
        async with asyncio.TaskGroup() as sending:
            for nth, number in enumerate(numbers):
                await asyncio.sleep(max(0.0, begun + nth / per_second - time.monotonic()))
                sending.create_task(self._say(url, number))
        await self._until_answered(numbers)
        return [self.watched[number] for number in numbers]

    async def _say(self, url: str, number: int) -> None:
        place = self.slack.workspace.channel("support")
        user = self.slack.workspace.user(f"customer{number % _CUSTOMERS}")
        text = f"<@{self.slack.bot_user}> How do I restore a backup of my site? [n{number}]"
        message = FakeMessage(place.id, self.slack.workspace.next_ts(), user.id, text)
        self.slack.workspace.add(message)
        watched = self.watched[number] = Watched(message.ts)
        payload = envelope(mention_event(message), f"EvBench{number}", int(time.time()))
        body = json.dumps(payload).encode()
        headers = signed_headers(body, self.slack.signing_secret, int(time.time()))
        headers["Content-Type"] = "application/json"
        watched.sent = time.monotonic()
        async with self.session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            watched.acked = time.monotonic()
            watched.status = answer.status

    async def _until_answered(self, numbers: range) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            posts = self._posted()
            if all(self.watched[number].thread_ts in posts for number in numbers):
                break
            await asyncio.sleep(0.05)
        posts = self._posted()
        for number in numbers:
            self.watched[number].posted = posts.get(self.watched[number].thread_ts, 0.0)

    def _posted(self) -> dict[str, float]:
        return {
            call.arguments["thread_ts"]: call.at_seconds
            for call in self.slack.calls("chat.postMessage")
        }

    def answers_wrong(self) -> str | None:
        """Say what is wrong with the answers: each message needs exactly one, acknowledged."""
        counted = Counter(
            call.arguments["thread_ts"] for call in self.slack.calls("chat.postMessage")
        )
        threads = [watched.thread_ts for watched in self.watched.values()]
        none = sum(counted[thread] == 0 for thread in threads)
        twice = sum(counted[thread] > 1 for thread in threads)
        refused = sum(watched.status != 200 for watched in self.watched.values())
        if none or twice or refused:
            return f"{none} unanswered, {twice} answered twice, {refused} not acknowledged"
        return None

    def _answer(self, request: dict[str, Any]) -> str:
        self.watched[_number(request)].asked = time.monotonic()
        return _ANSWER

    def _ended(self, request: dict[str, Any]) -> None:
        self.watched[_number(request)].last_token = time.monotonic()


def _number(request: dict[str, Any]) -> int:
    found = _NUMBER.search(request["messages"][-1]["content"])
    if found is None:
        raise ValueError("the model was asked without the customer's words")
    return int(found[1])


@asynccontextmanager
async def traffic() -> AsyncIterator[Traffic]:
    """Open a workspace and a model on loopback."""
    async with FakeSlack() as slack, aiohttp.ClientSession() as session:
        customers = Traffic(slack, session)
        async with customers.model:
            yield customers
