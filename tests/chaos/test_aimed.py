"""The short form of aimed kills: a process dies at each point, and all is well afterwards."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos import aimed, slack_way
from tests.chaos.combination import (
    Combination,
    World,
    first_start,
    judged,
    looked,
    opened,
    ready,
    settled,
)
from tests.chaos.conversation import Conversation, question
from tests.chaos.fuse import Fuse, Point, When
from tests.chaos.slaughter import survivor
from tests.chaos.stores import Store, sqlite
from tests.chaos.victims import Victims, nursery

#: An interrupted live reply, or send, is taken up again after 8 or 10 seconds.
_PATIENCE_SECONDS = 30.0
_ACKED_SECONDS = 30.0
_STAYS_IDLE_SECONDS = 1.5
#: So slow that a status is shown first, and that answers grow.
_SLOW = {"model_seconds": 0.8, "seconds_per_chunk": 0.1}

pytestmark = pytest.mark.timeout(180)

Act = Callable[[World, Conversation], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kill:
    """Where a process dies, and what a customer does that leads there."""

    point: Point
    when: When
    act: Act


async def mentions(world: World, one: Conversation) -> None:
    """Ask in a channel."""
    await _say(world, "slack", one, question(one))


async def writes(world: World, one: Conversation) -> None:
    """Ask in a direct message."""
    await _say(world, "slack direct", one, question(one))


async def types(world: World, one: Conversation) -> None:
    """Ask by a command; the copy is what the process dies of, so nobody waits for it."""
    way = next(way for way in world.ways if way.name == "slack command")
    world.conversations.append((way, one))
    user = world.slack.add_user(one.name)
    one.place["channel"] = world.slack.workspace.direct_channel(user).id
    world.slack.requests.command(one.name, question(one))


async def wants_a_person(world: World, one: Conversation) -> None:
    """Ask for somebody else."""
    await _say(world, "slack", one, "I want to talk to a human, please")


async def is_refused_a_stream(world: World, one: Conversation) -> None:
    """Ask where answers can't grow: this one is posted when it is whole."""
    world.slack.faults.fail("chat.startStream", "not_allowed")
    await mentions(world, one)


async def sees_a_stream_expire(world: World, one: Conversation) -> None:
    """Ask where streams end early: the answer goes on as an ordinary message."""
    world.slack.streams.expire_after(appends=1)
    await mentions(world, one)


async def opens_home(world: World, one: Conversation) -> None:
    """Look at the home tab, then ask."""
    slack_way.come(world.slack, one)
    await mentions(world, one)


async def takes_back(world: World, _one: Conversation) -> None:
    """Delete what was asked last."""
    _, asker = world.conversations[-1]
    asker.waived.add(asker.asked)
    world.slack.delete(asker.place["first"])


async def waits(_world: World, _one: Conversation) -> None:
    """Do nothing more."""


def _both(act: Act, *points: Point) -> tuple[Kill, ...]:
    return tuple(Kill(point, when, act) for point in points for when in point.sides)


GROUPS = {
    "streams": _both(mentions, *aimed.STREAMS),
    "posts": (
        *_both(is_refused_a_stream, aimed.POST_REPLY),
        *_both(wants_a_person, aimed.POST_NOTICE),
        *_both(types, aimed.POST_ECHO),
    ),
    "statuses": (*_both(mentions, aimed.STATUS), *_both(writes, aimed.SESSION)),
    "updates and homes": (
        *_both(sees_a_stream_expire, aimed.UPDATE),
        *_both(opens_home, aimed.HOME),
    ),
    "commits": _both(mentions, *aimed.COMMITS),
    "the look-up": (
        Kill(aimed.START, When.AFTER, mentions),
        *_both(waits, aimed.LOOK_UP),
    ),
    "the taking away": (
        Kill(aimed.NAMED, When.COMMITTED, mentions),
        Kill(aimed.DELETE, When.BEFORE, takes_back),
        Kill(aimed.DELETE, When.AFTER, waits),
    ),
}


def test_every_point_is_in_a_group() -> None:
    tried = {(kill.point.name, kill.when) for group in GROUPS.values() for kill in group}
    assert tried == {(point.name, when) for point in aimed.ALL for when in point.sides}


@pytest.mark.parametrize("group", GROUPS)
async def test_kills_around_calls_of_slack_leave_nothing_behind(tmp_path: Path, group: str) -> None:
    with sqlite(tmp_path) as store:
        await _survived(Combination("SQLite", aimed=True, **_SLOW), store, tmp_path, GROUPS[group])


async def test_kills_of_a_worker_around_streams_leave_nothing_behind(
    tmp_path: Path, make_postgres: Callable[[], str]
) -> None:
    combination = Combination("PostgreSQL", "socket", workers=1, aimed=True, **_SLOW)
    await _survived(combination, Store(make_postgres()), tmp_path, GROUPS["streams"])


async def _survived(
    combination: Combination, store: Store, place: Path, kills: tuple[Kill, ...]
) -> None:
    # The fakes' servers complain about each client that was killed.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    async with nursery() as victims, opened(combination, store.url, place / "bot") as world:
        await first_start(combination, world, victims)
        *others, doomed = world.roles
        for role in others:
            await survivor(role, victims).serving.wait()
        names = (f"c{number}" for number in range(1, len(kills) + 1))
        for kill in kills:
            await _die(world, victims, kill, names)
        survivor(doomed, victims)
        await settled(world)
        async with asyncio.timeout(_ACKED_SECONDS):  # what it said last comes back as events
            while slack_way.given_up(world.slack):  # noqa: ASYNC110 - the outbox tells nobody
                await asyncio.sleep(0.1)
        await asyncio.sleep(_STAYS_IDLE_SECONDS)  # whatever would come twice comes now
        verdict = judged(world, await looked(world))
        assert verdict.clean, verdict
        assert not verdict.uncertain
        assert slack_way.left_behind(world.slack) == []


async def _die(world: World, victims: Victims, kill: Kill, names: Iterator[str]) -> None:
    doomed = world.roles[-1]
    fuse = Fuse(kill.point.name, kill.when, 1)
    victim = victims.start(doomed.arguments, doomed.environ, doomed.log, fuse)
    await victim.serving.wait()
    getting_ready = asyncio.ensure_future(ready(world.url))
    await asyncio.wait((getting_ready, victim.ended), return_when=asyncio.FIRST_COMPLETED)
    if not getting_ready.cancel():  # else what it began with led there
        await kill.act(world, Conversation(next(names)))
    await asyncio.wait((victim.ended,), timeout=_PATIENCE_SECONDS)
    assert victim.ended.done(), f"nobody died at {fuse}"
    assert victim.ended.result().signal == signal.SIGKILL


async def _say(world: World, name: str, one: Conversation, text: str) -> None:
    way = next(way for way in world.ways if way.name == name)
    world.conversations.append((way, one))
    await way.say(one, text)
