"""`supportbot email preview`: what would be answered, while the mailbox and the store stay."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from supportbot.app.preview import Previewed, preview
from supportbot.cli.init import write_starter
from supportbot.cli.mail_preview import show
from supportbot.cli.options import Format
from supportbot.errors import NotFoundError, SettingsError
from supportbot.settings.load import load
from tests.integration.channels.email.fake_imap import FakeImap, serving

BOX = """
[[email.mailboxes]]
address = "help@bot.example"
product = "hosting"
password_env = "PW"
outbox = "out"
quiet_seconds = 600
"""
ENVIRON = {"PW": "secret", "SUPPORTBOT_PORT": "0"}


@pytest.fixture
async def imap() -> AsyncIterator[FakeImap]:
    async with serving(FakeImap()) as here:
        yield here


@pytest.fixture
def folder(tmp_path: Path, imap: FakeImap) -> Path:
    write_starter(tmp_path / "bot")
    text = f'[tickets]\ndefault_product = "hosting"\n{BOX}imap = "{imap.url}"\n'
    (tmp_path / "bot" / "supportbot.toml").write_text(text, encoding="utf-8")
    return tmp_path / "bot"


def mail(number: int, body: str, *more: str) -> bytes:
    head = [f"Message-ID: <{number}@x>", "To: help@bot.example", f"Subject: Mail {number}", *more]
    if not any(line.startswith("From:") for line in more):
        head.append(f"From: ann{number}@cust.example")
    return ("\r\n".join(head) + f"\r\n\r\n{body}\r\n").encode()


async def look(folder: Path, **changes: Any) -> list[Previewed]:
    given = {"address": None, "days": 7, "most": 20, **changes}
    found: list[Previewed] = []
    await preview(load(folder, ENVIRON), **given, tell=found.append)
    return found


def files(folder: Path) -> set[Path]:
    return {one for one in folder.rglob("*") if one.name != ".supportbot-secret"}


async def test_mails_are_answered_and_nothing_leaves_or_changes(
    folder: Path, imap: FakeImap
) -> None:
    imap.arrive(mail(1, "How can I cancel my plan?"))
    imap.arrive(mail(2, "I am away.", "Auto-Submitted: auto-replied"))
    imap.arrive(mail(3, "Please let me talk to a human."))
    imap.arrive(mail(4, "Buy now!", "From: no-reply@shop.example"))
    imap.arrive(b"From: a@x, b@y\r\n\r\nTwo of us.\r\n")
    before = files(folder)
    found = await look(folder)
    told = [(one.outcome, one.reasons[:1]) for one in found]
    assert told == [
        ("answer", ()),
        ("machine mail", ("auto_submitted",)),
        ("a person", ("asked",)),
        ("no answer", ("no_reply_sender",)),
        ("refused", ("the mail has no single valid From address",)),
    ]
    assert "Cancel" in found[0].answer
    assert found[0].sender == "ann1@cust.example"
    assert files(folder) == before, "neither a store nor an outbox"
    assert imap.count("EXAMINE") == 1
    assert imap.count("SELECT") == imap.count("UID STORE") == 0
    assert not any("STORE" in command for command in imap.commands)


async def test_only_the_newest_of_the_last_days_are_read(folder: Path, imap: FakeImap) -> None:
    for number in range(1, 5):
        imap.arrive(mail(number, "How can I cancel my plan?"))
    imap.dates[1] = "01-Jan-2020 00:00:00 +0000"
    assert [one.subject for one in await look(folder)] == ["Mail 2", "Mail 3", "Mail 4"]
    assert [one.subject for one in await look(folder, most=1)] == ["Mail 4"]


async def test_a_mailbox_that_is_not_there_is_named_with_those_that_are(folder: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no mailbox who@x\.example; there are: help@bot"):
        await look(folder, address="who@x.example")


async def test_a_mailbox_that_nobody_can_look_into_says_so(folder: Path) -> None:
    text = (folder / "supportbot.toml").read_text(encoding="utf-8")
    (folder / "supportbot.toml").write_text(text.rpartition("imap =")[0], encoding="utf-8")
    with pytest.raises(SettingsError, match="has no `imap`"):
        await look(folder)


async def test_it_is_printed_as_json_too(
    folder: Path, imap: FakeImap, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    imap.arrive(mail(1, "How can I cancel my plan?"))
    await show(folder, None, 7, 20, Format.JSON)
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["outcome"], one["subject"]) == ("answer", "Mail 1")
    await show(folder, "help@bot.example", 7, 20, Format.TABLE)
    assert "nothing was sent" in capsys.readouterr().out
