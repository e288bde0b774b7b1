"""A wait that something may end early."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def pause(seconds: float, *, unless: asyncio.Event) -> None:
    """Wait for so many seconds, or until the event is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await unless.wait()
