"""A bot that answers mail: what comes back to its addresses lands where it belongs."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import text

from supportbot.app import House, running
from supportbot.cli.init import write_starter
from supportbot.settings.load import load
from supportbot.testing.mail import hand_in
from supportbot.testing.mail_servers import free_port

_SETTINGS = """
[[email.mailboxes]]
address = "help@bot.example"
product = "hosting"
outbox = "out"
reply_address = "*@reply.bot.example"
[email.listener]
port = {port}
"""


async def _listening(port: int) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


async def _answers(folder: Path, count: int) -> list[EmailMessage]:
    """Wait until so many answers lie in the outbox; the newest stands last."""
    async with asyncio.timeout(30):
        while len(files := [*(folder / "out" / "new").glob("*")]) < count:  # noqa: ASYNC110 - written by a thread
            await asyncio.sleep(0.05)
    found = []
    for file in sorted(files, key=lambda one: one.stat().st_mtime_ns):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


async def _write(port: int, who: str, to: str, number: int) -> None:
    raw = (
        f"From: {who}@cust.example\r\nTo: {to}\r\nSubject: Matter {number}\r\n"
        f"Message-ID: <{number}@cust.example>\r\n\r\nHow do I restore a backup?\r\n"
    )
    answer = await hand_in(port, f"{who}@cust.example", [to], raw.encode())
    assert answer.startswith("250")


async def _tickets(house: House) -> list[tuple[int, int | None, int]]:
    """Return of each ticket its number, whom it is linked to, and how much was asked in it."""
    async with house.wiring.db.reading() as work:
        rows = await work.connection.execute(
            text(
                "SELECT t.id, t.linked_ticket_id, count(*) FROM ticket t JOIN message m"
                " ON m.ticket_id = t.id AND m.role = 'user' GROUP BY t.id, t.linked_ticket_id"
                " ORDER BY t.id"
            )
        )
        return [(one, linked, asked) for one, linked, asked in rows]


async def test_answer_to_a_signed_address_goes_on_and_a_strangers_opens_a_linked_ticket(
    tmp_path: Path,
) -> None:
    """No id and no subject helps; itop#95: an address that leaked lets nobody into a ticket."""
    folder, port = tmp_path / "bot", free_port()
    write_starter(folder)
    (folder / "supportbot.toml").write_text(_SETTINGS.format(port=port), encoding="utf-8")
    product = folder / "policies" / "products" / "hosting.md"
    words = product.read_text(encoding="utf-8")
    product.write_text(words.replace("default: draft", "default: auto"), encoding="utf-8")
    async with running(load(folder, {})) as house:
        await _listening(port)
        await _write(port, "ann", "help@bot.example", 1)
        (first,) = await _answers(folder, 1)
        address = first["Reply-To"].addresses[0].addr_spec
        await _write(port, "ann", address, 2)
        *_, second = await _answers(folder, 2)
        assert second["Reply-To"] == first["Reply-To"]
        assert second["To"] == "ann@cust.example"
        await _write(port, "bob", address, 3)
        *_, third = await _answers(folder, 3)
        assert third["Reply-To"] != first["Reply-To"]
        assert third["To"] == "bob@cust.example"
        assert await _tickets(house) == [(1, None, 2), (2, 1, 1)]
