"""Who works on which ticket in this process, and telling them that something happened to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Listeners:
    """The open `news` blocks of a process, by ticket."""

    def __init__(self) -> None:
        self._open: dict[int, list[asyncio.Event]] = {}
        #: Whether news of other processes come in; kept by `hearing`.
        self.connected = False

    @contextmanager
    def listen(self, ticket_id: int) -> Iterator[asyncio.Event]:
        """Be told of a ticket's wake-ups while the block lasts."""
        told = asyncio.Event()
        self._open.setdefault(ticket_id, []).append(told)
        try:
            yield told
        finally:
            self._open[ticket_id].remove(told)
            if not self._open[ticket_id]:
                del self._open[ticket_id]

    def tell(self, ticket_id: int) -> None:
        """Tell whoever listens to this ticket."""
        for told in self._open.get(ticket_id, ()):
            told.set()
