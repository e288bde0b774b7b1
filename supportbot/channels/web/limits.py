"""How often a visitor may write. Kept in memory: it guards this process, not the conversation."""

from __future__ import annotations

from datetime import datetime, timedelta

_WINDOW = timedelta(minutes=1)
_MOST_KEYS = 20_000


class RateLimit:
    """Counts per key in windows of one minute.

    Fails closed: when more keys are remembered than it may hold, unknown ones are refused.
    """

    def __init__(self, per_minute: int, *, most_keys: int = _MOST_KEYS) -> None:
        self._per_minute = per_minute
        self._most_keys = most_keys
        self._windows: dict[str, tuple[datetime, int]] = {}

    def allows(self, key: str, now: datetime) -> bool:
        """Count one more request of this key; False when it is one too many."""
        started, count = self._windows.get(key, (now, 0))
        if now - started >= _WINDOW:
            started, count = now, 0
        if key not in self._windows and len(self._windows) >= self._most_keys:
            self._forget_before(now - _WINDOW)
            if len(self._windows) >= self._most_keys:
                return False
        self._windows[key] = (started, count + 1)
        return count < self._per_minute

    def give_back(self, key: str) -> None:
        """Uncount a request that failed through no fault of its sender."""
        if key in self._windows:
            started, count = self._windows[key]
            self._windows[key] = (started, max(0, count - 1))

    def _forget_before(self, moment: datetime) -> None:
        self._windows = {key: window for key, window in self._windows.items() if window[0] > moment}
