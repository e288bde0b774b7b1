"""The product as a process of its own: bombs come in by SMTP, and people are answered all along."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from supportbot.cli.init import write_starter
from supportbot.testing.mail import hand_in
from supportbot.testing.mail_servers import free_port
from tests.integration.app.bombs import bombs, too_large
from tests.integration.app.test_kept_mail import SETTINGS

#: The whole process, of which Python with all vendors is 160 and a mail of 24 MB the most.
MOST_MEGABYTES = 700


@asynccontextmanager
async def bot(folder: Path) -> AsyncIterator[tuple[int, int]]:
    """`supportbot run`: its process and the port of its listener."""
    port = free_port()
    write_starter(folder)
    (folder / "supportbot.toml").write_text(SETTINGS.format(port=port), encoding="utf-8")
    product = folder / "policies" / "products" / "hosting.md"
    words = product.read_text(encoding="utf-8")
    product.write_text(words.replace("default: draft", "default: auto"), encoding="utf-8")
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "supportbot", "run", "--config", str(folder)),
        env={**os.environ, "SUPPORTBOT_PORT": str(free_port())},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(100):
            while not await _listens(port):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.05)
            yield running.pid, port
    finally:
        running.terminate()
        await running.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def peak_megabytes(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    assert found
    return int(found[1]) // 1024


def outcomes(folder: Path) -> list[tuple[str | None, str | None]]:
    with sqlite3.connect(folder / "supportbot.db") as db:
        return db.execute("SELECT outcome, reason FROM inbound ORDER BY id").fetchall()


async def _ask(port: int, number: int) -> None:
    head = f"From: p{number}@cust.example\nTo: help@bot.example\nSubject: Matter {number}\n"
    raw = f"{head}Message-ID: <{number}@cust.example>\n\nHow do I restore a backup?\n".encode()
    answer = await hand_in(port, f"p{number}@cust.example", ["help@bot.example"], raw)
    assert answer.startswith("250")


async def test_bombs_end_somewhere_and_people_are_answered_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    sent = bombs()
    async with bot(folder) as (pid, port):
        for number, (name, raw) in enumerate(sent.items()):
            answer = await hand_in(port, "eve@evil.example", ["help@bot.example"], raw)
            assert answer.startswith(("250", "500")), (name, answer)
            await _ask(port, number)
        assert (await hand_in(port, "e@x.example", ["help@bot.example"], too_large()))[:3] == "552"
        while any(outcome is None for outcome, _ in outcomes(folder)):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.1)
        while _answered(folder / "out" / "new") < len(sent):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.1)
        peak = peak_megabytes(pid)
    found = outcomes(folder)
    assert peak < MOST_MEGABYTES
    assert {outcome for outcome, _ in found} <= {"message", "refused"}
    assert all(reason for outcome, reason in found if outcome == "refused")


def _answered(folder: Path) -> int:
    if not folder.exists():
        return 0
    mails = [file.read_bytes() for file in folder.glob("*")]
    return sum(b"@cust.example" in mail.partition(b"\r\n\r\n")[0] for mail in mails)
