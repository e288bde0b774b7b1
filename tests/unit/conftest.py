"""Growth instead of clocks: hostile input may be slow in total, never more than in proportion."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import pytest

GROWTH = 4
#: Quadratic work would take 16 times as long; below this many seconds nothing is measured.
FLOOR_SECONDS = 0.15
MOST_TRIES = 5


@pytest.fixture
def grows_linearly() -> Callable[[Callable[[int], object]], None]:
    """Run work of size n and 4 n; the second may take at most 9 times as long.

    The thread's own processor time counts, which does not wait for others; what is slow for once
    is measured again.
    """

    def seconds(work: Callable[[int], object], size: int) -> float:
        started = time.thread_time()
        work(size)
        return time.thread_time() - started

    def check(work: Callable[[int], object], size: int = 1_000) -> None:
        small = large = math.inf
        for _ in range(MOST_TRIES):
            large = min(large, seconds(work, size * GROWTH))
            small = min(small, seconds(work, size))
            if large < max(FLOOR_SECONDS, 9 * small):
                return
        raise AssertionError(f"{small:.3f} s grew to {large:.3f} s")

    return check
