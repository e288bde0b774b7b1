"""Requests as Slack signs them, and as forgers do.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum

_STALE_SECONDS = 600


class Signature(StrEnum):
    """How a request is signed."""

    VALID = "valid"
    #: Made with another secret.
    WRONG = "wrong"
    #: Correct, but ten minutes old.
    STALE = "stale"
    #: The timestamp is no number.
    MALFORMED = "malformed"
    MISSING = "missing"


def signed_headers(
    body: bytes, secret: str, at_seconds: int, how: Signature = Signature.VALID
) -> dict[str, str]:
    """Return the two headers for a body sent at a moment (Unix seconds)."""
    if how is Signature.MISSING:
        return {}
    timestamp = str(at_seconds - _STALE_SECONDS if how is Signature.STALE else at_seconds)
    if how is Signature.MALFORMED:
        timestamp = "yesterday"
    key = "another secret" if how is Signature.WRONG else secret
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(key.encode(), base, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": f"v0={digest}"}
