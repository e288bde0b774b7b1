"""Replies through a real Postfix into real Dovecot mailboxes, and what comes back of them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from imapclient import IMAPClient  # type: ignore[import-untyped]  # ships no types

from supportbot.channels.email import identity
from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.channels.email.sending.submission import Envelope, Refusal, submission, submit
from supportbot.errors import DeliveryUnknown
from supportbot.model.inbound import CustomerMessage, DispositionKind, Inbound
from supportbot.store.database import Database
from supportbot.testing.mail import MailSink, mail_sink
from supportbot.testing.mail_servers import Dovecot, dovecot, missing_for_mail_servers, postfix
from tests.integration.channels.email.deliveries import SECRET, make_delivery

_MISSING = missing_for_mail_servers("dovecot", "postfix")
pytestmark = pytest.mark.skipif(_MISSING is not None, reason=_MISSING or "")

_RULES = "550 5.1.1 unknown", "450 4.2.2 over quota"
_VACATION = """\
require ["vacation"];
vacation :days 1 :addresses ["vac@cust.example"] "I am away until Monday.";
"""
#: Sends a reply and is killed before anybody could store that it left.
_CHILD = """
import asyncio, os, signal, sys
from supportbot.store.database import Database
from tests.integration.channels.email.deliveries import make_delivery
from tests.integration.channels.email.test_real_sending import make_channel

async def main():
    channel = make_channel(Database(sys.argv[1]), sys.argv[2], sys.argv[3])
    await channel.send(make_delivery())
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@dataclass
class Post:
    """The servers: mail for other domains ends in the sink."""

    dovecot: Dovecot
    #: Of Postfix.
    port: int
    world: MailSink

    @property
    def smtp(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def imap(self) -> str:
        return f"imap://help@127.0.0.1:{self.dovecot.imap}"

    async def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """Return what lies in a folder of a user."""

        def read() -> list[bytes]:
            client = IMAPClient("127.0.0.1", self.dovecot.imap, ssl=False, timeout=10)
            try:
                client.login(user, "secret")
                client.select_folder(folder, readonly=True)
                found = client.fetch(client.search(["ALL"]), ["BODY.PEEK[]"])
                return [found[uid][b"BODY[]"] for uid in sorted(found)]
            finally:
                client.shutdown()

        return await asyncio.to_thread(read)

    async def arrived(self, user: str, count: int = 1) -> list[bytes]:
        """Wait until so many mails lie in the inbox of a user."""
        async with asyncio.timeout(30):
            while len(found := await self.mails(user)) < count:  # noqa: ASYNC110 - another process files it
                await asyncio.sleep(0.1)
        return found


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with mail_sink() as world, dovecot(submission=world.port) as mailboxes:
        gone, full = _RULES
        settings = {
            "virtual_mailbox_domains": "bot.example, cust.example",
            "virtual_transport": f"lmtp:inet:127.0.0.1:{mailboxes.lmtp}",
            "default_transport": f"smtp:[127.0.0.1]:{world.port}",
            "smtpd_recipient_restrictions": "check_recipient_access inline:{"
            f"{{gone@cust.example = {gone}}}, {{full@cust.example = {full}}}"
            "}, permit_mynetworks, reject",
        }
        async with postfix(settings) as port:
            yield Post(mailboxes, port, world)


def make_channel(db: Database, smtp: str, imap: str) -> EmailChannel:
    config = EmailConfig(
        "help@bot.example",
        SECRET,
        sender_name="Help",
        smtp=smtp,
        imap=imap,
        imap_password="secret",
    )
    return EmailChannel(config, db, lambda: datetime.now(UTC))


@pytest.fixture
def channel(post: Post, sqlite_db: Database) -> EmailChannel:
    return make_channel(sqlite_db, post.smtp, post.imap)


def read(channel: EmailChannel, raw: bytes) -> CustomerMessage:
    """Understand a mail that lay in the mailbox."""
    return channel.parse(Inbound(channel.key, ("k",), raw, {}, datetime.now(UTC), deferred=True))


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def test_reply_arrives_as_it_was_written_and_its_answer_finds_the_ticket(
    post: Post, channel: EmailChannel
) -> None:
    ids = [f"<{str(number) * 90}@cust.example>" for number in range(1, 9)]
    threaded = {"in_reply_to": ids[-1], "references": " ".join(ids[:-1])}
    receipt = await channel.send(make_delivery(target=threaded, signed="Olga"))
    (raw,) = await post.arrived("ann")
    reply = parsed(raw)
    lines = raw.replace(b"\r\n ", b" ").split(b"\r\n")
    (references,) = [line for line in lines if line.startswith(b"References:")]
    assert references.decode().split()[1:] == ids
    assert reply["Message-ID"] == receipt.provider_id
    assert reply["From"] == '"Olga (Help)" <help@bot.example>'
    digest = identity.delivery_of(reply["Return-Path"].strip("<>"), SECRET)
    assert digest
    assert identity.message_id_of(digest, "bot.example", SECRET) == receipt.provider_id

    to = reply["Reply-To"].addresses[0].addr_spec
    answer = f"From: ann@cust.example\r\nTo: {to}\r\nMessage-ID: <9@cust.example>\r\n\r\nOk\r\n"
    by_ann = Envelope("ann@cust.example", (to,), "ann@cust.example")
    await submit(submission(post.smtp, None), by_ann, answer.encode())
    (answered,) = await post.arrived("help")
    assert read(channel, answered).thread_keys[0] == identity.ticket_key("T1")


async def test_genuine_report_comes_back_to_the_return_path_of_its_delivery(
    post: Post, channel: EmailChannel
) -> None:
    """freescout#4250: it leads to its ticket, so it opens none."""
    post.world.refuse["nobody@far.example"] = "550 5.1.1 no such user"
    receipt = await channel.send(make_delivery(target={"to": "nobody@far.example"}))
    (raw,) = await post.arrived("help")
    report = read(channel, raw)
    assert report.disposition.kind is DispositionKind.BOUNCE
    assert not report.disposition.reply_allowed
    assert report.thread_keys[0] == f"mid:{receipt.provider_id}"
    assert identity.delivery_of(parsed(raw)["Delivered-To"], SECRET)


async def test_partial_refusal_of_a_real_server_is_told_recipient_by_recipient(post: Post) -> None:
    to = ("gone@cust.example", "full@cust.example", "ann@cust.example")
    content = b"From: help@bot.example\r\nSubject: x\r\n\r\nhi\r\n"
    envelope = Envelope("help@bot.example", to, "help@bot.example")
    first, second = await submit(submission(post.smtp, None), envelope, content)
    assert (first.address, first.permanent) == ("gone@cust.example", True)
    assert (second.address, second.permanent) == ("full@cust.example", False)
    assert isinstance(first, Refusal)
    assert "5.1.1" in first.said
    assert len(await post.arrived("ann")) == 1


async def test_absence_is_answered_to_a_person_only_and_filed_to_the_delivery(
    post: Post, channel: EmailChannel, eventually: Any
) -> None:
    """osTicket#1041, odoo#66329: the bot's own answers make no out-of-office reply."""
    home = post.dovecot.folder / "home" / "vac"
    home.mkdir()
    (home / ".dovecot.sieve").write_text(_VACATION)
    for path in (home, home / ".dovecot.sieve"):
        os.chown(path, post.dovecot.folder.stat().st_uid, post.dovecot.folder.stat().st_gid)
    away = {"to": "vac@cust.example"}
    await channel.send(make_delivery(target=away))
    await channel.send(make_delivery(key="reply:2", target=away, handler_epoch=None))
    await post.arrived("vac", 2)
    await eventually(lambda: len(post.world.messages) > 0)
    (vacation,) = post.world.messages
    back = f"Delivered-To: {vacation.recipients[0]}\r\n".encode() + vacation.raw
    told = read(channel, back)
    assert told.disposition.kind is DispositionKind.AUTO_REPLY
    person = identity.message_id("reply:2", "bot.example", SECRET)
    assert told.thread_keys[0] == f"mid:{person}"


async def killed(db: str, smtp: str, imap: str) -> None:
    """Run the child until it is dead."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", _CHILD, db, smtp, imap)
    assert await child.wait() == -signal.SIGKILL


async def test_reply_of_a_process_that_was_killed_before_its_commit_is_found_among_those_sent(
    post: Post, channel: EmailChannel, tmp_path: Any
) -> None:
    url = f"sqlite:///{tmp_path}/child.db"
    await killed(url, post.smtp, post.imap)
    receipt = await channel.find(make_delivery(attempts=1))
    assert receipt is not None
    (raw,) = await post.arrived("ann")
    assert parsed(raw)["Message-ID"] == receipt.provider_id
    assert len(await post.mails("help", "Sent")) == 1


async def test_process_that_was_killed_within_data_leaves_a_copy_that_tells_of_doubt(
    post: Post, channel: EmailChannel, tmp_path: Any
) -> None:
    begun = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 deaf\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                begun.set()
                break
            writer.write(b"250 ok\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    smtp = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    url = f"sqlite:///{tmp_path}/child.db"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", _CHILD, url, smtp, post.imap)
    await asyncio.wait_for(begun.wait(), 60)
    child.kill()
    await child.wait()
    server.close()
    with pytest.raises(DeliveryUnknown):
        await channel.find(make_delivery(attempts=1))
    assert len(await post.mails("help", "Sent")) == 1
