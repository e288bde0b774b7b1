"""Our own Message-IDs: derived from the delivery and signed, so that they cannot be forged."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

#: 96 bits of the delivery's hash and 96 bits of HMAC, both hexadecimal: case does not matter.
_DIGITS: Final = 24
_OURS: Final = re.compile(
    rf"<sb\.([0-9a-f]{{{_DIGITS}}})\.([0-9a-f]{{{_DIGITS}}})@[^<>\s]+>", re.IGNORECASE
)

#: Carries the same proof as the Message-ID, for loops that rewrite the latter.
LOOP_HEADER: Final = "X-Supportbot-Loop"


def message_id(delivery_key: str, domain: str, secret: bytes) -> str:
    """Return `<sb.<hash>.<signature>@domain>`: equal for every attempt of one delivery."""
    digest = hashlib.sha256(delivery_key.encode()).hexdigest()[:_DIGITS]
    return f"<sb.{digest}.{_signature(digest, secret)}@{domain}>"


def is_ours(candidate: str, secret: bytes) -> bool:
    """Tell whether this Message-ID was made by us with this secret."""
    found = _OURS.fullmatch(candidate.strip())
    if found is None:
        return False
    return hmac.compare_digest(_signature(found[1].lower(), secret), found[2].lower())


def _signature(digest: str, secret: bytes) -> str:
    return hmac.new(secret, digest.encode(), hashlib.sha256).hexdigest()[:_DIGITS]
