"""Storing what must not be forgotten, in spite of a store that is away for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from supportbot.errors import StoreUnavailable

_T = TypeVar("_T")

#: So long the store is waited for: a restart or a failover takes less.
PATIENCE_SECONDS = 30.0
#: What a tool did cannot be found out again, so this is worth more patience; but a turn waits.
WRITE_PATIENCE_SECONDS = 60.0
_WAIT_SECONDS = 0.25


async def persist(
    store: Callable[[bool], Awaitable[_T]], patience_seconds: float = PATIENCE_SECONDS
) -> _T:
    """Do one transaction, again and again while the store is away; return what it returned.

    `store` is told whether it is called again: an attempt before may have been committed although
    it failed, so it must look first where repeating would do harm.

    Raises:
        StoreUnavailable: it was away for longer than that.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + patience_seconds
    again = False
    while True:
        try:
            return await store(again)
        except StoreUnavailable:
            if loop.time() + _WAIT_SECONDS > end:
                raise
        again = True
        await asyncio.sleep(_WAIT_SECONDS)
