"""Connections that are kept open and lent out; SQLAlchemy's pool asks too much for each loan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection


class Held(Protocol):
    """An open connection that can be told from a dead one."""

    @property
    def connection(self) -> AsyncConnection:
        """SQLAlchemy's face of it."""

    def is_alive(self) -> bool:
        """Tell, without asking the server, whether it may be lent."""


_H = TypeVar("_H", bound=Held)


class HeldConnections(Generic[_H]):
    """At most so many connections, opened as they are needed; the one used last is lent first."""

    def __init__(self, open_one: Callable[[], Awaitable[_H]], most: int) -> None:
        self._open_one = open_one
        self._free = asyncio.Semaphore(most)
        self._idle: list[_H] = []
        self._closed = False

    @asynccontextmanager
    async def lent(self, wait_seconds: float) -> AsyncIterator[_H]:
        """Lend a connection for a block; a dead one is replaced.

        Raises:
            TimeoutError: none came back within that time.
        """
        if self._free.locked():
            async with asyncio.timeout(wait_seconds):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            one = await self._next()
            try:
                yield one
            finally:
                await self._put_back(one)
        finally:
            self._free.release()

    async def aclose(self) -> None:
        """Close the idle ones, and the others as they come back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().connection.close()

    async def _next(self) -> _H:
        while self._idle:
            one = self._idle.pop()
            if one.is_alive():
                return one
            await one.connection.close()
        return await self._opened()

    async def _opened(self) -> _H:
        """Open one; who is cancelled meanwhile leaves it to the next, for a half-open one is lost.

        However often that happens, it keeps its place until then, or more would be open than may
        be. Drivers bound how long that may take.
        """
        opening = asyncio.ensure_future(self._open_one())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            while not opening.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((opening,))
            if not opening.cancelled() and opening.exception() is None:
                await self._put_back(opening.result())
            raise

    async def _put_back(self, one: _H) -> None:
        if one.is_alive() and not self._closed:
            self._idle.append(one)
        else:
            await one.connection.close()
