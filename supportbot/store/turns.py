"""Who may write next, where only one can: acknowledgements go before everything else."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """Lets one task in at a time; the urgent ones first, among equals in the order they came."""

    def __init__(self, unused: Callable[[], None]) -> None:
        """Take what is called when somebody was given the turn but left before using it."""
        self._unused = unused
        self._taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def enter(self, *, urgent: bool) -> None:
        """Wait for the turn and take it; whoever has it ends with `pass_on` or `free`."""
        if not self._taken:
            self._taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._others).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            # Cancelled in the moment between being given the turn and waking up.
            if mine.done() and not mine.cancelled():
                self._unused()
            raise

    def pass_on(self) -> bool:
        """Give the turn to who is next; False: nobody waits, and it is still taken."""
        for queue in (self._urgent, self._others):
            while queue:
                following = queue.popleft()
                if not following.done():
                    following.set_result(None)
                    return True
        return False

    def free(self) -> None:
        """Leave the turn to whoever comes."""
        self._taken = False
