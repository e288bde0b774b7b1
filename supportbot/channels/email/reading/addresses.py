"""Address headers to mailboxes: one linear pass, no recursion, never raises."""

from __future__ import annotations

import re
from typing import Final

import idna

from supportbot.channels.email.reading.encoded_words import decode_words
from supportbot.channels.email.reading.mail import Address

_VALID: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u0080-\U0010ffff]{1,64}"
    r"@(?:[A-Za-z0-9\-_\u0080-\U0010ffff]{1,63}\.){0,20}[A-Za-z0-9\-\u0080-\U0010ffff]{1,63}"
)
_PIECE: Final = re.compile(r'"(?:[^"\\]|\\.){0,400}"|[()<>,;:]|[^"()<>,;:]+|"')
_MAX_ADDRESSES: Final = 500


def valid(address: str) -> bool:
    """Tell whether this is one plain address: `local@domain`, nothing before or behind."""
    return _VALID.fullmatch(address) is not None


def on_the_wire(address: str) -> str:
    """Return the address with its domain in ASCII (RFC 5891); the local part stays as it is.

    Raises:
        ValueError: there is no such domain.
    """
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"


def id_domain(address: str) -> str:
    """Return the domain of a mailbox as its Message-IDs name it.

    Raises:
        ValueError: there is no such domain.
    """
    return on_the_wire(address).rpartition("@")[2].lower()


def parse_addresses(value: str) -> tuple[Address, ...]:
    """Read an address header (still with its RFC 2047 words) in order; at most 500.

    Groups are opened, comments become the name where there is none, and an entry without a
    valid address keeps its name with an empty address.
    """
    entries: list[Address] = []
    for entry in _entries(value):
        found = _mailbox(entry)
        if found is not None:
            entries.append(found)
        if len(entries) >= _MAX_ADDRESSES:
            break
    return tuple(_joined(entries))


def _entries(value: str) -> list[list[str]]:
    """Cut at the commas and semicolons that stand outside of quotes, comments and brackets."""
    entries: list[list[str]] = [[]]
    depth = 0
    angle = False
    for piece in _PIECE.findall(value):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
        elif depth == 0 and piece in "<>":
            angle = piece == "<"
        if depth == 0 and piece in ",;" and not angle:
            entries.append([])
        elif depth == 0 and piece == ":" and not angle:
            entries[-1] = []  # the name of a group: `Team: a@x, b@x;`
        else:
            entries[-1].append(piece)
    return entries


def _mailbox(pieces: list[str]) -> Address | None:
    words: list[str] = []
    comments: list[str] = []
    inside: list[str] | None = None
    depth = 0
    for piece in pieces:
        if piece in "()":
            depth = max(0, depth + (1 if piece == "(" else -1))
        elif depth:
            comments.append(piece)
        elif piece == "<":
            inside = []
        elif piece == ">":
            continue
        elif inside is not None:
            inside.append(piece)
        else:
            words.append(_unquoted(piece))
    return _named("".join(words).strip(), "".join(comments).strip(), inside)


def _named(words: str, comment: str, inside: list[str] | None) -> Address | None:
    if inside is None:
        bare = "".join(words.split())
        if valid(bare):
            return Address(decode_words(comment), bare)
        return Address(decode_words(words or comment), "") if words or comment else None
    # A route (`<@a,@b:x@y>`) is obsolete syntax of RFC 5322; only what follows it counts.
    address = "".join(inside).strip().removeprefix("mailto:").rpartition(":")[2]
    name = decode_words(words or comment).strip("'\" ")
    return Address(name, address if valid(address) else "")


def _unquoted(piece: str) -> str:
    if len(piece) > 1 and piece[0] == piece[-1] == '"':
        return re.sub(r"\\(.)", r"\1", piece[1:-1])
    return piece


def _joined(entries: list[Address]) -> list[Address]:
    """Mend `Doe, John <j@x>` (a comma that should have been quoted) into one mailbox."""
    mended: list[Address] = []
    for entry in entries:
        before = mended[-1] if mended else None
        if before and not before.address and before.name and entry.name and "@" not in before.name:
            mended[-1] = Address(f"{before.name}, {entry.name}", entry.address)
        else:
            mended.append(entry)
    return mended
