"""The named points of the flow at which a victim may die, put around the product at run time.

The product knows nothing of this: functions and methods are replaced in the victim's process
before it starts to serve. A point that the product no longer has is an error, not a silent gap.
"""

from __future__ import annotations

import importlib
import inspect
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from types import ModuleType
from typing import Any

from supportbot.store.unit_of_work import UnitOfWork

#: Looks at a call's arguments: is it one that counts?
Counts = Callable[..., bool]


class When(StrEnum):
    """On which side of a point; amid = between two pieces of a stream."""

    BEFORE = "before"
    AMID = "amid"
    AFTER = "after"
    #: Once the transaction that it was done in is on disk, and before anybody is told.
    COMMITTED = "committed"


@dataclass(frozen=True, slots=True)
class Door:
    """One function or method, `module:attribute.path`, and which of its calls count."""

    target: str
    counts: Counts = lambda *_, **__: True
    #: Only installations with an optional part have it.
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """A step of the flow; it has several doors where the flow has."""

    name: str
    doors: tuple[Door, ...]
    sides: tuple[When, ...] = (When.BEFORE, When.AFTER)
    #: What an earlier life has to die of, so that the flow comes here.
    led_by: Fuse | None = None


@dataclass(frozen=True, slots=True)
class Fuse:
    """Where a victim dies: at the n-th passing of one side of a point."""

    point: str
    when: When
    nth: int

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Fuse:
        """Read what `told` wrote."""
        return cls(told["point"], When(told["when"]), told["nth"])

    def told(self) -> dict[str, Any]:
        """Return it as JSON can carry it."""
        return {"point": self.point, "when": self.when.value, "nth": self.nth}


class Burning:
    """Counts the passings of its fuse and kills this process at the last of them."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse
        self._left = fuse.nth
        #: Transactions in which the point was passed.
        self._open: list[UnitOfWork] = []

    def passed(self, point: Point, when: When, args: tuple[Any, ...] = ()) -> None:
        """Say that the flow is here, with these arguments."""
        if point.name != self._fuse.point:
            return
        if when is self._fuse.when:
            self._burn()
        elif when is When.AFTER and self._fuse.when is When.COMMITTED:
            self._open += [one for one in args if isinstance(one, UnitOfWork)]

    def committed(self, work: UnitOfWork) -> None:
        """Say that a transaction is on disk."""
        if any(one is work for one in self._open):
            self._open = [one for one in self._open if one is not work]
            self._burn()

    def _burn(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def install(points: tuple[Point, ...], fuse: Fuse) -> None:
    """Put the fuse into the product that is loaded in this process.

    Raises:
        LookupError: a point has no door any more; `points.py` must follow the product.
    """
    burning = Burning(fuse)
    for point in points:
        doors = [door for door in point.doors if _present(door)]
        if not doors and not all(door.optional for door in point.doors):
            raise LookupError(f"the product has no {point.name!r} any more")
        for door in doors:
            _replace(door, point, burning)
    _watch_commits(burning)


def _watch_commits(burning: Burning) -> None:
    """The store takes what is to be told of a transaction once that is on disk."""
    take = UnitOfWork.take_callbacks

    @wraps(take)
    def taken(work: UnitOfWork) -> Any:
        burning.committed(work)
        return take(work)

    UnitOfWork.take_callbacks = taken  # type: ignore[method-assign] # the product has no such hook


def _present(door: Door) -> bool:
    try:
        importlib.import_module(door.target.partition(":")[0])
    except ImportError:
        if door.optional:
            return False
        raise
    return True


def _replace(door: Door, point: Point, burning: Burning) -> None:
    owner, name = _found(door.target)
    original = inspect.getattr_static(owner, name)
    if not callable(original):
        raise TypeError(f"{door.target} is no function")
    watched = _watched(original, door.counts, point, burning)
    setattr(owner, name, watched)
    if isinstance(owner, ModuleType):
        for module in _borrowers(name, original):
            setattr(module, name, watched)


def _found(target: str) -> tuple[Any, str]:
    module, _, path = target.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    if not hasattr(owner, name):
        raise LookupError(f"{target} does not exist any more")
    return owner, name


def _borrowers(name: str, original: Callable[..., Any]) -> Iterator[ModuleType]:
    """Return the product's modules that imported the function by its name."""
    for key, module in tuple(sys.modules.items()):
        if key.startswith("supportbot.") and getattr(module, name, None) is original:
            yield module


def _watched(
    original: Callable[..., Any], counts: Counts, point: Point, burning: Burning
) -> Callable[..., Any]:
    def passed(when: When, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if counts(*args, **kwargs):
            burning.passed(point, when, args)

    @wraps(original)
    async def streamed(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        passed(When.BEFORE, args, kwargs)
        async with aclosing(original(*args, **kwargs)) as items:
            async for item in items:
                passed(When.AMID, args, kwargs)
                yield item
        passed(When.AFTER, args, kwargs)

    @wraps(original)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        passed(When.BEFORE, args, kwargs)
        result = await original(*args, **kwargs)
        passed(When.AFTER, args, kwargs)
        return result

    @wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        passed(When.BEFORE, args, kwargs)
        result = original(*args, **kwargs)
        passed(When.AFTER, args, kwargs)
        return result

    if inspect.isasyncgenfunction(original):
        return streamed
    return awaited if inspect.iscoroutinefunction(original) else called
