"""A mailbox on Dovecot: from delivery to commit, and memory while many mails wait to be read."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from supportbot.cli.init import write_starter
from supportbot.testing.mail_servers import Dovecot, dovecot, missing_for_mail_servers
from tests.benchmarks.figures import Row, median
from tests.benchmarks.plan import Found, Plan
from tests.benchmarks.processes import Program, Running, clean_environ, free_port, started

_ROOT = Path(__file__).parents[2]
_MS = 1000.0
_DELIVERIES = 20
#: Mails that wait, and of them those after whose reading the memory is looked at.
_BACKLOG, _READ = 10_000, 1_500
_SETTINGS = """\
[tickets]
default_product = "hosting"
[[email.mailboxes]]
address = "bench@bot.example"
imap = "imap://bench@127.0.0.1:{port}"
password_env = "BENCH_PASSWORD"
outbox = "outbox"
"""


async def mailbox(_plan: Plan, folder: Path) -> Found:
    """Deliver to both in turns while they wait; then let both read what has piled up."""
    missing = missing_for_mail_servers("dovecot")
    if missing is not None:
        return Found((), notes=[f"mailbox: not measured, {missing}"])
    async with dovecot() as server:
        return await _measured(server, folder)


async def _measured(server: Dovecot, folder: Path) -> Found:
    bot, lines = _bot_folder(folder / "bot", server.imap), folder / "bare.txt"
    database = bot / "supportbot.db"
    async with _supportbot(bot) as ours, _bare(server, lines) as bare:
        quiet = ours.memory_mib(), bare.memory_mib()
        delays = await _delays(server, lambda: _stored(database), lambda: _written(lines))
    await asyncio.to_thread(_pile_up, server)
    async with _supportbot(bot) as ours:
        begun = time.monotonic()
        await _until(lambda: _stored(database) >= _DELIVERIES + _READ, seconds=300)
        ours_each, ours_peak = _each(begun), ours.peak_mib()
    async with _bare(server, lines) as bare:
        begun = time.monotonic()
        await _until(lambda: _written(lines) >= 2 * _DELIVERIES + _READ, seconds=120)
        bare_each, bare_peak = _each(begun), bare.peak_mib()
    return Found(
        (
            Row("delivery to commit, median", "ms", *map(median, delays), samples=_DELIVERIES),
            Row("memory while waiting", "MiB", *quiet),
            Row(f"memory, {_BACKLOG:,} mails to read", "MiB", ours_peak, bare_peak),
            Row("read and understood of them, each", "ms", ours_each, bare_each, samples=_READ),
        )
    )


def _each(begun: float) -> float:
    return (time.monotonic() - begun) * _MS / _READ


async def _delays(
    server: Dovecot, stored: Callable[[], int], written: Callable[[], int]
) -> tuple[list[float], list[float]]:
    """Return milliseconds from the delivery's answer to the commit, of both."""
    ours: list[float] = []
    bare: list[float] = []
    for number in range(_DELIVERIES):
        for user, count, into in (("bench", stored, ours), ("bare", written, bare)):
            before = count()
            await server.deliver(f"{user}@bot.example", _mail(number))
            handed_over = time.monotonic()
            await _until(lambda count=count, before=before: count() > before, seconds=70)
            into.append((time.monotonic() - handed_over) * _MS)
            # The server tells in a rhythm of its own; deliveries come at any moment of it.
            await asyncio.sleep(random.uniform(0.1, 0.6))
    return ours, bare


def _bot_folder(folder: Path, port: int) -> Path:
    write_starter(folder)
    policy = folder / "policies" / "products" / "hosting.md"
    text = policy.read_text(encoding="utf-8")
    if "default: draft" not in text:
        raise ValueError(f"{policy.name} of the starter no longer says 'default: draft'")
    policy.write_text(text.replace("default: draft", "default: off"), encoding="utf-8")
    (folder / "supportbot.toml").write_text(_SETTINGS.format(port=port), encoding="utf-8")
    return folder


@asynccontextmanager
async def _supportbot(folder: Path) -> AsyncIterator[Running]:
    port = free_port()
    program = Program(
        command=("-m", "supportbot", "run", "--config", str(folder)),
        environ={
            "PYTHONPATH": str(_ROOT),
            "SUPPORTBOT_PORT": str(port),
            "BENCH_PASSWORD": "secret",
        },
        ready_url=f"http://127.0.0.1:{port}/readyz",
        ready_status=200,
        log=folder / "run.log",
    )
    async with started(program) as running:
        yield running


@asynccontextmanager
async def _bare(server: Dovecot, lines: Path) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.bare_mailbox"),
        *(str(server.imap), "bare", str(lines)),
        env={**clean_environ(), "PYTHONPATH": str(_ROOT)},
    )
    try:
        await _until(lambda: _written(lines, b"ready") > 0, seconds=30)
        yield Running(process.pid, 0.0)
    finally:
        process.kill()
        await process.wait()


def _stored(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM inbound").fetchone()[0])


def _written(lines: Path, word: bytes = b" ") -> int:
    return lines.read_bytes().count(word) if lines.exists() else 0


async def _until(holds: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - other processes do it
            await asyncio.sleep(0.003)


def _pile_up(server: Dovecot) -> None:
    """Lay mails into both mailboxes as deliveries would."""
    for user in ("bench", "bare"):
        maildir = server.folder / "home" / user / "Maildir"
        for number in range(_BACKLOG):
            name = f"{1_900_000_000 + number}.M{number}P1.bench"
            path = maildir / "tmp" / name
            path.write_bytes(_mail(1_000 + number))
            shutil.chown(path, "nobody", "nogroup")
            path.rename(maildir / "new" / name)


def _mail(number: int) -> bytes:
    words = "The server does not answer since this morning, and I do not know why. " * 50
    return (
        f"From: Customer {number} <c{number}@cust.example>\r\nTo: bench@bot.example\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <{number}@cust.example>\r\n\r\n{words}\r\n"
    ).encode()
