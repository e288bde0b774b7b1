"""Parts that come in by entry point; built-ins come through the same door."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from supportbot.errors import ConfigError

CHANNELS = "supportbot.channels"
RETRIEVERS = "supportbot.retrievers"
REVIEW_RULES = "supportbot.review_rules"


def load_factory(group: str, name: str) -> Callable[..., Any]:
    """Load what an entry point names.

    Raises:
        ConfigError: nothing of that name is installed; lists what is, and the line to type.
    """
    loaded: Callable[..., Any] = entry_point(group, name).load()
    return loaded


def entry_point(group: str, name: str) -> EntryPoint:
    """Find an entry point, loading nothing.

    Raises:
        ConfigError: as of `load_factory`.
    """
    found = entry_points(group=group)
    if name in found.names:
        return found[name]
    known = ", ".join(sorted(found.names)) or "none"
    raise ConfigError(
        f"there is no {group.rpartition('.')[2].rstrip('s')} {name!r}; installed are: {known}. "
        f"If a package brings it, type: pip install <package>"
    )


def load_all(group: str) -> list[Any]:
    """Load every entry point of a group, sorted by name."""
    return [point.load() for point in sorted(entry_points(group=group), key=lambda p: p.name)]
