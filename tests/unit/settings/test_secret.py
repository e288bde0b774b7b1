from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from supportbot.errors import SettingsError
from supportbot.settings.secret import FILE_NAME, installation_secret
from supportbot.settings.tree import SecretSettings, Settings


def test_a_given_secret_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    key = SecretStr("0123456789abcdef")
    settings = Settings(folder=tmp_path, secret=SecretSettings(key=key))
    assert installation_secret(settings) == key
    assert list(tmp_path.iterdir()) == []


def test_a_made_secret_stays_and_is_for_its_owner_only(tmp_path: Path) -> None:
    first = installation_secret(Settings(folder=tmp_path))
    assert installation_secret(Settings(folder=tmp_path)) == first
    assert len(first.get_secret_value()) >= 32
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: installation_secret(Settings(folder=tmp_path)), range(32)))
    assert len(made) == 1


def test_a_folder_that_cannot_keep_it_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SUPPORTBOT_SECRET_KEY"):
        installation_secret(Settings(folder=tmp_path / "nowhere"))


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        installation_secret(Settings(folder=tmp_path))
