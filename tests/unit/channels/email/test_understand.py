from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.email.identity import SignedAddresses, message_id, ticket_key
from supportbot.channels.email.meaning.addressees import Home
from supportbot.channels.email.meaning.understand import Mailbox, understand
from supportbot.channels.email.reading.mail import Limits
from supportbot.errors import EmptyBody, TooLarge, Unparsable
from supportbot.model.inbound import CustomerMessage, DispositionKind, Inbound

SECRET = b"k" * 32
HELP, SALES = Home("email:help@bot.example", "shop"), Home("email:sales@bot.example", "deals")
MAILBOX = Mailbox(
    address="help@bot.example",
    home=HELP,
    homes={"help@bot.example": HELP, "hi@bot.example": HELP, "sales@bot.example": SALES},
    secret=SECRET,
    limits=Limits(max_bytes=100_000),
)


SIGNED = SignedAddresses("help@bot.example", SECRET)
OWN_DOMAIN = SignedAddresses("*@reply.bot.example", SECRET)


def heard(*headers: str, body: str = "My question?", **meta: str) -> CustomerMessage:
    lines = list(headers)
    if not any(line.lower().startswith("from:") for line in lines):
        lines.append("From: Ann <Ann@Cust.example>")
    return understand(make_inbound(("\n".join(lines) + f"\n\n{body}").encode(), **meta), MAILBOX)


def make_inbound(raw: bytes, **meta: str) -> Inbound:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    return Inbound("email:help@bot.example", ("k",), raw, meta, at, deferred=True)


def test_mail_becomes_a_customers_message() -> None:
    message = heard(
        "To: Help <help@bot.example>",
        "Subject: Re: Order",
        "Message-ID: <3@cust.example>",
        body="New words.\n\nOn 1 Feb 2016 at 18:32, Bot <help@bot.example> wrote:\n> old\n",
    )
    assert message.sender.external_id == "ann@cust.example"
    assert message.sender.name == "Ann"
    assert message.sender.account == "mail:cust.example"
    assert message.text == "New words."
    assert message.subject == "Re: Order"
    assert message.product == "shop"
    assert not message.shared_thread
    assert message.disposition.reply_allowed


def test_thread_is_named_by_parents_first_and_the_mail_itself_last() -> None:
    message = heard(
        "Message-ID: <3@x>", "In-Reply-To: <2@x>", "References: <0@x> <1@x> <2@x> <3@x>"
    )
    assert message.thread_keys == ("mid:<2@x>", "mid:<1@x>", "mid:<0@x>", "mid:<3@x>")


def test_forward_names_itself_alone_and_the_thread_that_it_was_taken_out_of() -> None:
    message = heard("Message-ID: <3@x>", "In-Reply-To: <2@x>", "Subject: Fwd: Order")
    assert message.thread_keys == ("mid:<3@x>",)
    mail = message.correspondence
    assert mail is not None
    assert (mail.forward, mail.beside) == (True, ("mid:<2@x>",))


def test_copy_is_for_the_mailbox_that_is_named_first() -> None:
    message = heard("To: Sales <sales@bot.example>", "Cc: help@bot.example")
    assert message.product == "deals"
    assert message.target["from"] == "sales@bot.example"
    mail = message.correspondence
    assert mail is not None
    assert mail.home == "email:sales@bot.example"


def test_mail_without_an_id_is_named_by_its_content() -> None:
    first, second = heard(body="one"), heard(body="two")
    assert first.thread_keys[0].startswith("raw:")
    assert first.thread_keys != second.thread_keys
    assert first.thread_keys == heard(body="one").thread_keys


def test_bounce_is_named_by_the_mail_that_it_returns() -> None:
    body = (
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n"
        "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <ours@bot.example>\n"
        "Subject: x\n--b--\n"
    )
    message = heard(
        "From: MAILER-DAEMON@mx.example",
        "Message-ID: <bounce@mx.example>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        body=body,
    )
    assert message.disposition.kind is DispositionKind.BOUNCE
    assert message.thread_keys[0] == "mid:<ours@bot.example>"


def test_report_that_returns_a_mail_without_a_word_is_no_forward() -> None:
    body = "--b\nContent-Type: message/rfc822\n\nMessage-ID: <ours@bot.example>\n\nx\n--b--\n"
    message = heard(
        "From: MAILER-DAEMON@mx.example",
        "Subject: Fwd: Undelivered",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        body=body,
        mail_from="",
    )
    assert message.disposition.kind is DispositionKind.BOUNCE
    assert message.thread_keys[0] == "mid:<ours@bot.example>"


def test_bounce_without_any_sender_is_filed() -> None:
    message = heard("From: MAILER-DAEMON <>", "Subject: Undelivered", mail_from="")
    assert message.disposition.kind is DispositionKind.BOUNCE
    assert message.sender.external_id == "<>"


def test_reply_goes_to_the_sender_from_the_address_that_was_written_to() -> None:
    message = heard(
        "To: other@x.example, Hi+t1@bot.example",
        "Subject: Order",
        "Message-ID: <2@x>",
        "References: <0@x>\n <1@x>",
    )
    assert message.target == {
        "to": "Ann@Cust.example",
        "from": "hi@bot.example",
        "subject": "Order",
        "in_reply_to": "<2@x>",
        "references": "<0@x> <1@x>",
    }


def test_blind_copy_is_answered_from_the_address_of_the_envelope() -> None:
    assert heard("To: undisclosed:;", rcpt="hi@bot.example").target["from"] == "hi@bot.example"
    assert heard("To: undisclosed:;", rcpt="sales@bot.example").target["from"] == ""
    assert heard("To: undisclosed:;").target["from"] == ""


def test_reply_to_is_respected_but_does_not_make_the_customer() -> None:
    message = heard("Reply-To: desk@cust.example")
    assert message.target["to"] == "desk@cust.example"
    assert message.sender.external_id == "ann@cust.example"


@pytest.mark.parametrize(
    "value", ["help+x@bot.example", "sales@bot.example", "nobody", "a@x.y, b@x.y"]
)
def test_reply_to_ourselves_or_to_many_is_ignored(value: str) -> None:
    assert heard(f"Reply-To: {value}").target["to"] == "Ann@Cust.example"


def test_private_mail_provider_is_no_company() -> None:
    assert heard("From: ann@gmail.com").sender.account is None


def test_mail_of_the_bot_itself_is_own_by_its_signature() -> None:
    own = message_id("reply:1", "bot.example", SECRET)
    for header in (f"Message-ID: {own}", f"X-Supportbot-Loop: {own}"):
        assert heard(header).disposition.kind is DispositionKind.OWN


def test_observed_mail_is_not_answered() -> None:
    assert heard(observed="1").disposition.reasons == ("before_cut_over",)


def test_subject_stands_in_for_an_empty_body() -> None:
    assert heard("Subject: Please call me", body=" \n").text == "Please call me"


def test_forward_keeps_what_was_forwarded() -> None:
    body = "Look:\n\nFrom: Bob\nSent: x\nTo: Ann\nSubject: y\n\nthe point"
    assert "the point" in heard("Subject: WG: y", body=body).text
    assert "the point" not in heard("Subject: Re: y", body=body).text


def test_attachment_is_handed_over_with_a_safe_name() -> None:
    body = (
        "--b\n\nsee file\n--b\nContent-Type: text/csv\n"
        'Content-Disposition: attachment; filename="../a.csv"\n\n1,2\n--b--\n'
    )
    (file,) = heard('Content-Type: multipart/mixed; boundary="b"', body=body).attachments
    assert (file.filename, file.content_type) == ("a.csv", "text/csv")
    assert file.content.strip() == b"1,2"


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", Unparsable),
        (b"Subject: x\n\nno sender", Unparsable),
        (b"From: a@x.example\nFrom: b@x.example\n\ntwo senders", Unparsable),
        (b"From: a@x.example\n\n  \n", EmptyBody),
        (b"From: a@x.example\n\n" + b"x" * 100_001, TooLarge),
    ],
)
def test_mail_that_cannot_become_a_turn_is_refused_by_name(
    raw: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        understand(make_inbound(raw), MAILBOX)


def test_mail_that_was_left_on_the_server_is_too_large() -> None:
    with pytest.raises(TooLarge):
        understand(make_inbound(b"From: a@x.example\n\n", too_large="1"), MAILBOX)


def test_equal_bytes_give_an_equal_message() -> None:
    facts: dict[str, Any] = {"body": "same"}
    assert heard("Message-ID: <1@x>", **facts) == heard("Message-ID: <1@x>", **facts)


@pytest.mark.parametrize("signed", [SIGNED, OWN_DOMAIN])
@pytest.mark.parametrize("where", ["To", "Cc", "Delivered-To", "X-Original-To", "envelope"])
def test_signed_reply_address_is_the_first_name_of_the_thread(
    signed: SignedAddresses, where: str
) -> None:
    """Also where the envelope alone still tells, and where a server changed its case."""
    address = signed.reply_to("T1").upper()
    header = [] if where == "envelope" else [f"{where}: Help <{address}>"]
    meta = {"rcpt": f"info@x.example,{address}"} if where == "envelope" else {}
    message = heard(*header, "In-Reply-To: <2@x>", "Message-ID: <3@x>", **meta)
    assert message.thread_keys == (ticket_key("T1"), "mid:<2@x>", "mid:<3@x>")


def test_forged_reply_address_names_nothing() -> None:
    """Regression of itop#95 and alga-psa#3241: nobody gets into a ticket by guessing its name."""
    forged = SignedAddresses("help@bot.example", b"another").reply_to("T1")
    message = heard(f"To: <{forged}>", "Message-ID: <3@x>", rcpt=forged)
    assert message.thread_keys == ("mid:<3@x>",)


def test_report_to_a_return_path_is_named_by_its_delivery_before_anything_it_says() -> None:
    message = heard(
        "From: MAILER-DAEMON@mx.example",
        f"To: <{SIGNED.return_path('reply:1')}>",
        "In-Reply-To: <other@x>",
        "Message-ID: <3@mx>",
    )
    own = message_id("reply:1", "bot.example", SECRET)
    assert message.thread_keys == (f"mid:{own}", "mid:<other@x>", "mid:<3@mx>")
    assert message.disposition.kind is DispositionKind.BOUNCE


def test_thousands_of_recipients_name_fifty_threads_at_most() -> None:
    many = ", ".join(SIGNED.reply_to(f"T{number}") for number in range(400))
    assert len(heard(f"To: {many}", "Message-ID: <3@x>").thread_keys) <= 51


def test_answer_to_our_own_signed_address_is_not_sent_there() -> None:
    """wayland#547: a bot that is answered from its own addresses must not write to itself."""
    mailbox = replace(MAILBOX, homes={**MAILBOX.homes, "*@reply.bot.example": HELP})
    for address in (SIGNED.reply_to("T1"), OWN_DOMAIN.reply_to("T1")):
        raw = f"From: ann@cust.example\nReply-To: {address}\n\nHi".encode()
        assert understand(make_inbound(raw), mailbox).target["to"] == "ann@cust.example"
        raw = f"From: {address}\n\nHi".encode()
        assert understand(make_inbound(raw), mailbox).disposition.kind is DispositionKind.OWN


def test_parent_without_references_is_answered_below_what_it_answers() -> None:
    """RFC 5322 3.6.4: its In-Reply-To stands in for them, if that is one id."""
    target = heard("Message-ID: <3@x>", "In-Reply-To: <2@x>").target
    assert target["references"] == "<2@x>"
    several = heard("Message-ID: <3@x>", "In-Reply-To: <1@x> <2@x>").target
    assert several["references"] == ""
