from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.channels.email.reading.mail import Address
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.channels.email.sending.render import (
    Letter,
    render,
    reply_subject,
    to_html,
    to_plain,
)

#: Anything a model or a customer may write; lone surrogates are never stored.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.sampled_from(
    ["a\r\nBcc: x@y.z", "a\n\n<b>", "\u2028Bcc: x", "=?utf-8?q?a=0D=0ABcc:_evil?=", "x" * 2000]
)
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def make_letter(**changes: Any) -> Letter:
    facts: dict[str, Any] = {
        "sender": "help@bot.example",
        "to": "ann@cust.example",
        "subject": "Order",
        "text": "Hello **Ann**.",
        "message_id": "<sb.1.2@bot.example>",
        "at": AT,
        **changes,
    }
    return Letter(**facts)


def raw_headers(letter: Letter) -> dict[str, str]:
    head = render(letter).as_bytes().split(b"\r\n\r\n")[0].decode("ascii")
    lines = head.replace("\r\n ", " ").split("\r\n")
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}


def reread(letter: Letter) -> EmailMessage:
    message = message_from_bytes(render(letter).as_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.parametrize("length", [40, 80, 200, 600])
def test_long_ids_survive_in_references_letter_by_letter(length: int) -> None:
    """Regression of cpython#100991: RFC 2047 words in References break threads."""
    ids = [f"<{str(n) * length}@{'h' * 40}.example>"[: length + 60] for n in range(10)]
    ids = [one if one.endswith(">") else f"{one}>" for one in ids]
    letter = make_letter(in_reply_to=ids[-1], references=ids[:-1])
    raw = render(letter).as_bytes()
    assert raw_headers(letter)["References"].split() == ids
    assert raw_headers(letter)["In-Reply-To"] == ids[-1]
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_references_keep_the_first_and_last_twenty_and_end_with_the_parent() -> None:
    ids = [f"<{n}@x.example>" for n in range(100)]
    kept = raw_headers(make_letter(in_reply_to=ids[50], references=ids))["References"].split()
    assert kept[:20] == ids[:20]
    assert kept[-1] == ids[50]
    assert len(kept) == 40


@pytest.mark.parametrize("bad", ["<a b@c>", "<ü@x>", "<a@b>\r\nBcc: x@y.z", "plain", ""])
def test_malformed_ids_are_left_out(bad: str) -> None:
    headers = raw_headers(make_letter(in_reply_to=bad, references=[bad, "<ok@x>"]))
    assert headers["References"] == "<ok@x>"
    assert "In-Reply-To" not in headers
    assert "Bcc" not in headers


@given(subject=TEXTS, name=TEXTS, words=TEXTS)
def test_no_words_of_anybody_become_a_header(subject: str, name: str, words: str) -> None:
    letter = make_letter(subject=subject, sender_name=name, text=words, reply_to="r@bot.example")
    head, _, _ = render(letter).as_bytes().partition(b"\r\n\r\n")
    assert head.isascii()
    assert set(raw_headers(letter)) == {
        *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("X-Auto-Response-Suppress", "X-Supportbot-Loop", "MIME-Version", "Content-Type"),
    }
    assert max(map(len, head.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Order", "Re: Order"),
        ("Re: Order", "Re: Order"),
        ("RE: AW: Re[2]: SV: Order", "Re: Order"),
        ("Antw: RE (3): Re^2: R: Order", "Re: Order"),
        ("回复\uff1a答复: 회신: Order", "Re: Order"),
        ("Rechnung: Order", "Re: Rechnung: Order"),
        ("Antwort: Order", "Re: Order"),
        ("Software: crash", "Re: Software: crash"),
        ("Order, re: the lamp", "Re: Order, re: the lamp"),
        ("Fwd: Order", "Re: Fwd: Order"),
        ("Re: gnp.\u202egepj.exe\u202c \u2066x\u2069", "Re: gnp.gepj.exe x"),
        ("a\x80b\udc80c", "Re: a b c"),
        ("Order\r\nBcc: x@y.z", "Re: Order Bcc: x@y.z"),
        ("a\u2028b\x00c", "Re: a b c"),
        ("", "Re: (no subject)"),
        (None, "Re: (no subject)"),
        ("Re:", "Re: (no subject)"),
        ("x" * 2_000, "Re: " + "x" * 250),
    ],
)
def test_subject_is_answered_once_on_one_line(subject: str | None, expected: str) -> None:
    assert reply_subject(subject) == expected


def test_subject_of_any_script_comes_back_unchanged() -> None:
    subject = "Grüße aus 日本 " * 8
    assert reread(make_letter(subject=subject))["Subject"] == f"Re: {subject.strip()}"


@pytest.mark.parametrize("words", ["=?utf-8?q?a=0D=0ABcc:_x@y.z?=", "=??Q?=0D=0ABcc:_x?="])
def test_words_that_look_encoded_already_are_shown_as_they_are(words: str) -> None:
    """The library would decode them, and write the line break that comes out."""
    letter = make_letter(subject=words, sender_name=words)
    assert "Bcc" not in raw_headers(letter)
    name, charset = decode_header(raw_headers(letter)["From"])[0]
    assert (name, charset) == (words.encode(), "utf-8")
    assert parse_mail(render(letter).as_bytes()).subject == f"Re: {words}"


def test_name_of_any_script_comes_back_unchanged() -> None:
    """Read by our own parser: the library's loses the joint between two encoded words."""
    name = "Grüße aus 日本: Kundendienst, Müller & Söhne"
    raw = render(make_letter(sender_name=name)).as_bytes()
    assert parse_mail(raw).authors == (Address(name, "help@bot.example"),)


def test_name_cannot_turn_the_address_beside_it() -> None:
    message = reread(make_letter(sender_name="\u202emoc.knab@pleh\u202c"))
    assert message["From"].addresses[0].display_name == "moc.knab@pleh"
    assert message["From"].addresses[0].addr_spec == "help@bot.example"


def test_reply_says_that_a_machine_wrote_it() -> None:
    headers = raw_headers(make_letter())
    assert headers["Auto-Submitted"] == "auto-replied"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["X-Supportbot-Loop"] == "<sb.1.2@bot.example>"
    assert headers["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("Source: [Plans](https://h.example/p)", "Source: Plans <https://h.example/p>"),
        ("(see [a \\[b\\]](https://h.example/p_(1)))", "(see a [b] <https://h.example/p_(1)>)"),
        ("[x](<https://h.example/p_(1>)", "x <https://h.example/p_(1>"),
        ("[https://h.example](https://h.example)", "https://h.example"),
        ("a list[0](x) of **code**", "a list[0](x) of **code**"),
    ],
)
def test_link_is_written_out_in_the_plain_text(markdown: str, shown: str) -> None:
    assert to_plain(markdown) == shown
    body = reread(make_letter(text=markdown)).get_body(("plain",))
    assert body is not None
    assert body.get_content().rstrip() == shown


def test_text_and_html_say_the_same() -> None:
    message = reread(make_letter(text="Grüße **Ann**\n\n- one\n- two"))
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == "Grüße **Ann**\n\n- one\n- two\n"
    assert "<strong>Ann</strong>" in html.get_content()
    assert "<li>one</li>" in html.get_content()


def test_html_looks_alike_in_programs_that_know_no_style_sheets() -> None:
    """Styles stand at the tags that need them, and only there; words that look like tags stay."""
    html = to_html("| a | b |\n|---|---|\n| 1 | `x<td>` |\n\n> quote\n\n```\n<pre> & co\n```\n")
    assert html.startswith("<!DOCTYPE html>")
    assert 'dir="auto"' in html
    for tag in ("table", "th", "td", "code", "pre", "blockquote"):
        assert f'<{tag} style="' in html
        assert f"<{tag}>" not in html
    assert "&lt;td&gt;" in html
    assert "&lt;pre&gt; &amp; co" in html


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "![x](https://tracker.example/p.gif)",
        "[x](data:text/html,hi)",
    ],
)
def test_html_holds_nothing_that_acts(evil: str) -> None:
    html = to_html(evil)
    for word in ("<script", "<img", 'href="javascript', 'href="data', "onerror=a>"):
        assert word not in html


@pytest.mark.parametrize("field", ["to", "sender"])
@pytest.mark.parametrize("value", ["a@b.c\r\nBcc: x@y.z", "a@b.c\nX: y", "no address"])
def test_address_that_is_none_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        render(make_letter(**{field: value}))


def test_control_characters_in_a_name_become_spaces() -> None:
    message = reread(make_letter(sender_name="Help\r\nBcc: x@y.z"))
    assert message["Bcc"] is None
    assert message["From"].addresses[0].display_name == "Help Bcc: x@y.z"
