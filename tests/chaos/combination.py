"""One run: a store with its dispatcher, all channels, customers, and kills or an outage."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from supportbot.testing.fake_model import FakeModel
from supportbot.testing.fake_slack import FakeSlack
from supportbot.testing.mail import mail_sink
from tests.chaos import aimed, conversation, ledger, model, points, slack_way
from tests.chaos.conversation import Conversation, Way
from tests.chaos.folder import environ, free_port, write_folder
from tests.chaos.mail_way import MaildirBox, MailWay, SinkBox
from tests.chaos.slack_way import (
    REDELIVERY_SECONDS,
    CommandWay,
    DirectWay,
    MentionWay,
    SlackWay,
)
from tests.chaos.slaughter import Kills, Role, haunt, survivor
from tests.chaos.stores import Store
from tests.chaos.verdict import Verdict, judge
from tests.chaos.victims import Victim, Victims
from tests.chaos.web_way import WebWay

_CUSTOMERS = {"slack": 8, "mail": 4, "mail by smtp": 2, "web": 4}
#: Where kills are aimed at Slack's calls, all customers come by Slack.
_IN_SLACK = {"slack": 4, "slack direct": 3, "slack command": 2}
_READY_SECONDS = 30.0
#: Four processes share the machine: each has a longer life, to get something done in it.
_LONGER = 2.5
#: How often an aimed life comes to its point: what hears is needed by all the others.
_SOON, _LATE = 0.7, 12.0
#: A model that takes so long over each of its eight chunks is seen speaking.
_SLOW = 0.1
_SETTLE_SECONDS = 60.0
#: Nothing is owed for so long, and still something is not covered: it never will be.
_HOPELESS_SECONDS = 8.0
_STAYS_IDLE_SECONDS = 1.5
#: Of talking before and after an outage.
_LOAD_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Combination:
    """What is put together."""

    name: str
    slack_mode: str = "http"
    #: Worker processes beside the one that listens; 0: one process does everything.
    workers: int = 0
    model_seconds: float = 0.1
    seconds_per_chunk: float = 0.01
    #: PostgreSQL is stopped for so long under load; then nothing is killed.
    away_seconds: float = 0.0
    #: Processes die around calls of Slack's Web API; customers do all that leads there.
    aimed: bool = False

    @property
    def customers(self) -> Mapping[str, int]:
        """How many customers come which way at a time."""
        return _IN_SLACK if self.aimed else _CUSTOMERS


@dataclass(slots=True)
class Result:
    """What a run showed."""

    combination: str
    seed: int
    kills: Kills
    verdict: Verdict
    seconds: float
    settled_seconds: float
    ledger: ledger.Ledger
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class World:
    """Everything around the product."""

    slack: FakeSlack
    model: FakeModel
    url: str
    database_url: str
    folder: Path
    roles: Sequence[Role]
    ways: Sequence[Way]
    conversations: list[tuple[Way, Conversation]] = field(default_factory=list)


async def run(
    combination: Combination,
    store: Store,
    seed: int,
    kills: Kills,
    place: Path,
    victims: Victims,
) -> Result:
    """Kill so many times, let everything come to rest, and count."""
    begun = time.monotonic()
    async with opened(combination, store.url, place) as world:
        await first_start(combination, world, victims)
        async with asyncio.TaskGroup() as talking:
            _open_doors(combination, world, talking, kills, seed)
            if combination.away_seconds:
                running = await _through_an_outage(world, victims, store.server, combination)
                kills.enough.set()
            else:
                await _under_fire(world, victims, kills, seed)
                running = [survivor(role, victims) for role in world.roles]
            resting = time.monotonic()
        await settled(world)
        rested = time.monotonic()
        await asyncio.sleep(_STAYS_IDLE_SECONDS)  # whatever would come twice comes now
        found = await looked(world)
        notes = _notes(world)
        slack_way.write_down(world.slack, place.with_name("slack.json"))
        for victim in running:
            if victim.ended.done():
                notes.append(f"a process ended by itself: {victim.ended.result()}")
            victims.kill(victim)
        return Result(
            combination=combination.name,
            seed=seed,
            kills=kills,
            verdict=judged(world, found),
            seconds=rested - begun,
            settled_seconds=rested - resting,
            ledger=found,
            notes=notes,
        )


@asynccontextmanager
async def opened(combination: Combination, database_url: str, place: Path) -> AsyncIterator[World]:
    """Run the fakes and write the bot folder into `place`; nothing of the product runs yet."""
    port, listener_port = free_port(), free_port()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(
            # Each life counts its own calls: together they are more than Slack would allow.
            FakeSlack(retry_delays_seconds=REDELIVERY_SECONDS, strict=False, limits={})
        )
        speaking = await stack.enter_async_context(
            FakeModel(
                model.answer,
                first_token_seconds=combination.model_seconds,
                seconds_per_chunk=combination.seconds_per_chunk,
            )
        )
        operators = slack.add_channel("operators")
        sink = await stack.enter_async_context(mail_sink())
        folder = write_folder(
            place,
            database_url=database_url,
            slack_mode=combination.slack_mode,
            operators_channel=operators.id,
            listener_port=listener_port,
            smtp_url=sink.url,
        )
        web = WebWay(f"http://127.0.0.1:{port}")
        stack.push_async_callback(web.aclose)
        yield World(
            slack=slack,
            model=speaking,
            url=f"http://127.0.0.1:{port}",
            database_url=database_url,
            folder=folder,
            roles=_roles(combination, folder, environ(slack, speaking.url, port)),
            ways=(
                MentionWay(slack),
                DirectWay(slack),
                CommandWay(slack),
                MailWay("mail", "help@desk.test", listener_port, MaildirBox(folder / "outbox")),
                MailWay("mail by smtp", "sales@desk.test", listener_port, SinkBox(sink)),
                web,
            ),
        )


def _roles(combination: Combination, folder: Path, told: dict[str, str]) -> list[Role]:
    start, log = ["run", "--config", str(folder)], folder / "run.log"
    if not combination.workers and combination.aimed:
        return [Role("supportbot", start, told, aimed.ALL, log, passings=_SOON)]
    if not combination.workers:
        # What grows takes a life that is long enough for it.
        longer = _LONGER if combination.seconds_per_chunk >= _SLOW else 1.0
        return [Role("supportbot", start, told, points.ALL, log, longer)]
    hears = [*start, "--only", "web,slack,email"]
    works, at_any_port = [*start, "--only", "worker"], told | {"SUPPORTBOT_PORT": "0"}
    numbers = range(1, combination.workers + 1)
    if combination.aimed:
        return [
            Role("listens", hears, told, aimed.HEARING, log, _LONGER, passings=_LATE),
            *(
                Role(f"worker {n}", works, at_any_port, aimed.ANSWERING, log, passings=_SOON)
                for n in numbers
            ),
        ]
    places = (points.COMMITTED, *points.ANSWERING, *points.LIVE, *points.TOOLS)
    return [
        Role("listens", hears, told, points.HEARING, log, _LONGER),
        *(Role(f"worker {n}", works, at_any_port, places, log, _LONGER) for n in numbers),
    ]


async def first_start(combination: Combination, world: World, victims: Victims) -> None:
    """Make the database, and let Slack check the request URL as it does when it is typed in."""
    first = survivor(world.roles[0], victims)
    await ready(world.url)
    if combination.slack_mode == "http":
        await world.slack.use_http(f"{world.url}/slack/events")
    victims.kill(first)
    await first.ended


async def ready(url: str) -> None:
    """Wait until what listens there says that it is ready."""
    async with asyncio.timeout(_READY_SECONDS), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.02)


def _open_doors(
    combination: Combination, world: World, talking: asyncio.TaskGroup, kills: Kills, seed: int
) -> None:
    """Let customers come until there were enough kills; what they then say is still heard."""
    numbers = itertools.count(1)
    customer = _slack_customer if combination.aimed else _customer
    for way in world.ways:
        for nth in range(combination.customers.get(way.name, 0)):
            chance = random.Random(f"{seed} {way.name} {nth}")
            talking.create_task(customer(world, way, chance, numbers, kills.enough))
    if combination.aimed:
        chance = random.Random(f"{seed} patience")
        talking.create_task(
            slack_way.lose_patience(world.slack, world.conversations, chance, kills.enough)
        )


async def _under_fire(world: World, victims: Victims, kills: Kills, seed: int) -> None:
    async with asyncio.TaskGroup() as haunting:
        for role in world.roles:
            haunting.create_task(haunt(role, victims, kills, random.Random(f"{seed} {role.name}")))


async def _through_an_outage(
    world: World, victims: Victims, server: Any, combination: Combination
) -> list[Victim]:
    """Stop the database while customers talk, and start it again; return the processes."""
    running = [survivor(role, victims) for role in world.roles]
    for victim in running:
        await victim.serving.wait()
    await asyncio.sleep(_LOAD_SECONDS)
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(combination.away_seconds)
    await asyncio.to_thread(server.start)
    await asyncio.sleep(_LOAD_SECONDS)
    return running


async def _customer(
    world: World, way: Way, chance: random.Random, numbers: Iterator[int], ended: asyncio.Event
) -> None:
    """Open one conversation after the other."""
    while not ended.is_set():
        one = Conversation(f"c{next(numbers)}")
        world.conversations.append((way, one))
        await conversation.talk(way, one, chance, ended)


async def _slack_customer(
    world: World, way: SlackWay, chance: random.Random, numbers: Iterator[int], ended: asyncio.Event
) -> None:
    """Open one conversation after the other, and do in each what people do besides."""
    while not ended.is_set():
        one = Conversation(f"c{next(numbers)}")
        world.conversations.append((way, one))
        slack_way.come(world.slack, one)
        await conversation.talk(way, one, chance, ended)
        await slack_way.leave(world.slack, way, one, chance)


async def settled(world: World) -> None:
    """Wait until nothing is owed and everything asked is covered, or for as long as is decent."""
    now = time.monotonic()
    deadline, owed_at = now + _SETTLE_SECONDS, now
    while now < deadline and now - owed_at < _HOPELESS_SECONDS:
        found = await looked(world)
        if found.idle and not judged(world, found).lost:
            return
        now = time.monotonic()
        owed_at = owed_at if found.idle else now
        await asyncio.sleep(0.25)


def judged(world: World, found: ledger.Ledger) -> Verdict:
    """Count over all conversations and all that tools did."""
    log = world.folder / "effects.log"
    effects = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return judge([one for _, one in world.conversations], found, effects)


async def looked(world: World) -> ledger.Ledger:
    found = await asyncio.to_thread(ledger.read, world.database_url)
    for way, one in world.conversations:
        await way.look(one)
    return found


def _notes(world: World) -> list[str]:
    given_up = slack_way.given_up(world.slack)
    notes = [f"{given_up} Slack events were given up"] if given_up else []
    return notes + slack_way.left_behind(world.slack)
