"""Mail that comes in over SMTP: acknowledged only once it is committed."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.email.arriving.listener import ListenerRules, MailListener, Received
from supportbot.channels.email.arriving.talk import Talk
from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.cli.logs import configure_logs
from supportbot.errors import SettingsError, StoreUnavailable
from supportbot.store.database import Database
from supportbot.testing.mail import hand_in

MAIL = b"From: ann@cust.example\nTo: help@bot.example\nMessage-ID: <1@cust.example>\n\nHelp!\n"


@pytest.fixture
def listener() -> MailListener:
    return MailListener("127.0.0.1", 0, rules=ListenerRules(max_bytes=20_000))


@pytest.fixture
def channel(mail_db: Database, listener: MailListener) -> EmailChannel:
    config = EmailConfig("help@bot.example", b"k" * 32, product="shop", aliases=("hi@bot.example",))
    return EmailChannel(config, mail_db, lambda: datetime.now(UTC), listener)


@pytest.fixture
def listening(listener: MailListener, eventually: Any) -> Any:
    """Wait until the mailbox takes mail; gives the port."""

    async def port() -> int:
        await eventually(lambda: listener.route("help@bot.example") is not None)
        return listener.port

    return port


async def test_committed_mail_is_answered_250(
    channel: EmailChannel, listening: Any, desk: Any, running: Any
) -> None:
    async with running(channel.run(desk.accept)):
        port = await listening()
        answer = await hand_in(port, "ann@cust.example", ["help@bot.example"], MAIL)
    assert answer.startswith("250")
    (inbound,) = desk.heard
    assert inbound.channel == "email:help@bot.example"
    assert inbound.deferred
    assert inbound.raw == MAIL.replace(b"\n", b"\r\n")
    assert inbound.meta["mail_from"] == "ann@cust.example"
    heard = channel.parse(inbound)
    assert (heard.sender.external_id, heard.text) == ("ann@cust.example", "Help!")
    assert heard.product == "shop"


async def test_mail_that_was_not_committed_is_asked_for_again(
    channel: EmailChannel, listening: Any, desk: Any, running: Any
) -> None:
    desk.failing = StoreUnavailable("disk is full")
    async with running(channel.run(desk.accept)):
        port = await listening()
        refused = await hand_in(port, "ann@cust.example", ["help@bot.example"], MAIL)
        desk.failing = None
        taken = await hand_in(port, "ann@cust.example", ["help@bot.example"], MAIL)
    assert refused.startswith("451")
    assert "disk" not in refused
    assert taken.startswith("250")


async def test_any_failure_of_the_commit_is_temporary(
    channel: EmailChannel, listening: Any, desk: Any, running: Any
) -> None:
    desk.failing = KeyError("a bug")
    async with running(channel.run(desk.accept)):
        port = await listening()
        answer = await hand_in(port, "ann@cust.example", ["help@bot.example"], MAIL)
    assert answer.startswith("451")


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("help@bot.example", "250"),
        ("HELP@Bot.Example", "250"),
        ("help+t-42@bot.example", "250"),
        ("hi@bot.example", "250"),
        ("other@bot.example", "550"),
        ("help@elsewhere.example", "550"),
    ],
)
async def test_recipient_is_checked(
    channel: EmailChannel,
    listening: Any,
    desk: Any,
    running: Any,
    recipient: str,
    code: str,
) -> None:
    async with running(channel.run(desk.accept)):
        port = await listening()
        assert (await hand_in(port, "ann@cust.example", [recipient], MAIL))[:3] == code


async def test_oversized_mail_is_refused_for_good(
    channel: EmailChannel, listening: Any, desk: Any, running: Any
) -> None:
    async with running(channel.run(desk.accept)):
        port = await listening()
        big = MAIL + b"x" * 70 + b"\n" + b"y" * 70 * 1000
        lines = b"\n".join(big[i : i + 70] for i in range(0, len(big), 70))
        answer = await hand_in(port, "ann@cust.example", ["help@bot.example"], lines)
    assert answer.startswith("552")
    assert desk.heard == []


async def test_null_return_path_reaches_the_rules(
    channel: EmailChannel, listening: Any, desk: Any, running: Any
) -> None:
    async with running(channel.run(desk.accept)):
        port = await listening()
        await hand_in(port, "", ["help@bot.example"], MAIL)
    disposition = channel.parse(desk.heard[0]).disposition
    assert not disposition.reply_allowed
    assert "null_return_path" in disposition.reasons


async def test_repeated_mail_has_the_same_key_though_a_relay_added_headers(
    channel: EmailChannel, listening: Any, desk: Any, running: Any
) -> None:
    async with running(channel.run(desk.accept)):
        port = await listening()
        await hand_in(port, "a@cust.example", ["help@bot.example"], MAIL)
        await hand_in(port, "a@cust.example", ["help@bot.example"], b"Received: by x\n" + MAIL)
        other = MAIL.replace(b"Help!", b"Something else")
        await hand_in(port, "a@cust.example", ["help@bot.example"], other)
    assert desk.calls == 3
    assert len(desk.heard) == 2


async def test_two_mailboxes_share_one_port(listener: MailListener) -> None:
    got: list[tuple[str, tuple[str, ...]]] = []

    async def first(received: Received) -> None:
        got.append(("first", received.recipients))

    async def second(received: Received) -> None:
        got.append(("second", received.recipients))

    async with listener.serving(["a@bot.example"], first):
        port = listener.port
        async with listener.serving(["b@bot.example"], second):
            assert listener.port == port
            answer = await hand_in(
                port, "x@cust.example", ["a@bot.example", "b+1@bot.example"], MAIL
            )
        away = await hand_in(port, "x@cust.example", ["b@bot.example"], MAIL)
        assert away.startswith("451"), "a mailbox that does not run must not bounce its mail"
    assert answer.startswith("250")
    assert got == [("first", ("a@bot.example",)), ("second", ("b+1@bot.example",))]


async def test_address_of_another_mailbox_is_refused_with_its_name(listener: MailListener) -> None:
    async def deliver(_received: Received) -> None:
        return None

    async with listener.serving(["a@bot.example"], deliver):
        with pytest.raises(SettingsError, match=r"a@bot\.example"):
            async with listener.serving(["A@bot.example"], deliver):
                pass


async def test_busy_port_is_named() -> None:
    async def deliver(_received: Received) -> None:
        return None

    async with MailListener("127.0.0.1", 0).serving(["a@b.example"], deliver):
        pass
    taken = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    with pytest.raises(SettingsError, match=str(port)):
        async with MailListener("127.0.0.1", port).serving(["a@b.example"], deliver):
            pass
    taken.close()
    await taken.wait_closed()


@pytest.mark.parametrize(
    ("peer", "is_in"),
    [
        ("10.0.3.4", True),
        ("10.1.0.1", False),
        ("::ffff:10.0.3.4", True),
        ("::ffff:192.0.2.1", False),
        ("2001:db8::1", True),
        ("fe80::1%eth0", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
async def test_a_peer_is_known_by_its_network(peer: str, *, is_in: bool) -> None:
    rules = ListenerRules(peers=("10.0.0.0/16", "2001:db8::/32"))
    listener = MailListener("127.0.0.1", 0, rules=rules)
    answer = listener.enter(Talk(listener, "ESMTP", None), peer)
    assert answer is None if is_in else answer is not None and answer.startswith("554 5.7.1")


async def test_what_is_said_outside_of_a_message_reaches_no_log(
    listener: MailListener, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def deliver(_received: Received) -> None:
        return None

    library = logging.getLogger("mail.log")
    before = library.level
    configure_logs()
    try:
        async with listener.serving(["a@bot.example"], deliver):
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(
                b"HELO x\r\nPrivate: matters\r\nMAIL FROM:<ann@secret.example>\r\nQUIT\r\n"
            )
            answers = await reader.read()
            writer.close()
    finally:
        library.setLevel(before)
    assert b"500" in answers
    said = caplog.text + "".join(capsys.readouterr())
    assert not re.search("private|matters|secret", said, re.IGNORECASE)
