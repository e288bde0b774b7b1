"""What mails leave on the disk of a bot that runs, and what is left of it once it is erased."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from supportbot.app import House, running
from supportbot.cli.erase import erase
from supportbot.cli.init import write_starter
from supportbot.cli.logs import configure_logs
from supportbot.settings.load import load
from supportbot.store import quarantine
from supportbot.testing.mail import hand_in
from supportbot.testing.mail_servers import free_port

WORD = "quuxly"
ADA = f"{WORD}@cust.example"
SETTINGS = """
[[email.mailboxes]]
address = "help@bot.example"
product = "hosting"
outbox = "out"
[email.listener]
port = {port}
"""
QUESTION = f"""\
From: "Ada {WORD}" <{ADA}>
To: help@bot.example
Subject: The {WORD} backup
Message-ID: <1.{WORD}@cust.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

How do I restore a backup of {WORD}?
--b
Content-Type: text/plain; name="{WORD}.txt"
Content-Disposition: attachment; filename="{WORD}.txt"

{WORD} {"and more of it " * 500}
--b--
"""
TWO_AUTHORS = f"From: {ADA}\nFrom: eve@evil.example\nSubject: two {WORD}\n\nthe {WORD} again\n"


@asynccontextmanager
async def mailbox(folder: Path) -> AsyncIterator[tuple[House, int]]:
    """A bot that answers mail, and the port of its listener."""
    port = free_port()
    write_starter(folder)
    (folder / "supportbot.toml").write_text(SETTINGS.format(port=port), encoding="utf-8")
    product = folder / "policies" / "products" / "hosting.md"
    words = product.read_text(encoding="utf-8")
    product.write_text(words.replace("default: draft", "default: auto"), encoding="utf-8")
    async with running(load(folder, {})) as house, asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                break
        yield house, port


async def set_aside(house: House) -> int:
    async with house.wiring.db.reading() as work:
        return await quarantine.count(work)


def files_with(folder: Path, word: str) -> set[str]:
    """Name the files of a bot folder that hold a word anywhere, whatever its case."""
    return {
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and word.encode() in file.read_bytes().lower()
    }


async def test_an_erased_customer_stands_in_no_file_while_the_bot_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs()
    folder = tmp_path / "bot"
    async with mailbox(folder) as (house, port):
        for mail in (QUESTION, TWO_AUTHORS):
            assert (await hand_in(port, ADA, ["help@bot.example"], mail.encode())).startswith("250")
        while not [*(folder / "out" / "new").glob("*")] or not await set_aside(house):  # noqa: ASYNC110 - made by the product's own tasks
            await asyncio.sleep(0.05)
        before = files_with(folder, WORD)
        assert any(file.startswith("out/") for file in before)
        assert any(file.startswith("supportbot.db") for file in before)
        logged = "".join(capfd.readouterr())
        assert WORD not in logged.lower()
        await erase(folder, {}, ADA.upper())
        said = capfd.readouterr()
        assert files_with(folder, WORD) == set()
        assert "1  customer" in said.out
        assert "1  mail in outbox folders" in said.out
        assert "Not reached: what was delivered already" in said.out
        assert WORD not in (said.out + said.err).lower()
        bob = QUESTION.replace(WORD, "bobby")
        assert (await hand_in(port, "bobby@cust.example", ["help@bot.example"], bob.encode()))[
            :3
        ] == "250"
        while not [*(folder / "out" / "new").glob("*")]:  # noqa: ASYNC110 - made by the product's own tasks
            await asyncio.sleep(0.05)
        await erase(folder, {}, ADA)
        assert "Nobody is known by this name" in capfd.readouterr().out
    assert files_with(folder, WORD) == set()
