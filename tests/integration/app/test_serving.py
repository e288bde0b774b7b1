"""Running channels: one that breaks is started again, one that is refused for good is shown."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from supportbot.app import serving
from supportbot.errors import ChannelError


class Breaking:
    """A channel whose first runs end with an error."""

    key = "memory:breaking"

    def __init__(self, *ends: Exception) -> None:
        self.ends = list(ends)
        self.runs = 0

    async def run(self, accept: Any) -> None:
        self.runs += 1
        if self.ends:
            raise self.ends.pop(0)
        await accept("heard")


def _house() -> tuple[Any, asyncio.Event]:
    heard = asyncio.Event()

    async def accept(_: Any) -> None:
        heard.set()
        await asyncio.Event().wait()

    return SimpleNamespace(stopped={}, intake=SimpleNamespace(accept=accept)), heard


async def test_channel_that_breaks_is_started_again() -> None:
    house, heard = _house()
    channel = Breaking(RuntimeError("somebody's words"))
    task = asyncio.create_task(serving._listen(channel, house))
    await asyncio.sleep(0.05)
    assert house.stopped == {"memory:breaking": "RuntimeError"}
    async with asyncio.timeout(10):
        await heard.wait()
    assert (channel.runs, house.stopped) == (2, {})
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_channel_that_is_refused_for_good_rests_and_says_why() -> None:
    house, _ = _house()
    channel = Breaking(ChannelError("check SLACK_BOT_TOKEN"))
    async with asyncio.timeout(5):
        await serving._listen(channel, house)
    assert house.stopped == {"memory:breaking": "check SLACK_BOT_TOKEN"}
    assert channel.runs == 1
