"""Customers in a fake workspace, a fake model, and a watch on every message.

Everything runs in the measuring process, so all moments are of one clock (`time.monotonic`); the
measured program is another process and shares nothing with this one but the machine.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from supportbot.testing.fake_slack.payloads import envelope, mention_event
from supportbot.testing.fake_slack.signatures import signed_headers
from tests.benchmarks.swift_model import Speaking, SwiftModel

_CUSTOMERS = 100
_END = "That is all."
_ANSWER = (
    "Open Websites, choose Backups, pick a day and press Restore; it takes ten minutes. " * 6 + _END
)


@dataclass(slots=True)
class Watched:
    """The moments of one customer's message, in seconds; 0 = never."""

    thread_ts: str
    sent: float = 0.0
    status: int = 0
    acked: float = 0.0
    asked: float = 0.0
    last_token: float = 0.0
    #: When the whole answer stood there.
    posted: float = 0.0
    answered: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Traffic:
    """One workspace and one model; every message opens a thread of its own."""

    slack: FakeSlack
    session: aiohttp.ClientSession
    speaking: Speaking
    patience_seconds: float = 30.0
    model: SwiftModel = field(init=False)
    watched: list[Watched] = field(default_factory=list)
    #: Calls of the model that are under way, and the most that ever were.
    thinking: int = 0
    most_thinking: int = 0
    _by_thread: dict[str, Watched] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.model = SwiftModel(_ANSWER, self.speaking, self._asked, self._ended)
        # The bot's own messages would come back as events; here they only end a wait.
        self.slack.workspace.announce = self._announced
        for number in range(_CUSTOMERS):
            self.slack.add_user(f"customer{number}")

    async def steady(self, url: str, per_second: float, seconds: float) -> Sequence[Watched]:
        """Send at an even rate whatever the answers do; return once all are answered or late."""
        begun, first = time.monotonic(), len(self.watched)
        async with asyncio.TaskGroup() as sending:
            for nth in range(round(per_second * seconds)):
                await asyncio.sleep(max(0.0, begun + nth / per_second - time.monotonic()))
                sending.create_task(self._say(url))
        said = self.watched[first:]
        await self._patient(said)
        return said

    async def closed(self, url: str, customers: int, seconds: float) -> Sequence[Watched]:
        """Have each customer ask again as soon as they were answered, for so long."""
        first, end = len(self.watched), time.monotonic() + seconds

        async def customer() -> None:
            while time.monotonic() < end:
                await self._patient([await self._say(url)])

        async with asyncio.TaskGroup() as asking:
            for _ in range(customers):
                asking.create_task(customer())
        return self.watched[first:]

    async def _say(self, url: str) -> Watched:
        place, number = self.slack.workspace.channel("support"), len(self.watched)
        user = self.slack.workspace.users[f"U0CUSTOMER{number % _CUSTOMERS}"]
        text = f"<@{self.slack.bot_user}> How do I restore a backup of my site? [n{number}]"
        message = FakeMessage(place.id, self.slack.workspace.next_ts(), user.id, text)
        self.slack.workspace.add(message)
        watched = self._by_thread[message.ts] = Watched(message.ts)
        self.watched.append(watched)
        payload = envelope(
            mention_event(message), f"EvBench{number}", int(time.time()), self.slack.workspace
        )
        body = json.dumps(payload).encode()
        headers = signed_headers(body, self.slack.signing_secret, int(time.time()))
        headers["Content-Type"] = "application/json"
        watched.sent = time.monotonic()
        try:
            async with self.session.post(url, data=body, headers=headers) as answer:
                await answer.read()
                watched.status = answer.status
        except aiohttp.ClientError:
            pass  # the status stays 0: it counts as not acknowledged
        watched.acked = time.monotonic()
        return watched

    async def _patient(self, said: Sequence[Watched]) -> None:
        """Wait until all are answered, or until nobody would wait any longer."""
        try:
            async with asyncio.timeout(self.patience_seconds):
                for watched in said:
                    await watched.answered.wait()
        except TimeoutError:
            return

    def answers_wrong(self) -> str | None:
        """Say what is wrong with the answers: each message needs exactly one, acknowledged."""
        counted = Counter(
            call.arguments["thread_ts"] for call in self.slack.calls("chat.postMessage")
        )
        none = sum(not watched.posted for watched in self.watched)
        twice = sum(counted[watched.thread_ts] > 1 for watched in self.watched)
        refused = sum(watched.status != 200 for watched in self.watched)
        if none or twice or refused:
            return f"{none} unanswered, {twice} answered twice, {refused} not acknowledged"
        return None

    def _asked(self, number: int) -> None:
        self.watched[number].asked = time.monotonic()
        self.thinking += 1
        self.most_thinking = max(self.most_thinking, self.thinking)

    def _ended(self, number: int) -> None:
        self.watched[number].last_token = time.monotonic()
        self.thinking -= 1

    def _announced(self, event: dict[str, Any]) -> None:
        message = event.get("message", event)
        watched = self._by_thread.get(message.get("thread_ts", ""))
        if watched is not None and not watched.posted and _END in message.get("text", ""):
            watched.posted = time.monotonic()
            watched.answered.set()


@asynccontextmanager
async def traffic(
    speaking: Speaking | None = None, patience_seconds: float = 30.0
) -> AsyncIterator[Traffic]:
    """Open a workspace and a model on loopback."""
    connector = aiohttp.TCPConnector(limit=0)
    async with FakeSlack() as slack, aiohttp.ClientSession(connector=connector) as session:
        customers = Traffic(slack, session, speaking or Speaking(), patience_seconds)
        async with customers.model:
            yield customers
