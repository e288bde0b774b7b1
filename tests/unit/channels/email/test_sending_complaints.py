"""What users of other products complained about in mail that a desk sends, by their issue numbers.

What we write is read here as another installation of ours would read it, and as we would.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.email.identity import SignedAddresses, message_id, ticket_key
from supportbot.channels.email.meaning.addressees import Home
from supportbot.channels.email.meaning.understand import Mailbox, understand
from supportbot.channels.email.reading.mail import Limits
from supportbot.channels.email.sending.render import Letter, Writer, render
from supportbot.model.inbound import CustomerMessage, DispositionKind, Inbound

SECRET, OTHERS = b"k" * 32, b"o" * 32
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SIGNED = SignedAddresses("help@bot.example", SECRET)


def written(writer: Writer, **changes: Any) -> bytes:
    """Write a letter from our desk to another one."""
    facts: dict[str, Any] = {
        "sender": "help@bot.example",
        "to": "desk@other.example",
        "subject": "Order",
        "text": "Done.",
        "message_id": message_id("reply:1", "bot.example", SECRET),
        "at": AT,
        "writer": writer,
        "reply_to": SIGNED.reply_to("T1"),
        **changes,
    }
    return render(Letter(**facts)).as_bytes()


def read(raw: bytes, address: str, secret: bytes, **meta: str) -> CustomerMessage:
    home = Home(f"email:{address}")
    mailbox = Mailbox(address, home, {address: home}, secret, Limits())
    return understand(Inbound(f"email:{address}", ("k",), raw, meta, AT, deferred=True), mailbox)


def by_us(raw: bytes, **meta: str) -> CustomerMessage:
    return read(raw, "help@bot.example", SECRET, **meta)


@pytest.mark.parametrize("writer", [Writer.BOT, Writer.NOTICE, Writer.SYSTEM])
@pytest.mark.parametrize(
    "issue",
    ["osTicket#1041", "odoo#66329", "freescout#634", "freescout#688", "PostHog#92017"],
)
def test_two_desks_do_not_answer_each_other_for_ever(issue: str, writer: Writer) -> None:
    theirs = read(written(writer), "desk@other.example", OTHERS)
    assert theirs.disposition.kind is DispositionKind.AUTO_REPLY, issue
    assert not theirs.disposition.reply_allowed


def test_a_person_at_one_desk_is_answered_by_the_other() -> None:
    """What a person wrote must not be kept from whoever waits for it."""
    theirs = read(written(Writer.PERSON), "desk@other.example", OTHERS)
    assert theirs.disposition.kind is DispositionKind.HUMAN
    assert theirs.disposition.reply_allowed
    assert theirs.target["to"] == SIGNED.reply_to("T1")


@pytest.mark.parametrize("writer", [*Writer])
@pytest.mark.parametrize("issue", ["wayland#547", "zammad#986", "freescout#2977"])
def test_what_we_sent_is_known_when_it_comes_back(issue: str, writer: Writer) -> None:
    """By another way in, out of the folder of sent mail, or after a relay gave it another id."""
    raw = written(writer).replace(b"From: help@bot.example", b"From: relay@far.example")
    assert by_us(raw).disposition.kind is DispositionKind.OWN, issue
    again = raw.replace(b"Message-ID: <sb.", b"Message-ID: <another.")
    assert again != raw
    assert by_us(again).disposition.kind is DispositionKind.OWN, issue


@pytest.mark.parametrize(
    ("issue", "subject", "ids"),
    [
        ("zammad#3022", "Re: Order", ""),
        ("zammad#3695", "[JIRA] (X-1) Order", "In-Reply-To: <issue-1@jira.example>\n"),
        ("chatwoot#3868", "Re: Order", "References: <lost@x.example>\n"),
        ("chatwoot#15869", "Something else", ""),
        ("freescout#2375", "Re: Order", "In-Reply-To: <another-thread@x.example>\n"),
    ],
)
def test_answer_finds_its_ticket_whatever_ids_and_subject_are(
    issue: str, subject: str, ids: str
) -> None:
    head = f"From: ann@cust.example\nTo: {SIGNED.reply_to('T1')}\nSubject: {subject}\n{ids}"
    assert by_us(f"{head}\nOk\n".encode()).thread_keys[0] == ticket_key("T1"), issue


def test_answer_that_names_us_in_bcc_only_finds_its_ticket() -> None:
    """freescout#2382: the envelope knows."""
    raw = b"From: ann@cust.example\nTo: boss@cust.example\n\nOk\n"
    heard = by_us(raw, rcpt=SIGNED.reply_to("T1"))
    assert heard.thread_keys[0] == ticket_key("T1")
    assert heard.sender.external_id == "ann@cust.example"


def test_answer_goes_where_the_customer_asks_for_it() -> None:
    """zammad#1299."""
    raw = b"From: form@cust.example\nReply-To: ann@cust.example\n\nHelp\n"
    assert by_us(raw).target["to"] == "ann@cust.example"
