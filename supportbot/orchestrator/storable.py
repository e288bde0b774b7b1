"""Text from outside as both stores can hold it. Pure.

PostgreSQL refuses NUL in text, and no encoder takes half a surrogate pair; either would lose the
message that holds it, and its sender would repeat it for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from supportbot.completions.characters import BROKEN, INSTEAD

_T = TypeVar("_T")


def storable(value: _T) -> _T:
    """Return a value with every text in it, at any depth, made storable."""
    made: Any = _made(value)
    return made  # type: ignore[no-any-return]  # a value of the same type, part by part


def _made(value: Any) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return BROKEN.sub(INSTEAD, value)
    if isinstance(value, tuple):
        return tuple(_made(one) for one in value)
    if isinstance(value, Mapping):
        return {_made(key): _made(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _made(getattr(value, f.name)) for f in fields(value)})
    return value
