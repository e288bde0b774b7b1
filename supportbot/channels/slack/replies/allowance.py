"""How many calls one workspace has left for replies that grow.

Slack counts each method for the whole workspace: starting and stopping streams Tier 2, appending
Tier 4, updating Tier 3 (https://docs.slack.dev/apis/web-api/rate-limits). Whoever begins a stream
books the call that ends it. In memory: several processes of one app each count their own calls, and
hear from Slack's `Retry-After` that together they were too many.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from supportbot.channels.slack.config import AllowanceRules

START, APPEND, STOP, UPDATE, SESSION, STATUS = (
    "chat.startStream",
    "chat.appendStream",
    "chat.stopStream",
    "chat.update",
    "agents.sessions.setStatus",
    "assistant.threads.setStatus",
)


@dataclass(slots=True)
class _Growing:
    began: float
    started: bool = False
    #: When it was last shown more, by appending or by updating.
    shown: float | None = None


@dataclass(slots=True)
class Allowance:
    """Counts the calls of one workspace in sliding windows."""

    rules: AllowanceRules = field(default_factory=AllowanceRules)
    now: Callable[[], float] = time.monotonic
    _calls: dict[str, deque[float]] = field(default_factory=dict)
    #: Key of a delivery → what grows for it.
    _open: dict[str, _Growing] = field(default_factory=dict)
    #: Method → when Slack may be asked again.
    _held_until: dict[str, float] = field(default_factory=dict)

    def book(self, key: str, place: str) -> bool:
        """Book a stream with its end, in this conversation, if there is room for one more."""
        now = self.now()
        self._forget(now)
        if key in self._open:
            return True
        held = (START, STOP, APPEND, f"{START} {place}")
        if any(map(self.is_held, held)):
            return False
        starts, stops = self._count(START), self._count(STOP) + len(self._open)
        if starts >= self.rules.starts or stops >= self.rules.stops:
            return False
        self.spend(START)
        self._open[key] = _Growing(now)
        return True

    def begin(self, key: str) -> bool:
        """Take the place that was booked; False where it was given away since."""
        growing = self._open.get(key)
        if growing is None:
            return False
        growing.began, growing.started = self.now(), True
        return True

    def may_append(self, key: str) -> bool:
        """Tell whether a growing message may be shown more now; if so it is counted.

        All that grow share what is left of a minute: the more there are, and the less there is,
        the slower each one grows.
        """
        rules, growing = self.rules, self._open.get(key)
        first = growing is not None and growing.shown is None
        most = rules.appends if first else rules.appends - rules.appends_kept
        left = max(1, rules.appends - rules.appends_kept - self._count(APPEND))
        gap_seconds = len(self._open) * rules.spread_seconds / left
        return self._take(APPEND, growing, most, gap_seconds)

    def may_update(self, key: str) -> bool:
        """Tell whether a growing message may be updated now; if so it is counted."""
        rules = self.rules
        shared_seconds = len(self._open) * rules.window_seconds / rules.updates
        gap_seconds = max(rules.update_seconds, shared_seconds)
        return self._take(UPDATE, self._open.get(key), rules.updates, gap_seconds)

    def may_show(self, method: str) -> bool:
        """Tell whether a status, or a session at work, may be shown; its end is counted with it."""
        most = self.rules.sessions if method == SESSION else self.rules.statuses
        if not self._take(method, None, most, 0.0):
            return False
        self.spend(method)
        return True

    def spend(self, method: str) -> None:
        """Count a call that is made in any case."""
        self._calls.setdefault(method, deque()).append(self.now())

    def end(self, key: str) -> None:
        """Note that a message does not grow any more."""
        self._open.pop(key, None)

    def hold(self, method: str, seconds: float) -> None:
        """Make no optional call of the method for so long: Slack said so."""
        self._held_until[method] = self.now() + seconds

    def is_held(self, method: str) -> bool:
        """Tell whether Slack wants no call of the method yet."""
        now = self.now()
        return self._held_until.get(method, now) > now

    def refuse(self, place: str) -> None:
        """Begin no stream in this conversation for a while: Slack does not allow it there."""
        self.hold(f"{START} {place}", self.rules.refused_seconds)

    def _take(self, method: str, growing: _Growing | None, most: int, gap_seconds: float) -> bool:
        now = self.now()
        if self.is_held(method) or self._count(method) >= most:
            return False
        if growing is not None:
            if growing.shown is not None and now - growing.shown < gap_seconds:
                return False
            growing.shown = now
        self.spend(method)
        return True

    def _count(self, method: str) -> int:
        calls = self._calls.get(method)
        if not calls:
            return 0
        too_old = self.now() - self.rules.window_seconds
        while calls and calls[0] <= too_old:
            calls.popleft()
        return len(calls)

    def _forget(self, now: float) -> None:
        """Give back the places that nobody uses."""
        for key, one in [*self._open.items()]:
            longest = self.rules.longest_seconds if one.started else self.rules.booked_seconds
            if now - one.began > longest:
                del self._open[key]
        for name in [name for name, until in self._held_until.items() if until <= now]:
            del self._held_until[name]
