"""Bot folders whose products answer by themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supportbot.cli.init import write_starter
from supportbot.settings.load import load
from supportbot.settings.tree import Settings

SettingsOf = Callable[..., Settings]


@pytest.fixture
def settings_of(tmp_path: Path) -> SettingsOf:
    """Return the settings of a starter folder in auto mode: `settings_of(url, NAME=value)`."""
    folder = tmp_path / "bot"
    write_starter(folder)
    for policy in (folder / "policies" / "products").glob("*.md"):
        text = policy.read_text(encoding="utf-8")
        assert "default: draft" in text
        policy.write_text(text.replace("default: draft", "default: auto"), encoding="utf-8")

    def load_it(url: str, **environ: str) -> Settings:
        return load(folder, {"SUPPORTBOT_DATABASE_URL": url, **environ})

    return load_it
