"""Mails that somebody made to take all time and memory there is."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping

_HEAD = b"From: eve@evil.example\r\nTo: help@bot.example\r\nMIME-Version: 1.0\r\n"


def _mail(name: str, rest: bytes) -> bytes:
    ids = f"Subject: {name}\r\nMessage-ID: <{name}@evil.example>\r\n".encode()
    return _HEAD + ids + rest


def _parts(count: int) -> bytes:
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nHow do I restore a backup?\r\n"
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * count + b"--b--\r\n"


def _levels(count: int) -> bytes:
    opened = b"".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode()
        for n in range(count)
    )
    return opened + b"Content-Type: text/plain\r\n\r\ndeep\r\n"


def _addresses(count: int) -> bytes:
    lines = b",\r\n ".join(f"p{n}@cust.example".encode() for n in range(count))
    return b"Cc: " + lines + b"\r\n\r\nHow do I restore a backup?\r\n"


def _zip_in_zip() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", b"\0" * 50_000_000)
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inner.zip", inner.getvalue())
    return (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        b"How do I restore a backup?\r\n--b\r\nContent-Type: application/zip; name=a.zip\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(outer.getvalue()).replace(b"\n", b"\r\n")
        + b"--b--\r\n"
    )


def _large(size: int) -> bytes:
    line = b"A" * 76 + b"\r\n"
    return (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        b"How do I restore a backup?\r\n--b\r\nContent-Type: video/mp4; name=a.mp4\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + line * (size // len(line)) + b"--b--\r\n"
    )


def _nested_html(count: int) -> bytes:
    return b"Content-Type: text/html\r\n\r\n" + b"<div><p><b>restore a backup" * count


def bombs() -> Mapping[str, bytes]:
    """Return them by their names."""
    made = {
        "parts": _parts(10_000),
        "levels": _levels(3_000),
        "addresses": _addresses(100_000),
        "zips": _zip_in_zip(),
        "nul": b"\r\nHow do I \x00 restore\x00 a backup?\r\n",
        "eight-bit": b"X-Raw: \xe9\xff\xfe\r\nReply-To: caf\xe9 <a@x.example>\r\n\r\nrestore\r\n",
        "brackets": b"Cc: " + b"(" * 30_000 + b"\r\n\r\nHow do I restore a backup?\r\n",
        "long-line": b"\r\n" + b"x" * 5_000_000 + b"\r\n",
        "html": _nested_html(40_000),
        "headers": b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\nrestore\r\n",
        "large": _large(24_000_000),
    }
    return {name: _mail(name, rest) for name, rest in made.items()} | {
        "garbage": bytes(range(256)) * 4_000
    }


def too_large() -> bytes:
    """A mail of 60 MB."""
    return _mail("sixty", _large(60_000_000))
