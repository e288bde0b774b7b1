"""Lets turns begin while the loop has time for them: who is nearly answered goes first.

An asyncio loop serves all that is ready in turns. Where more turns begin than it can carry, every
answer waits at each of its steps for the steps of all others, and most of all at its end. Here the
waiting is done at the beginning, where a newer message still joins the turn.
"""

from __future__ import annotations

import asyncio

#: The loop has time when it comes round this quickly: nothing but a few small steps was ready.
_FREE_SECONDS = 0.0005
#: Of a loop that never has time, this is how often a turn begins all the same.
_LONGEST_SECONDS = 0.05


class Pace:
    """Admits turns one after the other, in the order they came."""

    def __init__(self) -> None:
        self._first = asyncio.Lock()

    async def admit(self) -> None:
        """Return when the loop has time for another turn, or after a twentieth of a second."""
        async with self._first:
            loop = asyncio.get_running_loop()
            came = before = loop.time()
            while True:
                await asyncio.sleep(0)
                now = loop.time()
                if now - before < _FREE_SECONDS or now - came > _LONGEST_SECONDS:
                    return
                before = now
