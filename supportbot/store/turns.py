"""Who may write next, where only one can: acknowledgements go before everything else."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import chain, islice

#: So many are woken behind the one whose turn it is. Most write without ever letting go of the
#: loop, so they can follow each other in one round of it; a busy loop's round takes milliseconds.
_WOKEN_AHEAD = 15


class _Waiter:
    """One in the queue, who looks whose turn it is each time it is woken."""

    def __init__(self) -> None:
        self._woken: asyncio.Future[None] | None = None

    async def sleep(self) -> None:
        self._woken = asyncio.get_running_loop().create_future()
        await self._woken

    def wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


class Turns:
    """Lets one task in at a time; the urgent ones first, among equals in the order they came."""

    def __init__(self, unused: Callable[[], None]) -> None:
        """Take what is called when somebody was given the turn but left before using it."""
        self._unused = unused
        self._taken = False
        #: Who was given the turn and has not woken up yet.
        self._given: _Waiter | None = None
        self._urgent: deque[_Waiter] = deque()
        self._others: deque[_Waiter] = deque()

    async def enter(self, *, urgent: bool) -> None:
        """Wait for the turn and take it; whoever has it ends with `pass_on` or `free`."""
        if not self._taken:
            self._taken = True
            return
        mine = _Waiter()
        queue = self._urgent if urgent else self._others
        queue.append(mine)
        try:
            while self._given is not mine:
                await mine.sleep()
        except asyncio.CancelledError:
            if self._given is mine:
                self._given = None
                self._unused()
            else:
                queue.remove(mine)
            raise
        self._given = None

    def pass_on(self) -> bool:
        """Give the turn to who is next; False: nobody waits, and it is still taken."""
        queue = self._urgent or self._others
        if not queue:
            return False
        self._given = queue.popleft()
        self._given.wake()
        for following in islice(chain(self._urgent, self._others), _WOKEN_AHEAD):
            following.wake()
        return True

    def free(self) -> None:
        """Leave the turn to whoever comes."""
        self._taken = False
