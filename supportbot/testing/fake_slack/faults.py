"""Failures on request: the next calls of a method go wrong as told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """How a call fails, and how many more calls do."""

    method: str
    left: int
    error: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The work is done, but the answer is lost: the connection closes after this many seconds.
    lost_after_seconds: float | None = None


class Faults:
    """The faults that wait; each call takes at most one, in the order they were given."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def fail(self, method: str, error: str, *, status: int = 200, times: int = 1) -> None:
        """Answer the next calls with an error code, or with another HTTP status."""
        self._waiting.append(Fault(method, times, error, status))

    def rate_limit(self, method: str, *, retry_after_seconds: int = 1, times: int = 1) -> None:
        """Answer the next calls with 429 and `Retry-After`."""
        headers = {"Retry-After": str(retry_after_seconds)}
        self._waiting.append(Fault(method, times, "ratelimited", 429, headers))

    def lose_answer(self, method: str, *, after_seconds: float = 0.0, times: int = 1) -> None:
        """Do the work, then close the connection without an answer."""
        self._waiting.append(Fault(method, times, "", lost_after_seconds=after_seconds))

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()

    def take(self, method: str) -> Fault | None:
        """Return the fault for this call, if one waits."""
        for fault in self._waiting:
            if fault.method == method and fault.left > 0:
                fault.left -= 1
                return fault
        return None
