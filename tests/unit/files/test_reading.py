from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportbot.files.pictures import picture_of
from supportbot.files.reading import Reading, ReadingRules, read
from supportbot.model.file import FileReason
from tests.unit.files.samples import GIF, JPEG, PNG, WEBP, pdf

RULES = ReadingRules(text_chars=300, pdf_pages=2)


def text_of(filename: str, content_type: str, raw: bytes) -> str | None:
    return read(filename, content_type, raw, RULES).text


@pytest.mark.parametrize(
    ("filename", "content_type", "raw", "text"),
    [
        ("a.txt", "text/plain", "Grüße\r\nX".encode(), "Grüße\nX"),
        ("a.csv", "text/csv; charset=latin-1", "Müller;1".encode("latin-1"), "Müller;1"),
        ("error.log", "application/octet-stream", b"boom\x1b[31m red", "boom\x1b[31m red"),
        ("a.json", "application/json", b'{"a": 1}', '{"a": 1}'),
        ("a", "application/vnd.api+json", b"{}", "{}"),
        ("Makefile", "", b"all: it", "all: it"),
        ("utf16.txt", "text/plain", "Zeile 1\nZeile 2".encode("utf-16"), "Zeile 1\nZeile 2"),
        ("bom.txt", "text/plain", b"\xef\xbb\xbfhello", "hello"),
        ("page.html", "text/html", b"<p>raw</p>", "<p>raw</p>"),
    ],
)
def test_text_is_read_in_whatever_charset_it_is(
    filename: str, content_type: str, raw: bytes, text: str
) -> None:
    assert text_of(filename, content_type, raw) == text


def test_long_text_keeps_head_and_tail() -> None:
    text = text_of("a.log", "text/plain", ("begin " + "x" * 5000 + " end").encode())
    assert text is not None
    assert text.startswith("begin ")
    assert text.endswith(" end")
    assert "characters left out" in text
    assert len(text) < 400


def test_pages_of_a_pdf_are_read_up_to_a_limit() -> None:
    text = text_of("a.bin", "application/octet-stream", pdf("One", "Two", "Three"))
    assert text is not None
    assert "One" in text
    assert "Two" in text
    assert "Three" not in text


@pytest.mark.parametrize(
    ("filename", "content_type", "raw", "reason"),
    [
        ("a.txt", "text/plain", b"", "empty"),
        ("a.txt", "text/plain", b" \n", "empty"),
        ("a.txt", "text/plain", bytes(range(256)) * 4, "not_text"),
        ("a.zip", "application/zip", b"PK\x03\x04 looks like words", "not_text"),
        ("a.docx", "application/octet-stream", b"PK\x03\x04", "not_text"),
        ("a.pdf", "application/pdf", b"%PDF-1.7 and nothing else", "unreadable"),
        ("a.pdf", "application/pdf", pdf(""), "no_text"),
        ("a.png", "image/png", b"\x89PNG\r\n\x1a\n", "not_text"),
        ("a.mp4", "video/mp4", b"\x00\x00\x00\x20ftypisom", "not_text"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_reason(
    filename: str, content_type: str, raw: bytes, reason: str
) -> None:
    assert read(filename, content_type, raw, RULES) == Reading(reason=FileReason(reason))


@pytest.mark.parametrize(
    ("raw", "kind", "size"),
    [
        (PNG, "image/png", (3, 2)),
        (JPEG, "image/jpeg", (640, 480)),
        (GIF, "image/gif", (5, 7)),
        (WEBP, "image/webp", (100, 50)),
    ],
)
def test_picture_is_known_by_its_bytes_and_not_by_its_name(
    raw: bytes, kind: str, size: tuple[int, int]
) -> None:
    picture = read("notes.txt", "text/plain", raw, RULES).picture
    assert picture is not None
    assert (picture.content_type, (picture.width, picture.height)) == (kind, size)


def test_picture_is_not_looked_for_behind_thousands_of_markers() -> None:
    frame = JPEG[JPEG.index(b"\xff\xc0") :]
    for filling in (b"\xff", b"\xff\x01", b"\xff\xe0\x00\x02"):
        assert picture_of(b"\xff\xd8" + filling * 100 + frame) is not None
        assert picture_of(b"\xff\xd8" + filling * 2000 + frame) is None


@given(st.binary(max_size=200), st.sampled_from([b"", PNG[:20], JPEG[:8], WEBP[:16], b"%PDF-1.4"]))
def test_no_bytes_at_all_break_the_reader(rest: bytes, begin: bytes) -> None:
    found = read("a.txt", "text/plain", begin + rest, RULES)
    assert [found.text, found.picture, found.reason].count(None) == 2
