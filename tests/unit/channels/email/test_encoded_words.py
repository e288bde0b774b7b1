from __future__ import annotations

import base64

import pytest

from supportbot.channels.email.reading.encoded_words import header_text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= and =?utf-8?q?b?=", "a and b"),
        ("Re: =?iso-8859-1?Q?Frage_=FCber_alles?=", "Re: Frage über alles"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),
        ("=?utf-8*de?q?Gr=C3=BC?=", "Grü"),
        ("=?x-unknown?q?hi?=", "hi"),
        ("=?utf-8?b?!!!?= rest", "rest"),
        ("no words =?here", "no words =?here"),
    ],
)
def test_words_are_decoded(raw: str, text: str) -> None:
    assert header_text(raw) == text


def test_raw_eight_bit_is_read_as_utf8_or_latin1() -> None:
    assert header_text("Grüße".encode().decode("ascii", "surrogateescape")) == "Grüße"
    assert header_text("Grüße".encode("latin-1").decode("ascii", "surrogateescape")) == "Grüße"


def test_line_breaks_hidden_in_words_become_spaces() -> None:
    assert header_text("=?utf-8?q?a=0D=0ABcc:_evil?=") == "a Bcc: evil"
    hidden = base64.b64encode(b"a\r\n\x00b").decode()
    assert header_text(f"=?utf-8?b?{hidden}?=") == "a b"
