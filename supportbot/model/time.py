"""Moments and identifiers, both handed in by the caller so that the core stays a function."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

#: Gives the present moment, timezone-aware UTC. Handed down from the composition root.
Clock = Callable[[], datetime]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ENTROPY_BYTES = 10


def to_ms(moment: datetime) -> datetime:
    """Cut a moment to whole milliseconds in UTC, the resolution of both stores.

    Raises:
        ValueError: the moment is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def public_id(at: datetime, entropy: bytes) -> str:
    """Make a 26-character identifier that sorts by time (the ULID layout).

    `entropy` is 10 bytes; equal input gives equal output.
    """
    if len(entropy) != _ENTROPY_BYTES:
        raise ValueError("a public id needs 10 bytes of entropy")
    number = int(at.timestamp() * 1000) << 80 | int.from_bytes(entropy)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
