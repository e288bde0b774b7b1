"""Replies that leave over SMTP or into a maildir, and what is known when they don't."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.email import identity
from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.channels.email.identity import SignedAddresses
from supportbot.channels.email.sending.submission import Envelope, submission, submit
from supportbot.errors import DeliveryUnknown, SendError, SettingsError
from supportbot.model.delivery import Audience, DeliveryKind
from supportbot.store.database import Database
from supportbot.testing.mail import MailSink, mail_sink
from tests.integration.channels.email.deliveries import SECRET, make_delivery

SIGNED = SignedAddresses("help@bot.example", SECRET)


def make_channel(db: Database, **changes: Any) -> EmailChannel:
    config = EmailConfig("help@bot.example", SECRET, sender_name="Help desk", **changes)
    return EmailChannel(config, db, lambda: datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    async with mail_sink() as running:
        yield running


async def test_reply_arrives_with_the_headers_that_keep_the_thread(
    sqlite_db: Database, sink: MailSink
) -> None:
    receipt = await make_channel(sqlite_db, smtp=sink.url).send(make_delivery())
    (sunk,) = sink.messages
    message = sunk.message
    assert identity.delivery_of(sunk.mail_from, SECRET) is not None
    assert sunk.recipients == ("ann@cust.example",)
    assert message["Reply-To"] == f"Help desk <{SIGNED.reply_to('T1')}>"
    assert message["From"] == "Help desk <help@bot.example>"
    assert message["Subject"] == "Re: Where is my order?"
    assert message["In-Reply-To"] == "<2@cust.example>"
    assert message["References"] == "<1@cust.example> <2@cust.example>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Message-ID"] == receipt.provider_id
    assert receipt.thread_keys == (f"mid:{receipt.provider_id}", identity.ticket_key("T1"))
    plain = message.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().strip() == "It is **on its way**."


async def test_every_attempt_carries_the_same_message_id(
    sqlite_db: Database, sink: MailSink
) -> None:
    channel = make_channel(sqlite_db, smtp=sink.url)
    first = await channel.send(make_delivery())
    second = await channel.send(make_delivery())
    other = await channel.send(make_delivery(key="reply:2"))
    assert first.provider_id == second.provider_id != other.provider_id


@pytest.mark.parametrize(("answer", "permanent"), [("550 5.1.1 no", True), ("450 4.2.0 no", False)])
async def test_refused_recipient_is_permanent_only_if_the_server_says_so(
    sqlite_db: Database, sink: MailSink, answer: str, *, permanent: bool
) -> None:
    sink.refuse["ann@cust.example"] = answer
    with pytest.raises(SendError, match=answer[:3]) as error:
        await make_channel(sqlite_db, smtp=sink.url).send(make_delivery())
    assert error.value.permanent is permanent
    assert sink.messages == []


async def test_refused_content_did_not_leave(sqlite_db: Database, sink: MailSink) -> None:
    sink.data_answer = "451 4.7.1 greylisted"
    with pytest.raises(SendError) as error:
        await make_channel(sqlite_db, smtp=sink.url).send(make_delivery())
    assert not error.value.permanent


async def test_copies_reach_the_others_by_header_and_envelope(
    sqlite_db: Database, sink: MailSink
) -> None:
    target = {**make_delivery().target, "cc": "bob@cust.example cy@partner.example"}
    sink.refuse["cy@partner.example"] = "550 5.1.1 unknown"
    receipt = await make_channel(sqlite_db, smtp=sink.url).send(make_delivery(target=target))
    (sunk,) = sink.messages
    assert sunk.recipients == ("ann@cust.example", "bob@cust.example")
    assert sunk.message["Cc"] == "bob@cust.example, cy@partner.example"
    assert receipt.data["refused"].startswith("cy@partner.example: ")


@pytest.mark.parametrize("answer", ["550 5.1.1 unknown", "450 4.2.0 not now"])
async def test_an_answer_that_only_others_got_is_not_sent_to_them_again(
    sqlite_db: Database, sink: MailSink, answer: str
) -> None:
    sink.refuse["ann@cust.example"] = answer
    target = {**make_delivery().target, "cc": "bob@cust.example"}
    with pytest.raises(SendError, match="others got it") as error:
        await make_channel(sqlite_db, smtp=sink.url).send(make_delivery(target=target))
    assert error.value.permanent


async def test_partial_refusal_is_told(sink: MailSink) -> None:
    sink.refuse["gone@cust.example"] = "550 5.1.1 unknown"
    refused = await submit(
        submission(sink.url, None),
        Envelope("", ("gone@cust.example", "ann@cust.example"), "help@bot.example"),
        b"Subject: x\r\n\r\nhi\r\n",
    )
    assert [one.address for one in refused] == ["gone@cust.example"]
    assert sink.messages[0].recipients == ("ann@cust.example",)


async def test_one_temporary_refusal_among_all_means_try_again(sink: MailSink) -> None:
    sink.refuse = {"gone@cust.example": "550 no", "full@cust.example": "452 full"}
    to = Envelope("", tuple(sink.refuse), "help@bot.example")
    with pytest.raises(SendError) as error:
        await submit(submission(sink.url, None), to, b"\r\nhi\r\n")
    assert not error.value.permanent


async def test_connection_lost_after_the_message_is_unknown(
    sqlite_db: Database, sink: MailSink
) -> None:
    sink.vanish_after_data = True
    channel = make_channel(sqlite_db, smtp=sink.url)
    with pytest.raises(DeliveryUnknown):
        await channel.send(make_delivery())
    with pytest.raises(DeliveryUnknown):
        await channel.find(make_delivery())


async def test_unreachable_server_is_temporary(sqlite_db: Database) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(SendError, match=r"127\.0\.0\.1") as error:
        await make_channel(sqlite_db, smtp=f"smtp://127.0.0.1:{port}").send(make_delivery())
    assert not error.value.permanent


async def test_channel_without_a_way_out_says_so(sqlite_db: Database) -> None:
    with pytest.raises(SendError, match="no smtp server") as error:
        await make_channel(sqlite_db).send(make_delivery())
    assert error.value.permanent


async def test_outbox_holds_the_reply_once_and_finds_it(
    sqlite_db: Database, tmp_path: Path
) -> None:
    channel = make_channel(sqlite_db, outbox=tmp_path / "out")
    assert await channel.find(make_delivery()) is None
    sent = await channel.send(make_delivery())
    again = await channel.send(make_delivery())
    assert await channel.find(make_delivery()) == sent == again
    assert await channel.find(make_delivery(key="reply:2")) is None
    (file,) = (tmp_path / "out" / "new").iterdir()
    assert b"Auto-Submitted: auto-replied" in file.read_bytes()


async def test_outbox_finds_a_reply_that_a_mail_program_has_read(
    sqlite_db: Database, tmp_path: Path
) -> None:
    channel = make_channel(sqlite_db, outbox=tmp_path / "out")
    await channel.send(make_delivery())
    (file,) = (tmp_path / "out" / "new").iterdir()
    file.rename(tmp_path / "out" / "cur" / f"{file.name}:2,S")
    assert await channel.find(make_delivery()) is not None


async def test_unwritable_outbox_is_temporary(sqlite_db: Database, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, no folder")
    with pytest.raises(SendError, match="outbox") as error:
        await make_channel(sqlite_db, outbox=tmp_path / "out").send(make_delivery())
    assert not error.value.permanent


async def test_nothing_in_a_target_becomes_a_header(sqlite_db: Database, sink: MailSink) -> None:
    target = {"subject": "Hi\r\nBcc: evil@x.example", "references": "<a@b>\r\nBcc: <c@d>"}
    await make_channel(sqlite_db, smtp=sink.url).send(make_delivery(target=target))
    message = sink.messages[0].message
    assert message["Bcc"] is None
    assert message["Subject"] == "Re: Hi Bcc: evil@x.example"


async def test_address_with_a_line_break_is_refused_for_good(
    sqlite_db: Database, sink: MailSink
) -> None:
    target = {"to": "ann@cust.example\r\nRCPT TO:<evil@x.example>"}
    with pytest.raises(SendError) as error:
        await make_channel(sqlite_db, smtp=sink.url).send(make_delivery(target=target))
    assert error.value.permanent
    assert sink.messages == []


@pytest.mark.parametrize("url", ["http://x", "smtp://", "mail.example:25"])
def test_unreadable_smtp_url_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="smtps://"):
        submission(url, None)


async def test_answer_of_a_person_has_their_name_and_no_mark_of_a_machine(
    sqlite_db: Database, sink: MailSink
) -> None:
    channel = make_channel(sqlite_db, smtp=sink.url)
    await channel.send(make_delivery(signed="Olga Oper\r\nBcc: x@y.z", handler_epoch=None))
    await channel.send(make_delivery(key="reply:2", handler_epoch=None))
    named, nameless = (sunk.message for sunk in sink.messages)
    assert named["From"] == '"Olga Oper Bcc: x@y.z (Help desk)" <help@bot.example>'
    assert nameless["From"] == "Help desk <help@bot.example>"
    for message in (named, nameless):
        for mark in ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "Bcc"):
            assert message[mark] is None
        assert identity.is_ours(message["X-Supportbot-Loop"], SECRET)


async def test_word_about_a_ticket_is_one_that_nobody_may_answer_by_itself(
    sqlite_db: Database, sink: MailSink
) -> None:
    """RFC 3834: no report comes back to it, and a person's answer still finds the ticket."""
    await make_channel(sqlite_db, smtp=sink.url).send(make_delivery(kind=DeliveryKind.NOTICE))
    (sunk,) = sink.messages
    assert sunk.mail_from == "<>"
    assert sunk.message["Auto-Submitted"] == "auto-replied"
    assert sunk.message["Precedence"] == "bulk"
    assert identity.ticket_of(sunk.message["Reply-To"].addresses[0].addr_spec, SECRET)


async def test_word_to_operators_is_generated_and_names_no_ticket(
    sqlite_db: Database, sink: MailSink
) -> None:
    told = make_delivery(kind=DeliveryKind.NOTICE, audience=Audience.OPERATORS)
    receipt = await make_channel(sqlite_db, smtp=sink.url).send(told)
    message = sink.messages[0].message
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Reply-To"] is None
    assert receipt.thread_keys == (f"mid:{receipt.provider_id}",)


async def test_mailbox_without_signed_addresses_uses_its_own(
    sqlite_db: Database, sink: MailSink
) -> None:
    channel = make_channel(sqlite_db, smtp=sink.url, reply_address="none")
    await channel.send(make_delivery())
    await channel.send(make_delivery(key="notice:1", kind=DeliveryKind.NOTICE))
    assert [sunk.mail_from for sunk in sink.messages] == ["help@bot.example"] * 2
    assert sink.messages[0].message["Reply-To"] is None


async def test_domain_of_its_own_takes_answers_and_reports(
    sqlite_db: Database, sink: MailSink
) -> None:
    channel = make_channel(sqlite_db, smtp=sink.url, reply_address="*@reply.bot.example")
    await channel.send(make_delivery())
    (sunk,) = sink.messages
    reply_to = sunk.message["Reply-To"].addresses[0]
    assert (reply_to.domain, sunk.mail_from.rpartition("@")[2]) == ("reply.bot.example",) * 2
    assert "+" not in reply_to.username


async def test_customer_beyond_ascii_gets_an_answer(sqlite_db: Database, sink: MailSink) -> None:
    """RFC 6531 for the local part; a domain is written in ASCII for servers of any age."""
    channel = make_channel(sqlite_db, smtp=sink.url)
    await channel.send(make_delivery(target={"to": "jörg@bücher.example"}))
    await channel.send(make_delivery(target={"to": "ann@straße.example"}))
    first, second = sink.messages
    assert first.recipients == ("jörg@xn--bcher-kva.example",)
    assert "To: jörg@xn--bcher-kva.example\r\n".encode() in first.raw
    assert second.recipients == ("ann@xn--strae-oqa.example",)


async def test_domain_that_puts_off_gets_nothing_for_a_while_and_others_do(
    sqlite_db: Database, sink: MailSink
) -> None:
    sink.refuse["ann@cust.example"] = "450 4.7.1 slow down"
    channel = make_channel(sqlite_db, smtp=sink.url)
    with pytest.raises(SendError) as refused:
        await channel.send(make_delivery())
    assert refused.value.retry_after_seconds is None
    sink.refuse.clear()
    with pytest.raises(SendError, match="puts us off") as waits:
        await channel.send(make_delivery(key="reply:2"))
    assert waits.value.retry_after_seconds is not None
    await channel.send(make_delivery(key="reply:3", target={"to": "bob@other.example"}))
    assert [sunk.recipients for sunk in sink.messages] == [("bob@other.example",)]
