from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supportbot.settings.load import SettingsProblems, load
from supportbot.settings.tree import Settings

Load = Callable[..., Settings]


@pytest.fixture
def load_text(tmp_path: Path) -> Load:
    """Load settings from TOML text and variables."""

    def load_it(text: str = "", **environ: str) -> Settings:
        (tmp_path / "supportbot.toml").write_text(text, encoding="utf-8")
        return load(tmp_path, environ)

    return load_it


@pytest.fixture
def problems_of(load_text: Load, tmp_path: Path) -> Callable[..., list[str]]:
    """Load settings that are wrong; return the problems, with the folder cut off."""

    def problems(text: str = "", **environ: str) -> list[str]:
        with pytest.raises(SettingsProblems) as caught:
            load_text(text, **environ)
        return [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]

    return problems
