"""How fast mail leaves for one domain: so many a minute, and less where it puts us off.

Nobody sleeps here: whoever may not send yet is told how long to wait, and has a place kept. In
memory: several processes each count their own mail.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from supportbot.errors import SendError

_WINDOW_SECONDS: Final = 60.0
#: After the first time that a domain puts us off; twice as long after each further one.
_FIRST_PAUSE_SECONDS: Final = 60.0
_LONGEST_PAUSE_SECONDS: Final = 900.0
#: A place that nobody came for is given up so long after its time.
_FORGOTTEN_SECONDS: Final = 900.0


@dataclass(slots=True)
class _Domain:
    """What is known of one domain."""

    #: When mail left, or is to leave, in order.
    places: deque[float] = field(default_factory=deque)
    #: Delivery → the time of its place.
    kept: dict[str, float] = field(default_factory=dict)
    closed_until: float = 0.0
    pause_seconds: float = 0.0


class DomainPace:
    """Counts what leaves for each domain in a sliding minute."""

    def __init__(self, per_minute: int | None, now: Callable[[], float] = time.monotonic) -> None:
        """`per_minute`: None is as much as there is."""
        self._per_minute = per_minute
        self._now = now
        self._domains: dict[str, _Domain] = {}

    def enter(self, domain: str, key: str) -> None:
        """Let the delivery of this key leave now, which is counted.

        Raises:
            SendError: it is too early, and says for how long. Coming again finds the place kept.
        """
        now = self._now()
        self._forget(now)
        state = self._domains.setdefault(domain, _Domain())
        at = state.kept.pop(key, None)
        if state.closed_until > now:
            wait = state.closed_until - now
            raise SendError(f"{domain} puts us off", permanent=False, retry_after_seconds=wait)
        if at is None:
            at = self._next(state, now)
            state.places.append(at)
        if at > now:
            state.kept[key] = at
            raise SendError(
                f"{domain} gets no more than {self._per_minute} mails a minute",
                permanent=False,
                retry_after_seconds=at - now,
            )

    def put_off(self, domain: str) -> None:
        """Send nothing there for a while: it said so. Those who were on their way count once."""
        now = self._now()
        state = self._domains.setdefault(domain, _Domain())
        if state.closed_until > now:
            return
        longer = max(2 * state.pause_seconds, _FIRST_PAUSE_SECONDS)
        state.pause_seconds = min(longer, _LONGEST_PAUSE_SECONDS)
        state.closed_until = now + state.pause_seconds

    def taken(self, domain: str) -> None:
        """Note that the domain takes mail from us."""
        if domain in self._domains:
            self._domains[domain].pause_seconds = 0.0

    def _next(self, state: _Domain, now: float) -> float:
        if self._per_minute is None or len(state.places) < self._per_minute:
            return now
        return max(now, state.places[-self._per_minute] + _WINDOW_SECONDS)

    def _forget(self, now: float) -> None:
        for domain, state in [*self._domains.items()]:
            while state.places and state.places[0] <= now - _WINDOW_SECONDS:
                state.places.popleft()
            too_old = now - _FORGOTTEN_SECONDS
            for key in [key for key, at in state.kept.items() if at <= too_old]:
                del state.kept[key]
            recent = state.closed_until > now - _LONGEST_PAUSE_SECONDS
            if not (state.places or state.kept or (recent and state.pause_seconds)):
                del self._domains[domain]
