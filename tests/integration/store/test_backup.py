"""A backup is a database: whole while writes go on, opened in place of the lost one."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supportbot.cli.root import app
from supportbot.errors import StoreError, StoreUnavailable
from supportbot.model.inbound import Sender
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import SYSTEM, Ticket
from supportbot.store import catalog, customers, schema, threads, tickets
from supportbot.store.backup import backup_sqlite, pg_dump_line
from supportbot.store.database import Database
from supportbot.store.tickets import NewTicket, TicketFilter

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def write_ticket(db: Database, number: int) -> None:
    """Write a ticket with one message, in one transaction."""
    async with db.writing() as work:
        product = await catalog.ensure_product(work, "hosting", "Hosting")
        channel = await catalog.ensure_channel(work, "web:main", "web", NOW)
        customer = await customers.ensure_customer(work, "web", Sender("ada"), NOW)
        ticket = await tickets.open_ticket(
            work,
            NewTicket(
                public_id=f"T{number:05d}",
                product_id=product.id,
                channel_id=channel.id,
                customer_id=customer,
                thread_key=f"t{number}",
                subject=None,
                target={},
                opened_at=NOW,
            ),
        )
        said = NewMessage(role=Role.USER, author=SYSTEM, text=f"question {number}")
        await threads.append_message(work, ticket.id, said, NOW)


async def listed(db: Database) -> list[Ticket]:
    async with db.reading() as work:
        return await tickets.listed(work, TicketFilter())


async def test_a_backup_holds_the_same_tickets(sqlite_db: Database, tmp_path: Path) -> None:
    for number in range(3):
        await write_ticket(sqlite_db, number)
    target = tmp_path / "copy.db"
    size_bytes = backup_sqlite(sqlite_db, target)
    assert size_bytes == target.stat().st_size
    restored = Database(f"sqlite:///{target}")
    try:
        await schema.prepare(restored)
        assert await listed(restored) == await listed(sqlite_db)
        await write_ticket(restored, 3)
        assert len(await listed(restored)) == 4
    finally:
        await restored.aclose()


async def test_a_backup_while_writes_go_on_is_whole(sqlite_db: Database, tmp_path: Path) -> None:
    written = 0

    async def write_on() -> None:
        nonlocal written
        while True:
            await write_ticket(sqlite_db, written)
            written += 1

    await write_ticket(sqlite_db, 1_000_000)
    writing = asyncio.create_task(write_on())
    sizes = []
    for number in range(3):
        await asyncio.sleep(0.05)
        target = tmp_path / f"copy{number}.db"
        await asyncio.to_thread(backup_sqlite, sqlite_db, target)
        assert not writing.done()
        sizes.append(whole_tickets(target))
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert sizes == sorted(sizes)
    assert 0 < sizes[0] < sizes[-1] <= written + 2


def whole_tickets(path: Path) -> int:
    """Count the tickets of a copy, each of which must have its message: no half transaction."""
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
        found = copy.execute(
            "SELECT count(*), count(message.id) FROM ticket"
            " LEFT JOIN message ON message.ticket_id = ticket.id"
        ).fetchone()
    assert found[0] == found[1]
    return int(found[0])


async def test_a_backup_is_one_file(sqlite_db: Database, tmp_path: Path) -> None:
    await write_ticket(sqlite_db, 1)
    (tmp_path / "copies").mkdir()
    backup_sqlite(sqlite_db, tmp_path / "copies" / "copy.db")
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["copy.db"]


async def test_a_backup_is_never_written_over_a_file(sqlite_db: Database, tmp_path: Path) -> None:
    target = tmp_path / "precious.db"
    target.write_text("precious")
    with pytest.raises(StoreError, match="exists"):
        backup_sqlite(sqlite_db, target)
    assert target.read_text() == "precious"


async def test_a_target_that_cannot_be_written_is_named(
    sqlite_db: Database, tmp_path: Path
) -> None:
    with pytest.raises(StoreUnavailable, match=r"nowhere.copy\.db"):
        backup_sqlite(sqlite_db, tmp_path / "nowhere" / "copy.db")


async def test_the_line_for_postgresql_has_no_password(tmp_path: Path) -> None:
    db = Database("postgresql://bot:s3cret@db.example.org:5433/support?sslmode=require")
    try:
        line = pg_dump_line(db, tmp_path / "a copy.dump")
    finally:
        await db.aclose()
    assert "s3cret" not in line
    assert line.startswith("pg_dump --format=custom")
    assert "'--file=" in line
    assert "a copy.dump'" in line
    assert "postgresql://bot@db.example.org:5433/support?sslmode=require" in line


def test_the_command_writes_the_copy_and_prints_its_size(tmp_path: Path) -> None:
    async def fill() -> None:
        db = Database(f"sqlite:///{tmp_path / 'bot.db'}")
        try:
            await schema.prepare(db)
            await write_ticket(db, 1)
        finally:
            await db.aclose()

    asyncio.run(fill())
    (tmp_path / "supportbot.toml").write_text('[database]\nurl = "sqlite:///bot.db"\n')
    arguments = ["db", "backup", str(tmp_path / "copy.db"), "--config", str(tmp_path)]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert "copy.db" in done.stdout.replace("\n", "")
    assert whole_tickets(tmp_path / "copy.db") == 1
