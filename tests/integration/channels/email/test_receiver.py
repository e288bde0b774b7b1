"""Mail that is read over IMAP from a real server: peek, commit, then mark seen."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from supportbot.channels.email.arriving.receiver import Pace
from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.channels.email.reading.mail import Limits
from supportbot.errors import StoreUnavailable
from supportbot.store import mailboxes
from supportbot.store.database import Database

CHANNEL = "email:help@bot.example"


def mail(number: int) -> bytes:
    return (
        f"From: Ann <ann@cust.example>\r\nTo: help@bot.example\r\nSubject: Case {number}\r\n"
        f"Message-ID: <{number}@cust.example>\r\n\r\nQuestion {number}?\r\n"
    ).encode()


def make_channel(db: Database, url: str, **changes: Any) -> EmailChannel:
    facts: dict[str, Any] = {
        "imap": url,
        "imap_password": "secret",
        "pace": Pace(poll_seconds=30, first_retry_seconds=0.1, last_retry_seconds=0.2),
        "timeout_seconds": 5.0,
        **changes,
    }
    config = EmailConfig("help@bot.example", b"k" * 32, **facts)
    return EmailChannel(config, db, lambda: datetime.now(UTC))


@pytest.fixture
def connected(eventually: Any) -> Any:
    """Wait until the mailbox is read."""

    async def wait(channel: EmailChannel) -> None:
        await eventually(lambda: channel.healthy() is None)

    return wait


def ids(desk: Any) -> list[str | None]:
    return [
        key.split(":")[1]
        for inbound in desk.heard
        for key in inbound.keys
        if key.startswith("mid:")
    ]


async def test_new_mail_is_heard_through_idle_and_marked_seen(
    imap_box: Any, mail_db: Database, desk: Any, running: Any, eventually: Any, connected: Any
) -> None:
    channel = make_channel(mail_db, imap_box.url)
    async with running(channel.run(desk.accept)):
        await connected(channel)
        await imap_box.append(mail(1))
        (inbound,) = await desk.wait_for(1)

        async def seen() -> bool:
            return bool((await imap_box.flags())[b"<1@cust.example>"])

        await eventually(seen)
    assert channel.parse(inbound).text == "Question 1?"
    assert channel.parse(inbound).disposition.reply_allowed
    assert inbound.keys[0].startswith("imap:INBOX:")
    async with mail_db.reading() as work:
        cursor = await mailboxes.get_cursor(work, CHANNEL, "INBOX")
    assert cursor is not None
    assert str(cursor.last_uid) == inbound.meta["uid"]


async def test_mail_that_cannot_be_committed_stays_unseen_and_comes_again(
    imap_box: Any, mail_db: Database, desk: Any, running: Any, eventually: Any, connected: Any
) -> None:
    desk.failing = StoreUnavailable("disk is full")
    channel = make_channel(mail_db, imap_box.url)
    async with running(channel.run(desk.accept)):
        await connected(channel)
        await imap_box.append(mail(1))

        async def tried_twice() -> bool:
            return bool(desk.calls >= 2)

        await eventually(tried_twice)
        assert not (await imap_box.flags())[b"<1@cust.example>"]
        desk.failing = None
        await desk.wait_for(1)
    assert ids(desk) == ["<1@cust.example>"]


async def test_mail_from_before_the_first_connection_is_left_alone(
    imap_box: Any, mail_db: Database, desk: Any, running: Any, connected: Any
) -> None:
    await imap_box.append(mail(1))
    channel = make_channel(mail_db, imap_box.url)
    async with running(channel.run(desk.accept)):
        await connected(channel)
        await imap_box.append(mail(2))
        await desk.wait_for(1)
    assert ids(desk) == ["<2@cust.example>"]
    assert not (await imap_box.flags())[b"<1@cust.example>"]


async def test_imported_mail_is_filed_but_never_answered(
    imap_box: Any, mail_db: Database, desk: Any, running: Any
) -> None:
    await imap_box.append(mail(1), datetime.now(UTC) - timedelta(days=2))
    await imap_box.append(mail(2), datetime.now(UTC) - timedelta(days=1))
    channel = make_channel(mail_db, imap_box.url, import_days=7)
    async with running(channel.run(desk.accept)):
        await desk.wait_for(2)
        await imap_box.append(mail(3))
        await desk.wait_for(3)
    heard = {message.subject: message.disposition for message in map(channel.parse, desk.heard)}
    assert heard["Case 1"].reasons == ("before_cut_over",)
    assert not heard["Case 2"].reply_allowed
    assert heard["Case 3"].reply_allowed


async def test_mail_that_came_while_we_were_away_is_answered_after_a_restart(
    imap_box: Any, mail_db: Database, desk: Any, running: Any, connected: Any
) -> None:
    channel = make_channel(mail_db, imap_box.url)
    async with running(channel.run(desk.accept)):
        await connected(channel)
        await imap_box.append(mail(1))
        await desk.wait_for(1)
    await imap_box.append(mail(2))
    again = make_channel(mail_db, imap_box.url)
    async with running(again.run(desk.accept)):
        await desk.wait_for(2)
    assert ids(desk) == ["<1@cust.example>", "<2@cust.example>"]
    assert again.parse(desk.heard[1]).disposition.reply_allowed


async def test_lost_server_is_found_again_though_it_numbers_mail_anew(
    imap_box: Any, mail_db: Database, desk: Any, running: Any, connected: Any, eventually: Any
) -> None:
    """Pymap forgets its mail when it ends, so the folder comes back with another UIDVALIDITY."""
    channel = make_channel(mail_db, imap_box.url)
    async with running(channel.run(desk.accept)):
        await connected(channel)
        await imap_box.append(mail(1))
        await desk.wait_for(1)
        await imap_box.stop()
        await eventually(lambda: channel.healthy() is not None)
        await imap_box.start()
        await imap_box.append(mail(1))
        await imap_box.append(mail(2))
        await desk.wait_for(2)
    assert ids(desk) == ["<1@cust.example>", "<2@cust.example>"]


async def test_mail_beyond_the_limit_is_stored_as_its_headers(
    imap_box: Any, mail_db: Database, desk: Any, running: Any, connected: Any
) -> None:
    channel = make_channel(mail_db, imap_box.url, limits=Limits(max_bytes=5_000))
    async with running(channel.run(desk.accept)):
        await connected(channel)
        await imap_box.append(mail(1) + b"x" * 70 + b"\r\n" + b"y" * 6_000)
        (inbound,) = await desk.wait_for(1)
    assert inbound.meta["too_large"] == "1"
    assert len(inbound.raw) < 1_000


async def test_stopping_does_not_wait_for_the_server(
    imap_box: Any, mail_db: Database, desk: Any, connected: Any
) -> None:
    channel = make_channel(mail_db, imap_box.url)
    task = asyncio.create_task(channel.run(desk.accept))
    await connected(channel)
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
