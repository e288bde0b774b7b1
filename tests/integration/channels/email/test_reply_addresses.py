"""Answers to signed addresses: taken by the listener, and put where they belong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from supportbot.channels.email.arriving.listener import MailListener
from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.channels.email.identity import SignedAddresses, ticket_key
from supportbot.store.database import Database
from supportbot.testing.mail import hand_in

SECRET = b"k" * 32
MAIL = b"From: ann@cust.example\nMessage-ID: <1@cust.example>\n\nHelp!\n"


async def test_domain_for_answers_takes_signed_addresses_and_refuses_others(
    mail_db: Database, desk: Any, running: Any, eventually: Any
) -> None:
    listener = MailListener("127.0.0.1", 0, ("help@bot.example", "*@reply.bot.example"))
    config = EmailConfig("help@bot.example", SECRET, reply_address="*@reply.bot.example")
    channel = EmailChannel(config, mail_db, lambda: datetime.now(UTC), listener)
    signed = SignedAddresses("*@reply.bot.example", SECRET)
    starting = listener.refusal(signed.reply_to("T1"))
    assert starting is not None
    assert starting.startswith("451")
    async with running(channel.run(desk.accept)):
        await eventually(lambda: listener.route("help@bot.example") is not None)

        async def answered(to: str) -> str:
            return (await hand_in(listener.port, "ann@cust.example", [to], MAIL))[:3]

        assert await answered("info@reply.bot.example") == "550"
        forged = SignedAddresses("*@reply.bot.example", b"other").reply_to("T1")
        assert await answered(forged) == "550"
        assert await answered(signed.reply_to("T1")) == "250"
        assert await answered(signed.return_path("reply:1")) == "250"
    heard = channel.parse(desk.heard[0])
    assert heard.thread_keys[0] == ticket_key("T1")
    assert listener.route(signed.reply_to("T1")) is None
