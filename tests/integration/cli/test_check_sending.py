"""What `supportbot check` says of the way out of a mailbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from supportbot.cli.check import look_at
from supportbot.cli.init import write_starter
from supportbot.testing.mail import MailSink, mail_sink

BOX = '[[email.mailboxes]]\naddress = "help@bot.example"\nsmtp = "{url}"\n{more}'
LISTENER = '[tickets]\ndefault_product = "hosting"\n[email.listener]\nport = 0\n'


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    async with mail_sink() as here:
        yield here


async def problems(tmp_path: Path, url: str, more: str = "") -> list[str]:
    folder = tmp_path / "bot"
    if not folder.exists():
        write_starter(folder)
    text = LISTENER + BOX.format(url=url, more=more)
    (folder / "supportbot.toml").write_text(text, encoding="utf-8")
    return (await look_at(folder, {"SUPPORTBOT_PORT": "0"})).problems


async def test_a_way_out_that_works_is_fine_and_nothing_is_sent(
    tmp_path: Path, sink: MailSink
) -> None:
    assert await problems(tmp_path, sink.url) == []
    assert sink.messages == []


async def test_addresses_that_the_server_does_not_take_are_named_with_the_cure(
    tmp_path: Path, sink: MailSink
) -> None:
    """Else customers' answers bounce."""
    refused: list[str] = []

    class Picky(dict[str, str]):
        def __contains__(self, address: object) -> bool:
            refused.append(str(address))
            return "+" in str(address)

        def __getitem__(self, _address: str) -> str:
            return "550 5.1.1 unknown"

    sink.refuse = Picky()
    (problem,) = await problems(tmp_path, sink.url)
    assert problem.startswith(f"mailbox help@bot.example: answers to {refused[0]} would be lost")
    assert "give another reply_address" in problem
    assert await problems(tmp_path, sink.url, 'reply_address = "none"\n') == []


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    (problem,) = await problems(tmp_path, "smtp://127.0.0.1:1")
    assert problem.startswith("mailbox help@bot.example: cannot send: mail server 127.0.0.1")
