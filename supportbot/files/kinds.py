"""What kind of file some bytes are, where their beginning tells. Pure.

A name and a type are only what somebody said; they count where the bytes do not contradict.
"""

from __future__ import annotations

from typing import Final

from supportbot.files.pictures import picture_of

#: (offset, mark, type), the longer marks of one offset first.
_MARKS: Final = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"OggS", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (8, b"WAVEfmt", "audio/wav"),
)
_VAGUE: Final = frozenset(
    {"", "application/octet-stream", "binary/octet-stream", "application/x-unknown"}
)
#: Nothing else begins so; for other marks a declared type may say more about what is inside.
_CERTAIN: Final = frozenset(
    {"application/pdf", "application/x-msdownload", "application/x-executable"}
)
#: Types whose files never begin with one of the marks.
_PLAIN: Final = ("image/", "text/", "application/pdf")
_PROGRAM_BYTES: Final = 64


def kind_of(declared: str, raw: bytes) -> str:
    """Return the type of a file: what its bytes are, where they tell more than what was declared.

    `declared` is a lower-case `kind/subtype`. A program that says it is a picture is a program; a
    document in a zip keeps its own type.
    """
    picture = picture_of(raw)
    if picture:
        return picture.content_type
    found = _by_mark(raw)
    if found is None:
        return declared
    wrong = declared in _VAGUE or declared.startswith(_PLAIN)
    return found if wrong or found in _CERTAIN else declared


def _by_mark(raw: bytes) -> str | None:
    found = next((kind for at, mark, kind in _MARKS if raw.startswith(mark, at)), None)
    if found == "application/x-msdownload" and b"\x00" not in raw[:_PROGRAM_BYTES]:
        return None  # a text that begins with these two letters
    return found
