"""A circuit breaker for one endpoint: what keeps failing is left alone for a while. Pure.

closed → open after several failures in a window, or at once after one that waiting cannot cure
→ half-open when the time is over: one call probes → closed, or open again. It lives in one process
and is forgotten at a restart. Moments are seconds of the loop's clock and come in as arguments.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from supportbot.completions.failures import OVERLOADED

#: The endpoint works; it is the request that it will not have.
_REQUESTS_OWN = frozenset(
    ["bad_request", "context_length", "content_filter", "too_large", "conflict", OVERLOADED]
)
#: Somebody has to change a key, a bill or a setting first. Not `permission`: a firewall in front of
#: the endpoint answers 403 to one customer's words.
_STANDING = frozenset(["authentication", "quota", "not_found", "not_api", "tls"])


class BreakerState(StrEnum):
    """Whether an endpoint is asked."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a breaker opens, and for how long."""

    failures: int = 5
    window_seconds: float = 60.0
    open_seconds: float = 30.0
    #: After failures that only a person can cure.
    standing_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an endpoint is left alone: the newest failure, and since when it is."""

    kind: str
    since: float


class Breaker:
    """Counts the failures of one endpoint."""

    def __init__(self, rules: BreakerRules) -> None:
        self._rules = rules
        self._failed_at: deque[float] = deque(maxlen=rules.failures)
        self._open_until: float | None = None
        #: None: it is closed.
        self.trouble: Trouble | None = None
        self._probing = False

    def state(self, now: float) -> BreakerState:
        """Return the present state."""
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self._open_until else BreakerState.HALF_OPEN

    @contextmanager
    def trial(self, now: float) -> Iterator[bool]:
        """Tell whether a call may be made in the body; a half-open breaker lets one probe."""
        state = self.state(now)
        probes = state is BreakerState.HALF_OPEN and not self._probing
        self._probing = self._probing or probes
        try:
            yield probes or state is BreakerState.CLOSED
        finally:
            if probes:  # answered, failed or cancelled: the next one may probe
                self._probing = False

    def succeeded(self) -> bool:
        """Note an answer; return True where that closed the breaker."""
        closes = self._open_until is not None
        self._failed_at.clear()
        self._open_until = self.trouble = None
        return closes

    def rest_seconds(self, now: float) -> float:
        """Return for how long the endpoint is left alone still; 0 where it may be asked."""
        return max(0.0, (self._open_until or now) - now)

    def failed(self, kind: str, now: float) -> bool:
        """Note a failed attempt; see `failures` for its kinds.

        Return True where a call that would try again should leave the endpoint alone instead.
        """
        if kind in _REQUESTS_OWN:
            return False
        if kind in _STANDING:  # nobody tries these again anyway
            self._open(kind, now, self._rules.standing_seconds)
            return False
        self._failed_at.append(now)
        full = len(self._failed_at) == self._rules.failures
        often = full and now - self._failed_at[0] <= self._rules.window_seconds
        if often or self._open_until is not None:
            self._open(kind, now, self._rules.open_seconds)
            return True
        return False

    def _open(self, kind: str, now: float, seconds: float) -> None:
        self._open_until = now + seconds
        self.trouble = Trouble(kind, self.trouble.since if self.trouble else now)
