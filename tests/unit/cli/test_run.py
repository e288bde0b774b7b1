from __future__ import annotations

import socket
from pathlib import Path

import pytest

from supportbot.app.alone import alone
from supportbot.cli.init import write_starter
from supportbot.cli.run import bound, serve
from supportbot.errors import SettingsError, StoreUnavailable
from supportbot.settings.load import load
from supportbot.settings.tree import Settings


@pytest.fixture
def taken(tmp_path: Path) -> Settings:
    """Settings of a starter folder whose port somebody else will have."""
    write_starter(tmp_path / "bot")
    return load(tmp_path / "bot", {})


def _at(settings: Settings, port: int) -> Settings:
    server = settings.server.model_copy(update={"port": port})
    return settings.model_copy(update={"server": server})


def test_port_belongs_to_the_first_of_two_that_start_at_once() -> None:
    with bound("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(SettingsError, match=f"127.0.0.1:{port} is in use; stop what uses it"):
            bound("127.0.0.1", port)


def test_port_that_another_holds_without_listening_is_refused_or_ours_for_good() -> None:
    """Linux lets two bind with SO_REUSEADDR; then listening decides, and the loser is told."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        with bound("127.0.0.1", other.getsockname()[1]), pytest.raises(OSError, match="in use"):
            other.listen()


async def test_wrong_role_is_named_before_a_taken_port(taken: Settings) -> None:
    refused = pytest.raises(SettingsError, match="--only printer: there is no such role")
    with bound("127.0.0.1", 0) as other, refused:
        await serve(_at(taken, other.getsockname()[1]), ["printer"])


async def test_another_supportbot_is_named_before_a_taken_port(taken: Settings) -> None:
    refused = pytest.raises(StoreUnavailable, match="another supportbot runs on this database")
    with bound("127.0.0.1", 0) as other, alone(taken.database.url), refused:
        await serve(_at(taken, other.getsockname()[1]))


async def test_taken_port_is_refused_before_anything_is_stored(taken: Settings) -> None:
    with bound("127.0.0.1", 0) as other, pytest.raises(SettingsError, match="is in use"):
        await serve(_at(taken, other.getsockname()[1]))
    assert not (taken.folder / "supportbot.db").exists()
