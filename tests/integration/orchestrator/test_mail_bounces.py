"""Reports that come back to a real mailbox are booked to the mails that they are about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from supportbot.model.delivery import DeliveryState
from supportbot.model.ticket import Handler
from supportbot.store import mail_failures
from supportbot.testing.mail import Sunk, mail_sink
from tests.integration.orchestrator.mail_bot import ANN, HELP, Bot, mailbox, open_bot


@pytest.fixture
async def bot(make_world: Any, db: Any, clock: Any) -> AsyncIterator[Bot]:
    async with mail_sink() as sink:
        channel = mailbox(db, clock, smtp=sink.url)
        yield Bot(await open_bot(make_world, channel), sink)


def full(sent: Sunk) -> bytes:
    """RFC 3464 with the headers of the mail that is returned."""
    head = sent.raw.partition(b"\r\n\r\n")[0]
    return (
        b"From: MAILER-DAEMON@mx.example\r\nTo: " + sent.mail_from.encode() + b"\r\n"
        b"Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n"
        b"\r\nFinal-Recipient: rfc822; " + ANN.encode() + b"\r\nAction: failed\r\n"
        b"Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n" + head + b"\r\n--b--\r\n"
    )


def header_only(sent: Sunk) -> bytes:
    """A few words, and the header that some servers write instead of a status part."""
    return (
        f"From: Mail Delivery System <postmaster@mx.example>\r\nX-Failed-Recipients: {ANN}\r\n"
        f"In-Reply-To: {sent.message['Message-ID']}\r\nSubject: Mail delivery failed\r\n\r\n"
        f"  {ANN}\r\n    550 5.1.1 unknown user\r\n"
    ).encode()


def prose(sent: Sunk) -> bytes:
    """Nothing but words, and the mail itself below them."""
    return (
        b"From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n<'
        + ANN.encode()
        + b">:\r\n"
        b"550 5.1.1 no such user\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        + sent.raw
        + b"\r\n--b--\r\n"
    )


def bare(sent: Sunk) -> bytes:
    """Nothing of ours but the return path that it comes back to."""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {sent.mail_from}\r\nSubject: failure notice\r\n"
        f"\r\nSorry.\r\n\r\n{ANN}: 550 5.1.1 no such user\r\n"
    ).encode()


@pytest.mark.parametrize("made", [full, header_only, prose, bare])
async def test_a_report_is_booked_to_its_delivery(bot: Bot, made: Any) -> None:
    await bot.gets(f"From: {ANN}", "Subject: Order 77")
    (sent,) = bot.sink.messages
    for _ in range(2):
        await bot.gets_raw(made(sent), "")
    (ticket,) = await bot.world.all_tickets()
    (delivery, *_) = await bot.world.deliveries(ticket)
    assert (delivery.state, ticket.handler) == (DeliveryState.FAILED, Handler.HUMAN)
    async with bot.world.db.reading() as work:
        (marked,) = await mail_failures.listed(work, bot.world.clock())
    assert (marked.address, len(marked.failures)) == (ANN, 1)
    assert marked.avoided_until is not None
    assert len(bot.sink.messages) == 1


@pytest.mark.parametrize("made", [full, header_only, prose, bare])
async def test_a_report_whose_ids_are_not_ours_is_booked_to_nothing(bot: Bot, made: Any) -> None:
    await bot.gets(f"From: {ANN}", "Subject: Order 77")
    (sent,) = bot.sink.messages
    own = str(sent.message["Message-ID"])
    mark, digest, proof = own.split(".", 2)
    forged = f"{mark}.{digest}.{proof[23::-1]}{proof[24:]}"
    forgery = made(sent).replace(own.encode(), forged.encode())
    await bot.gets_raw(forgery.replace(sent.mail_from.encode(), HELP.encode()), "")
    (ticket,) = await bot.world.all_tickets()
    (delivery, *_) = await bot.world.deliveries(ticket)
    assert delivery.state is DeliveryState.SENT
    async with bot.world.db.reading() as work:
        assert await mail_failures.listed(work, bot.world.clock()) == []
