from __future__ import annotations

import json

import pytest

from supportbot.channels.email.meaning.inspect import inspect

KEYS = {
    "file", "message_id", "from", "to", "subject", "date", "kind", "reply_allowed", "reasons",
    "text", "reply_text", "attachments", "in_reply_to", "references", "recipients",
    "authentication", "warnings",
}  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"From: a@x.example\n\nhi", b"--b\n" * 100])
def test_every_key_is_always_present_and_json(raw: bytes) -> None:
    shown = inspect(raw, "a.eml")
    assert set(shown) == KEYS
    assert json.loads(json.dumps(shown))["file"] == "a.eml"
    assert set(shown["from"]) == {"name", "address"}


def test_mail_is_shown_as_it_would_be_handled() -> None:
    shown = inspect(
        b"From: Ann <ann@cust.example>\nTo: help@bot.example\nSubject: Re: Order\n"
        b"Date: Mon, 2 Mar 2026 09:00:00 +0000\nMessage-ID: <3@x>\nIn-Reply-To: <2@x>\n"
        b"References: <1@x> <2@x>\n\nYes.\n\nOn 1 Feb 2016 at 18:32, B <b@x.y> wrote:\n> Really?\n",
        "a.eml",
    )
    assert shown["from"] == {"name": "Ann", "address": "ann@cust.example"}
    assert shown["to"] == [{"name": "", "address": "help@bot.example"}]
    assert shown["message_id"] == "3@x"
    assert (shown["in_reply_to"], shown["references"]) == ("2@x", ["1@x", "2@x"])
    assert shown["date"] == "2026-03-02T09:00:00+00:00"
    assert (shown["kind"], shown["reply_allowed"], shown["reasons"]) == ("human", True, [])
    assert "Really?" in shown["text"]
    assert shown["reply_text"] == "Yes."


def test_mail_tells_whose_word_its_sender_has() -> None:
    raw = (
        b"Authentication-Results: mx.a.example; dmarc=pass header.from=cust.example\n"
        b"Authentication-Results: spf=pass smtp.mailfrom=cust.example\n"
        b"From: ann@cust.example\n\nhi"
    )
    assert inspect(raw, "a.eml")["authentication"] == {
        "result": "unverified",
        "reason": "not_checked",
        "servers": ["mx.a.example", "microsoft-365"],
    }
    believed = inspect(raw, "a.eml", authserv_ids=["mx.a.example"])["authentication"]
    assert (believed["result"], believed["reason"]) == ("verified", "dmarc")


def test_unreadable_mail_says_so() -> None:
    shown = inspect(b"", "a.eml")
    assert (shown["kind"], shown["reply_allowed"]) == ("unreadable", False)
    assert "empty" in shown["warnings"]


def test_bounce_lists_its_recipients() -> None:
    shown = inspect(
        b'From: MAILER-DAEMON@x.example\nContent-Type: multipart/report; boundary="b"\n\n'
        b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        b"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n--b--\n",
        "a.eml",
    )
    assert shown["kind"] == "bounce"
    assert shown["recipients"] == [
        {"address": "a@b.example", "status": "5.1.1", "action": "failed", "permanent": True}
    ]
