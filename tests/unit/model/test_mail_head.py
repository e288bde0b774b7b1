from __future__ import annotations

import pytest

from supportbot.model.mail_head import MOST_HEAD_BYTES, head_of, value_of


@pytest.mark.parametrize(
    ("raw", "sender", "subject"),
    [
        (b"From: Ada <ada@x.example>\r\nSubject: Hi\r\n\r\nFrom: x", "Ada <ada@x.example>", "Hi"),
        (b"subject :  =?utf-8?q?Caf=C3=A9?=\n\tau lait\n\nx", "", "Caf\u00e9 au lait"),
        (b"Subject: =?nonsense?b?aGk=?=\n", "", "=?nonsense?b?aGk=?="),
        (b"Subject: =?utf-8?b?a?=\n", "", "=?utf-8?b?a?="),
        (b"Subject: a\x1b[2J\x00b\nFrom: \xff\n\n", "\ufffd", "a\ufffd[2J\ufffdb"),
        (b"Subject: =?utf-8?q?a=0D=0ABcc:_b=1B?=\n", "", "a\ufffd Bcc: b\ufffd"),
        (b"", "", ""),
    ],
)
def test_headers_are_shown_whatever_they_hold(raw: bytes, sender: str, subject: str) -> None:
    head = head_of(raw)
    assert (value_of(head, "From"), value_of(head, "Subject")) == (sender, subject)


def test_little_of_a_mail_is_looked_at_and_little_is_shown_on_a_line() -> None:
    head = head_of(b"Subject: " + b"a" * 1_000_000)
    assert len(head) == MOST_HEAD_BYTES
    assert len(value_of(head, "Subject")) == 300
