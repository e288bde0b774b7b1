"""The mail inside an S/MIME envelope that is only signed (RFC 8551, RFC 5652): anybody may read it.

Reads just as much BER as leads to the content; signatures are not checked here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_DATA: Final = bytes.fromhex("2a864886f70d010701")
_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_INTEGER: Final = 0x02
_OID: Final = 0x06
_TAGGED: Final = 0xA0
_OCTETS: Final = 0x04
_CHUNKED_OCTETS: Final = 0x24
_LONG: Final = 0x80
_MAX_LENGTH_BYTES: Final = 4
_MAX_DEPTH: Final = 20


class _Element(NamedTuple):
    """An element of BER: its tag, where its content begins, and where it ends; None = unsaid."""

    tag: int
    start: int
    end: int | None


def signed_content(raw: bytes) -> bytes | None:
    """Return what was signed; None if this is no signed data or holds none of it."""
    try:
        return _content(raw)
    except (IndexError, ValueError):
        return None


def _content(raw: bytes) -> bytes:
    outer = _expect(raw, 0, _SEQUENCE)
    inner = _expect(raw, _after_oid(raw, outer.start, _SIGNED_DATA), _TAGGED)
    signed = _expect(raw, inner.start, _SEQUENCE)
    place = _skip(raw, signed.start, _INTEGER)
    place = _skip(raw, place, _SET)
    encapsulated = _expect(raw, place, _SEQUENCE)
    content = _expect(raw, _after_oid(raw, encapsulated.start, _DATA), _TAGGED)
    return b"".join(_octets(raw, content.start, 0)[0])


def _octets(raw: bytes, place: int, depth: int) -> tuple[list[bytes], int]:
    """Collect a string that may come in chunks; return them and the place behind."""
    element = _element(raw, place)
    if element.tag == _OCTETS and element.end is not None:
        return [raw[element.start : element.end]], element.end
    if element.tag != _CHUNKED_OCTETS or depth > _MAX_DEPTH:
        raise ValueError
    chunks: list[bytes] = []
    place = element.start
    while place < len(raw) if element.end is None else place < element.end:
        if element.end is None and raw[place : place + 2] == b"\x00\x00":
            return chunks, place + 2
        found, place = _octets(raw, place, depth + 1)
        chunks += found
    return chunks, place


def _expect(raw: bytes, place: int, tag: int) -> _Element:
    element = _element(raw, place)
    if element.tag != tag:
        raise ValueError
    return element


def _after_oid(raw: bytes, place: int, oid: bytes) -> int:
    element = _expect(raw, place, _OID)
    if element.end is None or raw[element.start : element.end] != oid:
        raise ValueError
    return element.end


def _skip(raw: bytes, place: int, tag: int) -> int:
    element = _expect(raw, place, tag)
    if element.end is None:
        raise ValueError
    return element.end


def _element(raw: bytes, place: int) -> _Element:
    tag, length = raw[place], raw[place + 1]
    start = place + 2
    if length == _LONG:
        return _Element(tag, start, None)
    if length > _LONG:
        size = length - _LONG
        if size > _MAX_LENGTH_BYTES:
            raise ValueError
        length = int.from_bytes(raw[start : start + size], "big")
        start += size
    if start + length > len(raw):
        raise ValueError
    return _Element(tag, start, start + length)
