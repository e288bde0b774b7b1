"""`supportbot email quarantine` and `supportbot erase`, on a bot folder with one bad mail."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supportbot.cli.init import write_starter
from supportbot.cli.root import app
from supportbot.errors import NotFoundError
from supportbot.model.inbound import Inbound
from supportbot.store import catalog, inbound, quarantine, schema
from supportbot.store.database import Database
from supportbot.store.inbound import Outcome, Settled

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
RAW = b"From: Ada <ada@x.example>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nX-Odd: \x1b[2J\r\n\r\nx"
REASON = "unparsable: the mail has no single valid From address"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starter(tmp_path / "bot")
    asyncio.run(_fill(_url(tmp_path / "bot")))
    return tmp_path / "bot"


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / 'supportbot.db'}"


async def _fill(url: str) -> None:
    db = Database(url)
    await schema.prepare(db)
    async with db.writing() as work:
        channel = await catalog.ensure_channel(work, "email:help@bot.example", "email", AT)
        came = Inbound("email:help@bot.example", ("raw:1",), RAW, {}, AT, deferred=True)
        outcome = Outcome("refused", reason=REASON, parser=2)
        await inbound.add(work, channel.id, came, Settled(outcome, AT))
    await db.aclose()


async def _count(url: str) -> int:
    db = Database(url)
    async with db.reading() as work:
        count = await quarantine.count(work)
    await db.aclose()
    return count


def call(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(folder)])


def test_what_was_set_aside_is_listed_in_every_format(folder: Path) -> None:
    told = json.loads(call(folder, "email", "quarantine", "--format", "json").stdout)
    assert told == [
        {
            "id": 1,
            "received_at": "2026-03-02T09:00:00.000Z",
            "mailbox": "help@bot.example",
            "reason": REASON,
            "from": "Ada <ada@x.example>",
            "subject": "Caf\u00e9",
            "size_bytes": len(RAW),
            "parser": 2,
        }
    ]
    rows = csv.DictReader(io.StringIO(call(folder, "email", "quarantine", "-f", "csv").stdout))
    assert [row["subject"] for row in rows] == ["Caf\u00e9"]
    assert "Ada <ada@x.example>" in call(folder, "email", "quarantine").stdout


def test_a_mail_is_shown_with_its_headers_and_moves_no_cursor(folder: Path) -> None:
    shown = call(folder, "email", "quarantine", "show", "1").stdout
    assert REASON in shown
    assert "X-Odd:" in shown
    assert "\x1b" not in shown
    told = json.loads(call(folder, "email", "quarantine", "show", "1", "-f", "json").stdout)
    assert told["headers"].startswith("From: Ada <ada@x.example>\nSubject:")


@pytest.mark.parametrize("act", ["release", "drop"])
def test_a_mail_that_was_released_or_dropped_is_set_aside_no_more(folder: Path, act: str) -> None:
    assert "Mail 1 is" in call(folder, "email", "quarantine", act, "1").stdout
    assert asyncio.run(_count(_url(folder))) == 0
    again = call(folder, "email", "quarantine", act, "1")
    assert isinstance(again.exception, NotFoundError)


def test_who_is_known_by_quarantine_only_is_erased(folder: Path) -> None:
    said = call(folder, "erase", "--customer", "ada@x.example").stdout
    assert "1  mail or event without a ticket" in said
    assert asyncio.run(_count(_url(folder))) == 0
    assert "Nobody is known" in call(folder, "erase", "--customer", "ada@x.example").stdout
