"""How often methods may be called, as https://docs.slack.dev/apis/web-api/rate-limits says.

More than that is answered with 429 and `Retry-After`, and noted as a violation.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from supportbot.testing.fake_slack.faults import Fault


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in any period of so many seconds."""

    calls: int
    seconds: float = 60.0
    #: Counted for each value of this argument apart, such as each channel.
    per: str | None = None


TIER_2, TIER_3, TIER_4 = Limit(20), Limit(50), Limit(100)

#: What streaming costs; these hold in every fake workspace that is not told otherwise.
STREAM_LIMITS: Mapping[str, Limit] = {
    "chat.startStream": TIER_2,
    "chat.appendStream": TIER_4,
    "chat.stopStream": TIER_2,
}
#: All that is known of the methods here. Posting is meant to stay near one a second in a channel;
#: Slack tolerates bursts, so a minute is counted.
ALL_LIMITS: Mapping[str, Limit] = {
    **STREAM_LIMITS,
    "agents.sessions.setStatus": TIER_3,
    "assistant.threads.setStatus": Limit(600),
    "chat.delete": TIER_3,
    "chat.postMessage": Limit(60, per="channel"),
    "chat.update": TIER_3,
    "conversations.history": TIER_3,
    "conversations.members": TIER_4,
    "conversations.replies": TIER_3,
    "reactions.add": TIER_3,
    "users.info": TIER_4,
}


class Rates:
    """Counts calls in a sliding window; an empty table lets everything pass."""

    def __init__(self, limits: Mapping[str, Limit], violations: list[str]) -> None:
        self.limits = limits
        self._violations = violations
        self._calls: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def take(self, method: str, arguments: Mapping[str, Any]) -> Fault | None:
        """Count a call; return how it is refused where there were too many."""
        limit = self.limits.get(method)
        if limit is None:
            return None
        now = time.monotonic()
        calls = self._calls[method, str(arguments.get(limit.per)) if limit.per else ""]
        while calls and calls[0] <= now - limit.seconds:
            calls.popleft()
        if len(calls) < limit.calls:
            calls.append(now)
            return None
        self._violations.append(f"ratelimited: {method} more than {limit.calls} times")
        wait_seconds = ceil(calls[0] + limit.seconds - now)
        return Fault(method, 0, "ratelimited", 429, {"Retry-After": str(wait_seconds)})
