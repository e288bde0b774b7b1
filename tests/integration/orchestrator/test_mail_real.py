"""The whole bot behind real mail servers: Postfix hands on, Dovecot keeps, Sieve is on vacation."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.model.delivery import DeliveryState
from supportbot.model.ticket import Handler
from supportbot.store import mail_failures, mailboxes
from supportbot.testing.mail import MailSink, hand_in, mail_sink
from supportbot.testing.mail_servers import Dovecot, dovecot, missing_for_mail_servers, postfix
from tests.integration.orchestrator.mail_bot import HELP, mailbox, open_bot

_MISSING = missing_for_mail_servers("dovecot", "postfix")
pytestmark = [
    pytest.mark.skipif(_MISSING is not None, reason=_MISSING or ""),
    pytest.mark.parametrize("store_url", ["sqlite"], indirect=True),
]

GONE, VACATION = "gone@else.example", "vac@cust.example"
_SIEVE = """\
require ["vacation"];
vacation :days 1 :addresses ["vac@cust.example"] "I am away until Monday.";
"""


@dataclass
class Post:
    """The servers, and a bot whose mailbox is on them."""

    world: Any
    mailboxes: Dovecot
    #: Port of Postfix.
    port: int
    #: Where Postfix hands on what goes elsewhere, and Sieve its answers.
    outside: MailSink

    async def writes(self, sender: str, words: str) -> None:
        raw = f"From: {sender}\nTo: {HELP}\nSubject: Order 77\nMessage-ID: <{words}@x>\n\n{words}\n"
        assert (await hand_in(self.port, sender, [HELP], raw.encode())).startswith("250")

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Let the bot work until something holds."""
        async with asyncio.timeout(60):
            while not await holds():  # other processes work for it
                await self.world.backlog.drain()
                await self.world.settle()
                await asyncio.sleep(0.1)

    async def kinds(self) -> list[str]:
        found: list[str] = []
        for ticket in await self.world.all_tickets():
            found += await self.world.kinds(ticket)
        return found


@pytest.fixture
async def post(make_world: Any, db: Any) -> AsyncIterator[Post]:
    async with mail_sink() as outside, dovecot(submission=outside.port) as boxes:
        settings = {
            "virtual_mailbox_domains": "bot.example, cust.example",
            "virtual_transport": f"lmtp:inet:127.0.0.1:{boxes.lmtp}",
            "default_transport": f"smtp:[127.0.0.1]:{outside.port}",
        }
        async with postfix(settings) as port:
            smtp, imap = f"smtp://127.0.0.1:{port}", f"imap://help@127.0.0.1:{boxes.imap}"
            channel = mailbox(
                db, lambda: datetime.now(UTC), smtp=smtp, imap=imap, imap_password="secret"
            )
            world = await open_bot(make_world, channel, own_clock=lambda: datetime.now(UTC))
            async with reading(world, db):
                yield Post(world, boxes, port, outside)


@asynccontextmanager
async def reading(world: Any, db: Any) -> AsyncIterator[None]:
    """Read the mailbox meanwhile; what comes from now on is new."""
    task = asyncio.create_task(world.channel.run(world.intake.accept))
    try:
        async with asyncio.timeout(30):
            while not await _connected(world, db):  # noqa: ASYNC110 - a thread of its own connects
                await asyncio.sleep(0.05)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _connected(world: Any, db: Any) -> bool:
    async with db.reading() as work:
        return await mailboxes.get_cursor(work, world.channel.key, "INBOX") is not None


async def test_a_genuine_report_comes_back_and_is_booked_to_its_delivery(post: Post) -> None:
    post.outside.refuse[GONE] = "550 5.1.1 no such user here"
    await post.writes(GONE, "question")

    async def bounced() -> bool:
        return "bounced" in await post.kinds()

    await post.until(bounced)
    (ticket,) = await post.world.all_tickets()
    (delivery, *_) = await post.world.deliveries(ticket)
    assert (delivery.state, ticket.handler) == (DeliveryState.FAILED, Handler.HUMAN)
    async with post.world.db.reading() as work:
        (marked,) = await mail_failures.listed(work, post.world.clock())
    (failure,) = marked.failures
    assert (failure.address, failure.status, failure.permanent) == (GONE, "5.1.1", True)
    assert "no such user here" in failure.diagnostic
    assert post.outside.messages == []


async def test_a_vacation_mailbox_is_written_to_once_by_the_bot(post: Post) -> None:
    """The bot's own answer keeps Sieve silent; what it says to a person's is not answered."""
    home = post.mailboxes.folder / "home" / "vac"
    home.mkdir()
    (home / ".dovecot.sieve").write_text(_SIEVE, encoding="ascii")
    owner = post.mailboxes.folder.stat()
    for path in (home, home / ".dovecot.sieve"):
        os.chown(path, owner.st_uid, owner.st_gid)
    await post.writes(VACATION, "question")
    inbox = home / "Maildir" / "new"

    async def arrived(count: int) -> bool:
        return inbox.exists() and len([*inbox.iterdir()]) == count

    await post.until(lambda: arrived(1))
    (ticket,) = await post.world.all_tickets()
    await post.world.takeover.reply(ticket.public_id, None, "A person here.")
    await post.world.takeover.return_to_bot(ticket.public_id, None)
    await post.until(lambda: arrived(2))

    async def left() -> bool:
        return bool(post.outside.messages)

    await post.until(left)
    (away,) = post.outside.messages
    assert away.message["Auto-Submitted"] is not None
    await hand_in(post.port, "", [*away.recipients], away.raw)

    async def filed() -> bool:
        return "machine_mail" in await post.kinds()

    await post.until(filed)
    await post.world.settle()
    kinds = await post.kinds()
    assert (kinds.count("bot_replied"), kinds.count("human_replied")) == (1, 1)
    assert await arrived(2)
    assert len(await post.world.all_tickets()) == 1
