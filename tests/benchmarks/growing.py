"""How soon an answer can be seen while the model still speaks, and how often Slack is asked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from supportbot.testing.fake_slack import FakeMessage
from tests.benchmarks.figures import Row, latency_rows, median
from tests.benchmarks.plan import Found, Plan
from tests.benchmarks.programs import supportbot, under_traffic, write_bot_folder
from tests.benchmarks.swift_model import Speaking
from tests.benchmarks.traffic import Traffic, Watched

_MS = 1000.0
#: About 33 tokens a second: its first sentence takes half a second.
_MODEL = Speaking(first_token_seconds=0.3, chunks=100, seconds_per_chunk=0.03)
_PER_SECOND = 2.0
#: More streams than a minute allows may not begin in one workspace.
_MOST = 15
_TARGET_MS = 1_000


@dataclass(slots=True)
class _Seen:
    """When the first words of each answer could be seen."""

    customers: Traffic
    at: dict[str, float] = field(default_factory=dict)

    def __call__(self) -> None:
        """Look at the streams; called whenever something changed in the workspace."""
        for stream in self.customers.slack.workspace.streams.values():
            if stream.message.text:
                self.at.setdefault(stream.message.root, time.monotonic())


async def growing(plan: Plan, folder: Path) -> Found:
    """Let customers ask a model that speaks slowly; each round in a workspace of its own."""
    first: list[float] = []
    calls: list[float] = []
    wrong: list[str] = []
    seconds = min(plan.seconds, _MOST / _PER_SECOND)
    for number in range(plan.rounds):
        place = write_bot_folder(folder / f"growing{number}")
        async with under_traffic(supportbot, place, _MODEL) as served:
            customers = served.customers
            seen = _Seen(customers)
            customers.slack.workspace.notify = seen
            asked = await customers.steady(served.url, _PER_SECOND, seconds)
            first += _first_words(asked, seen)
            calls.append(len(customers.slack.calls("chat.appendStream")) / len(asked))
            wrong += _wrong(customers, asked, seen)
    rows = [
        *latency_rows("first token to first visible words", first, p50=_TARGET_MS, p99=_TARGET_MS),
        Row("calls that show more, of one answer of 3 s", "count", median(calls)),
    ]
    return Found(rows, wrong)


def _first_words(asked: Sequence[Watched], seen: _Seen) -> list[float]:
    """Return the milliseconds from a model's first token to the customer's first words."""
    return [
        (seen.at[one.thread_ts] - one.asked - _MODEL.first_token_seconds) * _MS
        for one in asked
        if one.thread_ts in seen.at
    ]


def _wrong(customers: Traffic, asked: Sequence[Watched], seen: _Seen) -> list[str]:
    """Say what is wrong: each answer is seen growing, and stands whole in its thread once."""
    replies: dict[str, list[FakeMessage]] = {}
    for message in customers.slack.workspace.messages:
        if message.user == customers.slack.bot_user:
            replies.setdefault(message.root, []).append(message)
    wrong = [customers.answers_wrong() or ""]
    wrong += [f"{len(asked) - len(seen.at)} did not grow" if len(seen.at) < len(asked) else ""]
    often = sum(len(replies.get(one.thread_ts, ())) != 1 for one in asked)
    wrong += [f"{often} without exactly one reply" if often else ""]
    return [f"growing: {one}" for one in wrong if one]
