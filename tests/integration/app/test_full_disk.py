"""A disk without room: mail stays with whoever has it, and comes once there is room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supportbot.app import House
from supportbot.testing.mail import hand_in
from tests.integration.app.test_kept_mail import mailbox


async def _pages(house: House, name: str, value: str = "") -> Any:
    """Read or set a bound of the one connection that writes."""
    async with house.wiring.db.writing() as work:
        found = await work.connection.exec_driver_sql(f"PRAGMA {name}{value}")
        return found.scalar()


def _mail(number: int) -> bytes:
    head = f"From: a{number}@x.example\nSubject: s\nMessage-ID: <{number}@x.example>\n\n"
    return head.encode() + b"words and words\n" * 5_000


async def test_mail_is_put_off_while_the_disk_is_full_and_taken_afterwards(tmp_path: Path) -> None:
    async with mailbox(tmp_path / "bot") as (house, port):
        used = await _pages(house, "page_count")
        await _pages(house, "max_page_count", f"={used + 2}")
        for _ in range(2):
            answer = await hand_in(port, "a@x.example", ["help@bot.example"], _mail(1))
            assert answer.startswith("452 4.3.1")
        await _pages(house, "max_page_count", "=1000000")
        assert (await hand_in(port, "a@x.example", ["help@bot.example"], _mail(1)))[:3] == "250"
        async with house.wiring.db.reading() as work:
            rows = await work.connection.exec_driver_sql("SELECT count(*) FROM inbound")
            assert rows.scalar() == 1


async def test_mail_is_put_off_at_the_ceiling_and_readyz_says_why(tmp_path: Path) -> None:
    async with mailbox(tmp_path / "bot") as (house, port):
        house.room._most = 50_000
        answer = await hand_in(port, "a@x.example", ["help@bot.example"], _mail(1))
        assert answer.startswith("452 4.3.1")
        assert "most_megabytes" in (house.room.problem or "")
        small = b"From: b@x.example\nSubject: s\n\nsmall\n"
        house.room._full_until = 0.0
        assert (await hand_in(port, "b@x.example", ["help@bot.example"], small))[:3] == "250"
        assert house.room.problem is None
