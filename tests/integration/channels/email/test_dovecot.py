"""Mailboxes on a real Dovecot, and mail that a real Postfix hands over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from imapclient import IMAPClient  # type: ignore[import-untyped]  # ships no types

from supportbot.channels.email.arriving.listener import ListenerRules, MailListener
from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.errors import StoreUnavailable
from supportbot.store.database import Database
from supportbot.testing.mail import hand_in
from supportbot.testing.mail_servers import Dovecot, dovecot, missing_for_mail_servers, postfix
from tests.integration.channels.email.listener_files import write_certificate
from tests.integration.channels.email.mailboxes import PATIENT, mail, make_channel, subjects

pytestmark = pytest.mark.skipif(
    missing_for_mail_servers("dovecot") is not None,
    reason=missing_for_mail_servers("dovecot") or "",
)
with_postfix = pytest.mark.skipif(
    missing_for_mail_servers("postfix") is not None,
    reason=missing_for_mail_servers("postfix") or "",
)


@pytest.fixture
async def server() -> AsyncIterator[Dovecot]:
    async with dovecot() as here:
        yield here


def url(server: Dovecot) -> str:
    return f"imap://help@127.0.0.1:{server.imap}"


async def as_owner(server: Dovecot, act: Callable[[Any], Any]) -> Any:
    """Do something with the mailbox in a mail program."""

    def work() -> Any:
        client = IMAPClient("127.0.0.1", server.imap, ssl=False, timeout=10)
        try:
            client.login("help", "secret")
            return act(client)
        finally:
            client.shutdown()

    return await asyncio.to_thread(work)


@pytest.fixture
def connected(eventually: Any) -> Any:
    async def wait(channel: EmailChannel) -> None:
        await eventually(lambda: channel.healthy() is None)

    return wait


async def test_a_delivered_mail_is_told_by_idle_committed_and_marked(
    server: Dovecot, mail_db: Database, desk: Any, running: Any, connected: Any, eventually: Any
) -> None:
    channel = make_channel(mail_db, url(server), PATIENT, timeout_seconds=10.0)

    def seen(client: Any) -> bool:
        client.select_folder("INBOX", readonly=True)
        return len(client.search(["SEEN"])) == 2

    async with running(channel.run(desk.accept)):
        await connected(channel)
        await server.deliver("help@bot.example", mail(1))
        await desk.wait_for(1)
        await server.deliver("help@bot.example", mail(2))
        await desk.wait_for(2)
        await eventually(lambda: as_owner(server, seen))
    assert subjects(channel, desk) == ["Case 1", "Case 2"]


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_restart_in_mid_session_loses_nothing(
    server: Dovecot, mail_db: Database, desk: Any, running: Any, connected: Any, how: str
) -> None:
    channel = make_channel(mail_db, url(server), timeout_seconds=5.0)
    async with running(channel.run(desk.accept)):
        await connected(channel)
        await server.deliver("help@bot.example", mail(1))
        await desk.wait_for(1)
        await (server.stop() if how == "stop" else server.kill())
        await server.start()
        await server.deliver("help@bot.example", mail(2))
        await desk.wait_for(2)
    assert subjects(channel, desk) == ["Case 1", "Case 2"]


async def test_being_killed_in_mid_fetch_loses_nothing(
    server: Dovecot, mail_db: Database, desk: Any, running: Any, connected: Any, eventually: Any
) -> None:
    """Mails of 5 MB are on the way when the server vanishes."""
    channel = make_channel(mail_db, url(server), timeout_seconds=5.0)
    large = (b"x" * 70 + b"\r\n") * 70_000
    async with running(channel.run(desk.accept)):
        await connected(channel)
        for number in range(6):
            await server.deliver("help@bot.example", mail(number) + large)
        await eventually(lambda: desk.calls > 0)
        await server.kill()
        await server.start()
        heard = await desk.wait_for(6)
    assert subjects(channel, desk) == [f"Case {number}" for number in range(6)]
    assert all(len(inbound.raw) > len(large) for inbound in heard)


async def test_several_folders_are_read_and_those_never_to_be_read_are_not(
    server: Dovecot, mail_db: Database, desk: Any, running: Any, eventually: Any
) -> None:
    folders = ("INBOX", "Anfragen.Füße", "Werbung")

    def create(client: Any) -> None:
        client.create_folder("Anfragen.Füße")

    def file(client: Any) -> None:
        client.append("Anfragen.Füße", mail(1))
        client.append("Sent", mail(3))
        client.append("Junk", mail(4))

    await as_owner(server, create)
    channel = make_channel(mail_db, url(server), folders=folders, timeout_seconds=5.0)
    async with running(channel.run(desk.accept)):
        await eventually(lambda: "Werbung: " in (channel.healthy() or ""))
        await as_owner(server, file)
        await server.deliver("help@bot.example", mail(2))
        await desk.wait_for(2)
        await as_owner(server, lambda client: client.create_folder("Werbung"))
        await eventually(lambda: channel.healthy() is None)
    assert {inbound.meta["folder"] for inbound in desk.heard} == {"INBOX", "Anfragen.Füße"}
    assert sorted(map(str, subjects(channel, desk))) == ["Case 1", "Case 2"]


async def test_a_folder_that_was_made_anew_answers_nothing_twice(
    server: Dovecot, mail_db: Database, desk: Any, running: Any, connected: Any, eventually: Any
) -> None:
    folders = ("Support",)
    await as_owner(server, lambda client: client.create_folder("Support"))
    channel = make_channel(mail_db, url(server), folders=folders, timeout_seconds=5.0)

    def fill(client: Any) -> None:
        client.append("Support", mail(1))

    def refill(client: Any) -> None:
        client.delete_folder("Support")
        client.create_folder("Support")
        client.append("Support", mail(1))
        client.append("Support", mail(2))

    async with running(channel.run(desk.accept)):
        await connected(channel)
        await as_owner(server, fill)
        await desk.wait_for(1)
        await as_owner(server, refill)
        await desk.wait_for(2)
        await as_owner(server, lambda client: client.append("Support", mail(3)))
        await desk.wait_for(3)
    assert subjects(channel, desk) == ["Case 1", "Case 2", "Case 3"]
    assert len({inbound.meta["uidvalidity"] for inbound in desk.heard}) == 2


def listening(listener: MailListener, db: Database) -> EmailChannel:
    config = EmailConfig("help@bot.example", b"k" * 32)
    return EmailChannel(config, db, lambda: datetime.now(UTC), listener)


@with_postfix
@pytest.mark.parametrize("protocol", ["lmtp", "smtp"])
async def test_postfix_hands_mail_over_and_keeps_what_we_could_not_store(
    mail_db: Database,
    desk: Any,
    running: Any,
    eventually: Any,
    tmp_path: Path,
    protocol: Literal["lmtp", "smtp"],
) -> None:
    """Over STARTTLS; the commit fails at first, and Postfix comes again by itself."""
    chain, key = write_certificate(tmp_path, "localhost")
    rules = ListenerRules(protocol=protocol, certificate=chain, certificate_key=key)
    listener = MailListener("127.0.0.1", 0, (), rules)
    channel = listening(listener, mail_db)
    desk.failing = StoreUnavailable("disk is full")
    async with running(channel.run(desk.accept)):
        await eventually(lambda: listener.route("help@bot.example") is not None)
        here = f"127.0.0.1:{listener.port}"
        settings = {
            # As docs/how-to/mail-server.md says.
            "virtual_mailbox_domains": "bot.example",
            "virtual_mailbox_maps": "inline:{help@bot.example=bot}",
            **{
                "lmtp": {"transport_maps": f"inline:{{help@bot.example=lmtp:inet:{here}}}"},
                "smtp": {"virtual_transport": f"smtp:{here.replace('127.0.0.1', '[127.0.0.1]')}"},
            }[protocol],
            f"{protocol}_tls_security_level": "encrypt",
        }
        async with postfix(settings) as port:
            long_line = mail(1) + b"z" * 5_000 + b"\r\n"
            answer = await hand_in(port, "ann@cust.example", ["help+t.1@bot.example"], long_line)
            assert answer.startswith("250")
            who = await hand_in(port, "ann@cust.example", ["who@bot.example"], mail(2))
            assert who.startswith("550")
            await eventually(lambda: desk.calls > 0)
            desk.failing = None
            (inbound,) = await desk.wait_for(1)
    assert inbound.meta["rcpt"] == "help+t.1@bot.example"
    assert channel.parse(inbound).text.startswith("Question 1?")
