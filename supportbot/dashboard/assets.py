"""Static files, served under names that change with their content, so that browsers keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file."""

    name: str
    content: bytes
    content_type: str
    digest: str

    @property
    def url(self) -> str:
        """Path of this very content."""
        return f"/assets/{self.digest}/{self.name}"


def load_assets() -> Mapping[str, Asset]:
    """Read all static files of the package, by name."""
    return {
        path.name: _asset(path.name, path.read_bytes(), _TYPES[path.suffix])
        for path in sorted(_FOLDER.iterdir())
        if path.suffix in _TYPES
    }


def _asset(name: str, content: bytes, content_type: str) -> Asset:
    return Asset(name, content, content_type, hashlib.sha256(content).hexdigest()[:16])
