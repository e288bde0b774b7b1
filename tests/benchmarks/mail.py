"""Reading mail: the targets on the development mails, its speed, and what hostile mail costs."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Callable, Sequence
from email import message_from_bytes
from pathlib import Path
from typing import TypeVar

from supportbot.channels.email.meaning.disposition import Evidence, judge
from supportbot.channels.email.meaning.newest import newest_words
from supportbot.channels.email.meaning.said import said_now
from supportbot.channels.email.reading.html_text import html_to_text
from supportbot.channels.email.reading.parse import parse_mail
from tests.benchmarks.figures import Row
from tests.benchmarks.plan import Found, Plan
from tests.mail import hostile, own_mails
from tests.mail.development import FOLDER, Measured, all_mails, measures

T = TypeVar("T")

_MS = 1000.0
_MOST_SECONDS = 2.0
_MOST_MEMORY_MB = 200.0


async def mail(plan: Plan, folder: Path) -> Found:
    """Measure; the targets are left out where the development mails are absent."""
    del folder
    return await asyncio.to_thread(_measured, plan)


def _measured(plan: Plan) -> Found:
    present = FOLDER.is_dir()
    mails = all_mails() if present else list(own_mails.ALL)
    missed = measures() if present else []
    rows = [*map(_missed, missed), *_speed(mails, plan.rounds), *_hostile(mails)]
    notes = [f"{one.name}: {', '.join(one.missed)}" for one in missed if one.missed]
    if not present:
        notes = [f"no development mails at {FOLDER}: own mails instead"]
    return Found(rows, notes=notes)


def _missed(one: Measured) -> Row:
    """Show a target by what is missed of it: no more than a share may be."""
    # The table compares by `<`; what is just reached is reached.
    target = max(one.most_missed_percent + 1e-9, 0.01)
    return Row(f"{one.name}: missed", "%", one.missed_percent, target=target, samples=one.total)


def _speed(mails: Sequence[bytes], rounds: int) -> list[Row]:
    ours = min(_seconds(_read, mails) for _ in range(rounds + 1))
    bare = min(_seconds(message_from_bytes, mails) for _ in range(rounds + 1))
    count = len(mails)
    return [
        Row("mails read, judged and cut", "ms each", _MS * ours / count, _MS * bare / count),
        Row("mails a second", "1/s", count / ours, count / bare, samples=count),
    ]


def _hostile(mails: Sequence[bytes]) -> list[Row]:
    works = [(name, _read, raw) for name, raw in hostile.MAILS.items()]
    times = {name: _seconds(work, [raw]) for name, work, raw in works}
    times |= {name: _seconds(newest_words, [text]) for name, text in hostile.TEXTS.items()}
    times |= {name: _seconds(html_to_text, [text]) for name, text in hostile.MARKUP.items()}
    worst = max(times, key=lambda name: times[name])
    slowest = max(_seconds(_read, [raw]) for raw in mails)
    most = max(_megabytes(raw) for raw in [*mails, *hostile.MAILS.values()])
    return [
        Row("slowest real mail", "s", slowest, target=_MOST_SECONDS, samples=len(mails)),
        Row(f"slowest hostile input, {worst}", "s", times[worst], target=_MOST_SECONDS),
        Row("most memory for a mail", "MB", most, target=_MOST_MEMORY_MB),
    ]


def _read(raw: bytes) -> None:
    found = parse_mail(raw)
    judge(Evidence(found))
    said_now(found)


def _seconds(work: Callable[[T], object], items: Sequence[T]) -> float:
    started = time.thread_time()
    for item in items:
        work(item)
    return time.thread_time() - started


def _megabytes(raw: bytes) -> float:
    tracemalloc.start()
    try:
        _read(raw)
        return tracemalloc.get_traced_memory()[1] / 1_000_000
    finally:
        tracemalloc.stop()
