"""The kind of a file by its first bytes, whatever its name says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.files.kinds import kind_of

PNG = (
    b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00\x00\x00\x01" * 2 + b"\x08\x02\x00\x00\x00"
)
OPEN_DOCUMENT = "application/vnd.oasis.opendocument.text"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00"


@pytest.mark.parametrize(
    ("declared", "raw", "kind"),
    [
        ("application/octet-stream", PNG, "image/png"),
        ("image/gif", PNG, "image/png"),
        ("text/plain", PNG, "image/png"),
        ("application/octet-stream", b"%PDF-1.7", "application/pdf"),
        ("image/jpeg", b"%PDF-1.7", "application/pdf"),
        ("application/pdf", b"PK\x03\x04", "application/zip"),
        ("image/png", PROGRAM, "application/x-msdownload"),
        ("application/pdf", PROGRAM, "application/x-msdownload"),
        ("text/plain", b"MZ is a post code", "text/plain"),
        ("text/csv", b"PK\x03\x04", "application/zip"),
        (OPEN_DOCUMENT, b"PK\x03\x04", OPEN_DOCUMENT),
        ("application/msword", OLE, "application/msword"),
        ("application/octet-stream", OLE, "application/x-ole-storage"),
        ("application/octet-stream", b"\x78\x9f\x3e\x22", "application/ms-tnef"),
        ("application/octet-stream", b"who knows", "application/octet-stream"),
        ("text/plain", b"", "text/plain"),
        ("image/heic", b"\x00\x00\x00\x18ftypheic", "image/heic"),
    ],
)  # fmt: skip
def test_bytes_tell_more_than_what_was_declared(declared: str, raw: bytes, kind: str) -> None:
    assert kind_of(declared, raw) == kind


@given(st.binary(max_size=40))
def test_any_bytes_have_a_kind(raw: bytes) -> None:
    assert "/" in kind_of("application/octet-stream", raw)
