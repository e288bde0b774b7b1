"""What a check of our own is asked, and how it answers; without the packages that it may need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail as it came, and who handed it over."""

    raw: bytes
    mail_from: str
    peer: str
    helo: str


#: Returns what it found as an Authentication-Results header of ours; never raises.
Check = Callable[[Envelope], Awaitable[str]]
