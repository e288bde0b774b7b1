"""Pictures: their kind and size, read from their first bytes, whatever their name says. Pure.

Formats: https://www.w3.org/TR/png-3/, https://www.w3.org/Graphics/JPEG/itu-t81.pdf,
https://www.w3.org/Graphics/GIF/spec-gif89a.txt, https://developers.google.com/speed/webp
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_PNG = b"\x89PNG\r\n\x1a\n"
#: Frames of a JPEG that tell its size; C4, C8 and CC are something else.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: Markers without a length.
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
#: So many of them may stand before the frame: a long profile, or a preview, takes several.
_MOST_MARKERS = 1000
_EXTENDED_WEBP_BYTES = 30


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is."""

    content_type: str
    width: int
    height: int


def picture_of(raw: bytes) -> Picture | None:
    """Return what picture these bytes are; None: none that is known (PNG, JPEG, GIF, WebP)."""
    try:
        found = _png(raw) or _gif(raw) or _webp(raw) or _jpeg(raw)
    except (struct.error, IndexError):
        return None
    return found if found and found.width > 0 and found.height > 0 else None


def _png(raw: bytes) -> Picture | None:
    if not raw.startswith(_PNG) or raw[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", raw, 16)
    return Picture("image/png", width, height)


def _gif(raw: bytes) -> Picture | None:
    if raw[:6] not in {b"GIF87a", b"GIF89a"}:
        return None
    width, height = struct.unpack_from("<HH", raw, 6)
    return Picture("image/gif", width, height)


def _webp(raw: bytes) -> Picture | None:
    if raw[:4] != b"RIFF" or raw[8:12] != b"WEBP" or len(raw) < _EXTENDED_WEBP_BYTES:
        return None
    match raw[12:16]:
        case b"VP8X":
            width, height = _24_bits(raw, 24) + 1, _24_bits(raw, 27) + 1
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", raw, 21)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", raw, 26))
        case _:
            return None
    return Picture("image/webp", width, height)


def _24_bits(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 3], "little")


def _jpeg(raw: bytes) -> Picture | None:
    if raw[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    for _ in range(_MOST_MARKERS):
        if raw[at] != 0xFF:  # noqa: PLR2004 - every marker begins so
            return None
        marker = raw[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a marker may be filled up
            at += 1
            continue
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", raw, at + 5)
            return Picture("image/jpeg", width, height)
        at += 2 if marker in _BARE else 2 + struct.unpack_from(">H", raw, at + 2)[0]
    return None
