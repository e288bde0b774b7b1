"""Lets processes of the product live and die: each life has a fuse, chosen by the seed."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.fuse import Fuse, Point, When
from tests.chaos.victims import Ended, Victim, Victims

RANDOM_MOMENT = "random moment"
#: Of a life with a fuse that did not burn down in time.
NEVER_CAME = "elsewhere: it never came to its point"
_WITHOUT_FUSE = 0.12
_MEAN_PASSINGS = 2.0
#: From when it serves; a life without a fuse may end before that.
_LIFE_SECONDS = (0.3, 1.3)
#: An aimed life may have to finish first what an earlier one began, whose claim lasts 8 s.
_AIMED_SECONDS = 10.0
_LOG_TAIL_CHARS = 3000


@dataclass(frozen=True, slots=True)
class Role:
    """A process that is always restarted."""

    name: str
    arguments: Sequence[str]
    environ: Mapping[str, str]
    #: Where it may die.
    points: tuple[Point, ...]
    log: Path
    #: How much longer it lives than others: where several share the machine, all are slower.
    longer: float = 1.0
    #: An aimed one lives until it has come to its point about so often.
    passings: float | None = None


@dataclass(slots=True)
class Kills:
    """How often processes were killed, and where."""

    wanted: int
    done: Counter[str] = field(default_factory=Counter)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def total(self) -> int:
        """All of them."""
        return self.done.total()

    def expect(self, points: Sequence[Point]) -> None:
        """Let the count show places at which nobody died."""
        self.done.update(
            {place_of(point.name, when): 0 for point in points for when in point.sides}
        )

    def count(self, place: str) -> None:
        """Count one."""
        self.done[place] += 1
        if self.total >= self.wanted:
            self.enough.set()


async def haunt(role: Role, victims: Victims, kills: Kills, chance: random.Random) -> None:
    """Start, kill and start again until there were enough kills.

    Raises:
        RuntimeError: a victim ended by itself.
    """
    if role.passings is not None:
        kills.expect(role.points)
    while not kills.enough.is_set():
        if role.passings is None:
            await _live(role, victims, kills, *_chosen(role, chance))
            continue
        for fuse in _aimed(role, role.passings, chance):
            await _live(role, victims, kills, fuse, role.longer * _AIMED_SECONDS)


async def _live(
    role: Role, victims: Victims, kills: Kills, fuse: Fuse | None, seconds: float
) -> None:
    """Live once."""
    victim = victims.start(role.arguments, role.environ, role.log, fuse)
    if fuse is not None:
        await victim.serving.wait()
    by_itself = await _gone(victim, seconds, kills.enough)
    victims.kill(victim)
    _check(await victim.ended, role)
    if by_itself and fuse is not None:
        kills.count(place_of(fuse.point, fuse.when))
    elif not kills.enough.is_set():
        kills.count(RANDOM_MOMENT if role.passings is None else NEVER_CAME)


def place_of(point: str, when: When) -> str:
    """Name a side of a point."""
    return f"{point}, {when}"


def survivor(role: Role, victims: Victims) -> Victim:
    """Start one without a fuse."""
    return victims.start(role.arguments, role.environ, role.log, None)


def _aimed(role: Role, passings: float, chance: random.Random) -> Iterator[Fuse]:
    point = chance.choice(role.points)
    when, nth = chance.choice(point.sides), 1 + int(chance.expovariate(1 / passings))
    if point.led_by is not None:
        yield point.led_by
        nth = 1
    yield Fuse(point.name, when, nth)


def _chosen(role: Role, chance: random.Random) -> tuple[Fuse | None, float]:
    """Draw the same numbers for every life, so that a seed means the same for all of them."""
    point = chance.choice(role.points)
    when = chance.choice(point.sides)
    nth = 1 + int(chance.expovariate(1 / _MEAN_PASSINGS))
    fuse = None if chance.random() < _WITHOUT_FUSE else Fuse(point.name, when, nth)
    return fuse, role.longer * chance.uniform(*_LIFE_SECONDS)


async def _gone(victim: Victim, seconds: float, enough: asyncio.Event) -> bool:
    """Wait for its end, but not longer than so, nor longer than there is a need for kills."""
    ending = asyncio.create_task(enough.wait())
    await asyncio.wait((victim.ended, ending), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    return victim.ended.done()


def _check(ended: Ended, role: Role) -> None:
    if ended.signal == signal.SIGKILL:
        return
    tail = role.log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL_CHARS:]
    raise RuntimeError(f"{role.name} ended by itself ({ended}):\n{tail}")
