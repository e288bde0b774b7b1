"""`supportbot admin workspaces` and `token-key`: what an administrator of the Slack app needs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supportbot.channels.slack.manifest import SCOPES
from supportbot.channels.vault import Vault
from supportbot.cli.admin import list_workspaces
from supportbot.cli.init import write_starter
from supportbot.cli.root import app
from supportbot.model.installation import Installation
from supportbot.store import installations
from supportbot.store.database import Database
from tests.integration.channels.slack.installing import install, make_register

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("removed", [False, True])
async def test_workspaces_are_listed_without_their_tokens(
    db: Database, store_url: str, tmp_path: Path, *, removed: bool
) -> None:
    write_starter(tmp_path / "bot")
    register = await make_register(db, lambda: AT)
    await install(register, "T1", scopes=tuple(SCOPES))
    seen = await install(register, "T2", scopes=("chat:write",))
    if removed:
        await _remove(register.db, seen)
    listed = await list_workspaces(tmp_path / "bot", {"SUPPORTBOT_DATABASE_URL": store_url})
    assert [(one["id"], one["name"]) for one in listed] == [("T1", "T1 Inc."), ("T2", "T2 Inc.")]
    assert [one["installed_at"] for one in listed] == [AT, AT]
    assert [one["removed_at"] for one in listed] == [None, AT if removed else None]
    assert listed[0]["missing_scopes"] == ""
    assert "chat:write" not in str(listed[1]["missing_scopes"])
    assert "im:history" in str(listed[1]["missing_scopes"])
    assert "xox" not in repr(listed)


def test_a_fresh_key_is_printed_and_fits() -> None:
    first, second = (CliRunner().invoke(app, ["admin", "token-key"]) for _ in range(2))
    assert first.exit_code == 0
    assert first.output != second.output
    Vault(first.output.strip())


async def _remove(db: Database, seen: Installation) -> None:
    async with db.writing() as work:
        assert await installations.remove(work, seen, AT)
