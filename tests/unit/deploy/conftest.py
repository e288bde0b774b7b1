"""Where the deployment files are."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def deploy() -> Path:
    """The folder `deploy/` of the checkout."""
    return Path(__file__).parents[3] / "deploy"
