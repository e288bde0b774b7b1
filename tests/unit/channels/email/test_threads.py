from __future__ import annotations

from datetime import UTC, datetime

import pytest

from supportbot.channels.email.meaning import threads
from supportbot.channels.email.reading.mail import Mail, Returned
from supportbot.model.inbound import Inbound

TICKET = "01KJPWD6M0000000000000YGJ1"


def parents(mail: Mail) -> tuple[str, ...]:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    inbound = Inbound("email:help@bot.example", (), b"", {}, at)
    return threads.parents(mail, inbound, "help@bot.example", b"k" * 32)


def test_parents_are_named_in_the_order_of_trust() -> None:
    mail = Mail(
        headers={},
        message_id="<own@x>",
        in_reply_to=("<2@x>",),
        references=("<0@x>", "<1@x>", "<2@x>", "<own@x>"),
        returned=Returned(message_ids=("<9@x>",)),
    )
    assert parents(mail) == ("mid:<9@x>", "mid:<2@x>", "mid:<1@x>", "mid:<0@x>")


def test_endless_references_name_fifty_parents_the_newest() -> None:
    mail = Mail(headers={}, references=tuple(f"<{number}@x>" for number in range(500)))
    found = parents(mail)
    assert (len(found), found[0], found[-1]) == (50, "mid:<499@x>", "mid:<450@x>")


def test_a_tag_is_read_as_it_was_written() -> None:
    subject = threads.tagged("Order 77", TICKET)
    assert subject == "[#0000YGJ1] Order 77"
    for seen in (subject, f"Re: {subject}", "INC1 - order 77 [#0000ygj1]"):
        assert threads.tag_of(seen) == "0000YGJ1"
    assert threads.without_tag(f"Re: {subject}") == "Re: Order 77"
    assert threads.tagged(subject, TICKET) == subject
    assert threads.tagged(None, TICKET) == "[#0000YGJ1]"


@pytest.mark.parametrize(
    "subject", [None, "", "Order [#77]", "[#0000YGJ]", "[#0000YGJ12]", "[0000YGJ1]", "[#0000UILO]"]
)
def test_other_brackets_are_no_tag(subject: str | None) -> None:
    assert threads.tag_of(subject) is None
    assert threads.without_tag(subject) == subject


def test_content_key_ignores_added_headers_and_tells_contents_apart() -> None:
    mail = b"Message-ID:\r\n <1@x>\r\nSubject: a\r\n\r\nbody"
    assert threads.content_key(mail).startswith("mid:<1@x>:")
    assert threads.content_key(b"Received: x\r\n" + mail) == threads.content_key(mail)
    assert threads.content_key(mail + b"!") != threads.content_key(mail)
    assert threads.content_key(b"Subject: a\r\n\r\nMessage-ID: <1@x>").startswith("raw:")
    assert len(threads.content_key(b"Message-ID: <" + b"x" * 5_000 + b"@y>\r\n\r\n")) <= 512
