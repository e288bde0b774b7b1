"""Growth instead of clocks: hostile input may be slow in total, never more than in proportion."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

GROWTH = 4
#: Quadratic work would take 16 times as long; below this many seconds nothing is measured.
FLOOR_SECONDS = 0.15


@pytest.fixture
def grows_linearly() -> Callable[[Callable[[int], object]], None]:
    """Run work of size n and 4 n; the second may take at most 9 times as long."""

    def seconds(work: Callable[[int], object], size: int) -> float:
        started = time.perf_counter()
        work(size)
        return time.perf_counter() - started

    def check(work: Callable[[int], object], size: int = 1_000) -> None:
        large = min(seconds(work, size * GROWTH) for _ in range(2))
        small = min(seconds(work, size) for _ in range(2))
        assert large < max(FLOOR_SECONDS, 9 * small), f"{small:.3f} s grew to {large:.3f} s"

    return check
