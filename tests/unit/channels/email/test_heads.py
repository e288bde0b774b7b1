from __future__ import annotations

from datetime import UTC, datetime

import pytest

from supportbot.channels.email.reading.heads import written_at

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        (b"Date: Mon, 02 Mar 2026 10:00:00 +0100\r\n\r\n", NINE),
        (b"Subject: x\ndate:Mon, 2 Mar 2026 09:00:00 -0000\n\n", NINE),
        (b"X-Date: Mon, 02 Mar 2026 10:00:00 +0100\r\n\r\n", None),
        (b"Subject: x\r\n\r\nDate: Mon, 02 Mar 2026 10:00:00 +0100", None),
        (b"Date: yesterday\r\n\r\n", None),
        (b"Date: Mon, 99 Mar 2026 10:00:00 +0100\r\n\r\n", None),
        (b"Date: Mon, 02 Mar 9999 23:00:00 -9999\r\n\r\n", None),
        (b"Date: \xff\xfe\x00\r\n\r\n", None),
        (b"", None),
        (b"\r\n" * 100_000, None),
    ],
)
def test_the_day_a_mail_was_written_is_read_or_left_open(
    raw: bytes, moment: datetime | None
) -> None:
    assert written_at(raw) == moment
