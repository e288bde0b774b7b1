from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.files.charsets import decode


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("größer".encode(), "utf-8", "größer"),
        ("größer".encode(), None, "größer"),
        ("größer".encode(), "us-ascii", "größer"),
        ("größer".encode(), "iso-8859-1", "größer"),
        ("größer".encode("latin-1"), "iso-8859-1", "größer"),
        ("größer".encode("latin-1"), "x-unknown", "größer"),
        ("größer".encode("latin-1"), None, "größer"),
        ("“quoted” €".encode("cp1252"), "iso-8859-1", "“quoted” €"),
        ("שלום".encode("iso-8859-8"), "iso-8859-8-i", "שלום"),
        ("㑇镕".encode("gb18030"), "gb2312", "㑇镕"),
        ("똠방".encode("cp949"), "ks_c_5601-1987", "똠방"),
        ("été".encode("cp850"), "cp-850", "été"),
        ("naïve".encode(), "utf8mb4", "naïve"),
        ("Hé".encode("utf-7"), "unicode-1-1-utf-7", "Hé"),
        (b"plain", "", "plain"),
        (b"plain", "rot13", "plain"),
        (b"plain", "base64", "plain"),
        (b"plain-text", "PunyCode", "plain-text"),
        (b"xn--plain", "idna", "xn--plain"),
        (rb"plain\n", "unicode_escape", r"plain\n"),
        (rb"plain\u0041", "raw-unicode-escape", r"plain\u0041"),
        (b"plain", "a\x00b", "plain"),
    ],
)
def test_wrong_and_missing_labels_are_mended(data: bytes, label: str | None, text: str) -> None:
    assert decode(data, label) == text


def test_cut_utf8_keeps_what_can_be_read() -> None:
    assert decode("Über die Maßen schön".encode()[:-1] + b"\xc3", "utf-8").startswith("Über die Ma")


def test_label_of_a_slow_codec_costs_no_time(grows_linearly: Callable[..., None]) -> None:
    grows_linearly(lambda n: decode(b"a" * n + b"-" + b"b" * n, "punycode"), 20_000)
