"""The one place that catches everything: where work is claimed.

Work that fails in an unforeseen way must neither kill its lane nor vanish; it comes back as a value
for the caller to record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")


async def survive(name: str, work: Awaitable[_T], **ids: object) -> _T | Exception:
    """Await work; return its result, or the exception it ended with (logged without its text).

    Cancellation passes through. The log names the error's class only: its text may hold what a
    customer wrote.
    """
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - work is claimed here; the caller records the failure
        place = error.__traceback__
        while place and place.tb_next:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else None
        _log.error("work_failed", work=name, error=type(error).__name__, where=where, **ids)
        return error


def outcome_of(work: Callable[[], _T]) -> _T | Exception:
    """Do work in a thread of its own; the exception it ends with is for who awaits it to raise."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - it is raised again in the loop, where work is claimed
        return error
