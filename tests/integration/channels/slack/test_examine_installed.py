"""`supportbot check` where workspaces install the app: each problem names the workspace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.slack.config import SlackConfig, Transport
from supportbot.channels.slack.examine_installed import examine_installed
from supportbot.channels.slack.installing.register import Register
from supportbot.channels.slack.manifest import SCOPES
from supportbot.channels.vault import Tokens, Vault, new_key
from supportbot.cli.check import look_at
from supportbot.cli.init import write_starter
from supportbot.model.findings import Findings
from supportbot.store import installations
from supportbot.store.database import Database
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.installing import KEY, install, make_register, oauth_of
from tests.integration.channels.slack.listening import make_config

ADDRESS = "https://bot.example/slack/install"


@pytest.fixture
async def register(db: Database, clock: Any) -> Register:
    return await make_register(db, clock)


def config_of(slack: FakeSlack, **changes: Any) -> SlackConfig:
    return make_config(slack, Transport.SOCKET, bot_token="", oauth=oauth_of(slack), **changes)


async def look(slack: FakeSlack, register: Register, **changes: Any) -> Findings:
    return await examine_installed(config_of(slack, **changes), oauth_of(slack), register)


async def at_home(slack: FakeSlack, register: Register, **changes: Any) -> None:
    tokens = Tokens(slack.bot_token)
    await install(register, slack.team, tokens=tokens, scopes=tuple(SCOPES), **changes)


async def test_what_is_well_has_no_problems(slack: FakeSlack, register: Register) -> None:
    await at_home(slack, register)
    desk = slack.add_channel("desk")
    found = await look(
        slack,
        register,
        operators_team=slack.team,
        operators_channel=desk.id,
        operators=frozenset({"U0GRACE"}),
    )
    assert found == Findings()
    assert [call.method for call in slack.calls() if call.method.startswith("chat.")] == []
    assert slack.calls("oauth.v2.access") == []


async def test_nobody_yet_is_a_note(slack: FakeSlack, register: Register) -> None:
    found = await look(slack, register)
    assert found.problems == []
    assert ADDRESS in found.notes[0]


async def test_missing_scopes_name_their_workspace(slack: FakeSlack, register: Register) -> None:
    await install(register, "T1", scopes=tuple(set(SCOPES) - {"im:write", "users:read"}))
    (problem,) = (await look(slack, register)).problems
    assert problem == (
        "Slack workspace T1 (T1 Inc.) lacks the scopes im:write, users:read; "
        f"it has to open {ADDRESS} again"
    )


async def test_a_removed_workspace_is_no_problem(slack: FakeSlack, register: Register) -> None:
    seen = await install(register, "T1", scopes=())
    async with register.db.writing() as work:
        await installations.remove(work, seen, register.clock())
    assert (await look(slack, register)).problems == []


async def test_a_token_under_another_key_is_named(slack: FakeSlack, register: Register) -> None:
    await at_home(slack, register)
    other = replace(register, vault=Vault(new_key()))
    (problem,) = (await look(slack, other, operators_team=slack.team)).problems
    assert problem.startswith(f"Slack workspace {slack.team} ")
    assert "SUPPORTBOT_SECRET_TOKEN_KEY" in problem
    assert slack.calls() == []


async def test_operators_without_the_app_are_named(slack: FakeSlack, register: Register) -> None:
    await install(register, "T1", scopes=tuple(SCOPES))
    (problem,) = (await look(slack, register, operators_team="T9")).problems
    assert problem == f"[slack] operators_team: T9 has not installed the app; open {ADDRESS} there"


async def test_the_operators_channel_and_the_app_token_are_asked_about(
    slack: FakeSlack, register: Register
) -> None:
    await at_home(slack, register)
    found = await look(
        slack,
        register,
        operators_team=slack.team,
        operators_channel="C0GONE",
        app_token="xapp-other",
    )
    assert [problem.partition(": ")[0] for problem in found.problems] == [
        "SLACK_APP_TOKEN",
        "[slack] operators_channel",
    ]


async def test_check_looks_at_installed_workspaces(
    slack: FakeSlack, register: Register, store_url: str, tmp_path: Path
) -> None:
    await install(register, "T1", scopes=("chat:write",))
    folder = tmp_path / "bot"
    write_starter(folder)
    environ = {
        "SUPPORTBOT_PORT": "0",
        "SUPPORTBOT_DATABASE_URL": store_url,
        "SUPPORTBOT_SERVER_PUBLIC_URL": "https://bot.example",
        "SUPPORTBOT_SECRET_TOKEN_KEY": KEY,
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": "x",
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.url,
    }
    found = await look_at(folder, environ)
    (problem,) = found.problems
    assert problem.startswith("Slack workspace T1 (T1 Inc.) lacks the scopes ")
    fresh = environ | {"SUPPORTBOT_DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    assert await look_at(folder, fresh) == Findings()
