"""How much waits, and for how long: what an installation is watched by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Things of one kind that wait."""

    count: int
    #: How long the oldest of them has waited; 0 where there is none.
    oldest_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Queue:
    """The job queue; with SQLite there is none."""

    #: Jobs that could begin now.
    runnable: Waiting = Waiting(0)
    dead_letters: int = 0
    workers: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """Everything at one moment."""

    #: Tickets that owe the bot's answer.
    owed: Waiting
    #: What arrived and was not understood yet.
    inbound: Waiting
    #: Replies and notices that have not left, by state.
    unsent: Mapping[str, int]
    #: Of the last day: `uncertain` and `failed` ones.
    ended_badly: Mapping[str, int]
    #: Of the last hour, by kind of error; `none` stands for those that ended well.
    completions: Mapping[str, int]
    queue: Queue
    #: Mails that could not be understood and are kept.
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that failed so often that it is not tried any more."""

    job: int
    ticket: str
    attempts: int
    at: datetime
