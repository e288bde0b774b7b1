"""Names that we give away: Message-IDs, reply addresses and return paths, signed by us.

Each is made of a hash of what it names and a signature over it, under a key of its own that is
derived from the one secret. So nobody can guess, count or forge one, a name of one purpose proves
nothing for another, and there is nothing of the customer in any. Letter case does not matter: mail
servers change it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from dataclasses import dataclass, field
from typing import Final

from supportbot.model.delivery import digest

#: Of Message-IDs: 96 bits of the delivery's hash and 96 bits of HMAC, both hexadecimal.
_DIGITS: Final = 24
_HASH_BYTES: Final = 12
_OURS: Final = re.compile(
    rf"<sb\.([0-9a-f]{{{_DIGITS}}})\.([0-9a-f]{{{_DIGITS}}})@[^<>\s]+>", re.IGNORECASE
)
#: Of addresses: 80 bits of the ticket's hash, or those 96 of the delivery's, and 80 bits of HMAC.
_SHORT_BYTES: Final = 10
_REPLY_LOCAL: Final = re.compile(r"(?:.*\+)?([a-z2-7]{16})\.([a-z2-7]{16})", re.ASCII)
_RETURN_LOCAL: Final = re.compile(r"(?:.*\+)?b\.([a-z2-7]{20})\.([a-z2-7]{16})", re.ASCII)
_MAX_LOCAL_CHARS: Final = 64
#: So long may a local part be that a plus and our longest token still fit behind (RFC 5321).
MOST_LOCAL_CHARS: Final = _MAX_LOCAL_CHARS - len("+b.") - 20 - len(".") - 16

#: Carries the same proof as the Message-ID, for loops that rewrite the latter.
LOOP_HEADER: Final = "X-Supportbot-Loop"


def message_id(delivery_key: str, domain: str, secret: bytes) -> str:
    """Return `<sb.<hash>.<signature>@domain>`: equal for every attempt of one delivery."""
    return message_id_of(digest(delivery_key), domain, secret)


def message_id_of(digest: str, domain: str, secret: bytes) -> str:
    """Return the Message-ID of the delivery that `delivery_of` named."""
    return f"<sb.{digest}.{_proof(b'message-id', digest, secret).hex()[:_DIGITS]}@{domain}>"


def is_ours(candidate: str, secret: bytes) -> bool:
    """Tell whether this Message-ID was made by us with this secret."""
    found = _OURS.fullmatch(candidate.strip())
    if found is None:
        return False
    own = message_id_of(found[1].lower(), "x", secret)
    return hmac.compare_digest(own, f"<sb.{found[1]}.{found[2]}@x>".lower())


def ticket_key(ticket: str) -> str:
    """Return the thread key of a ticket's reply addresses; `ticket` is its public id."""
    return f"ticket:{_short(hashlib.sha256(ticket.encode()).digest()[:_SHORT_BYTES])}"


def ticket_of(address: str, secret: bytes) -> str | None:
    """Return the thread key of the ticket that a signed reply address names; None: it is none."""
    name = _named(_REPLY_LOCAL, b"reply", address, secret)
    return f"ticket:{name}" if name else None


def delivery_of(address: str, secret: bytes) -> str | None:
    """Return the digest of the delivery that a signed return path names; None: it is none."""
    name = _named(_RETURN_LOCAL, b"return", address, secret)
    return b32decode(f"{name}====".upper()).hex() if name else None


@dataclass(frozen=True, slots=True)
class SignedAddresses:
    """The signed addresses of one mailbox.

    Behind a plus of the mailbox's own address, or, for `*@reply.x.org`, as local parts there.
    """

    base: str
    secret: bytes = field(repr=False)

    def reply_to(self, ticket: str) -> str:
        """Return the address for answers to a ticket, given by its public id."""
        return self._address("", ticket_key(ticket).removeprefix("ticket:"), b"reply")

    def return_path(self, delivery_key: str) -> str:
        """Return the envelope sender of a delivery: reports about it come back there."""
        name = _short(bytes.fromhex(digest(delivery_key)))
        return self._address("b.", name, b"return")

    def owns(self, address: str) -> bool:
        """Tell whether this is one of them; only where they have a domain of their own."""
        local, _, domain = self.base.rpartition("@")
        if local != "*" or address.rpartition("@")[2].lower() != domain.lower():
            return False
        signed = ticket_of(address, self.secret) or delivery_of(address, self.secret)
        return signed is not None

    def _address(self, mark: str, name: str, purpose: bytes) -> str:
        local, _, domain = self.base.rpartition("@")
        token = f"{mark}{name}.{_short(_proof(purpose, name, self.secret)[:_SHORT_BYTES])}"
        return f"{token}@{domain}" if local == "*" else f"{local}+{token}@{domain}"


def _named(pattern: re.Pattern[str], purpose: bytes, address: str, secret: bytes) -> str | None:
    found = pattern.fullmatch(address.rpartition("@")[0][-_MAX_LOCAL_CHARS:].lower())
    if found is None:
        return None
    own = _short(_proof(purpose, found[1], secret)[:_SHORT_BYTES])
    return found[1] if hmac.compare_digest(own, found[2]) else None


def _proof(purpose: bytes, name: str, secret: bytes) -> bytes:
    key = hmac.digest(secret, b"supportbot mail " + purpose, hashlib.sha256)
    return hmac.digest(key, name.encode(), hashlib.sha256)


def _short(value: bytes) -> str:
    return b32encode(value).decode().rstrip("=").lower()
