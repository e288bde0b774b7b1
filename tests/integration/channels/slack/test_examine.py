"""`supportbot check` asks Slack: each problem is told with its cure, and what cannot be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supportbot.channels.slack.config import ChannelRules, Rulebook, Transport
from supportbot.channels.slack.examine import examine
from supportbot.channels.slack.manifest import SCOPES
from supportbot.cli.check import look_at
from supportbot.cli.init import write_starter
from supportbot.model.findings import Findings
from supportbot.testing.fake_slack import FakeSlack
from tests.integration.channels.slack.listening import make_config


async def look(slack: FakeSlack, operators_channel: str | None = None, **changes: Any) -> Findings:
    return await examine(make_config(slack, Transport.SOCKET, **changes), operators_channel)


async def test_what_is_well_has_no_problems(slack: FakeSlack) -> None:
    slack.scopes.granted = frozenset(SCOPES)
    desk = slack.add_channel("desk")
    group = slack.groups.add("oncall", "grace")
    people = frozenset({"U0ADA", group.id})
    assert await look(slack, desk.id, operators=people) == Findings()
    posted = [call.method for call in slack.calls() if call.method.startswith("chat.")]
    assert posted == []


@pytest.mark.parametrize("scope", sorted(SCOPES))
async def test_each_missing_scope_is_named_with_its_reason(slack: FakeSlack, scope: str) -> None:
    slack.scopes.granted = frozenset(SCOPES) - {scope}
    found = await look(slack, rulebook=Rulebook())
    (problem,) = found.problems
    assert f"lacks the scope {scope} ({SCOPES[scope]})" in problem
    assert "install the app again" in problem


async def test_scopes_that_slack_does_not_tell_are_noted(slack: FakeSlack) -> None:
    found = await look(slack, rulebook=Rulebook())
    assert found == Findings(notes=["Slack did not tell which scopes the bot has"])


async def test_refused_tokens_are_named_by_their_variables(slack: FakeSlack) -> None:
    found = await look(slack, bot_token="xoxb-other")
    assert len(found.problems) == 1
    assert found.problems[0].startswith("SLACK_BOT_TOKEN: ")
    assert "invalid_auth" in found.problems[0]
    found = await look(slack, app_token="xapp-other", rulebook=Rulebook())
    assert [problem.partition(":")[0] for problem in found.problems] == ["SLACK_APP_TOKEN"]


async def test_app_token_is_not_asked_for_over_http(slack: FakeSlack) -> None:
    config = make_config(slack, Transport.HTTP, app_token=None, rulebook=Rulebook())
    assert (await examine(config, None)).problems == []
    assert slack.calls("apps.connections.open") == []


async def test_channels_that_the_bot_is_not_in_are_named(slack: FakeSlack) -> None:
    slack.add_channel("elsewhere", bot_is_member=False)
    slack.add_channel("old").is_archived = True
    rules = {name: ChannelRules() for name in ("C0SUPPORT", "C0ELSEWHERE", "C0OLD", "C0GONE")}
    found = await look(slack, rulebook=Rulebook(rules))
    assert [problem.partition(" channels: ")[2] for problem in found.problems] == [
        "C0ELSEWHERE (#elsewhere) has no bot in it; type `/invite` with its name there",
        "C0OLD (#old) is archived; unarchive it or name another",
        "C0GONE is not known to Slack, or private and without the bot; invite it there",
    ]


async def test_operators_channel_is_for_nobody_else(slack: FakeSlack) -> None:
    desk = slack.add_channel("desk", kind="group")
    desk.is_ext_shared = True
    (problem,) = (await look(slack, desk.id, rulebook=Rulebook())).problems
    assert "operators_channel: C0DESK (#desk) is shared with another company" in problem


async def test_a_public_channel_makes_nobody_an_operator_unawares(slack: FakeSlack) -> None:
    public, private = slack.add_channel("desk"), slack.add_channel("backroom", kind="group")
    (problem,) = (await look(slack, public.id, rulebook=Rulebook())).problems
    assert (
        "operators_channel: C0DESK (#desk) is public and [slack] operators names nobody" in problem
    )
    assert "make it private, or name the operators" in problem
    assert (await look(slack, private.id, rulebook=Rulebook())).problems == []
    named = frozenset({"U0ADA"})
    found = await look(slack, public.id, rulebook=Rulebook(), operators=named)
    assert found.problems == []


async def test_operators_that_are_nobody_are_named(slack: FakeSlack) -> None:
    bot = slack.add_bot("monitor")
    empty = slack.groups.add("empty")
    people = frozenset({"U0NOBODY", bot.id, "S0GONE", empty.id, "U0ADA"})
    found = await look(slack, operators=people, rulebook=Rulebook())
    assert found.problems == [
        "[slack] user group S0EMPTY has no members",
        "[slack] S0GONE is no user group of this workspace",
        "[slack] operators: U0MONITOR is a bot",
        "[slack] operators: U0NOBODY is nobody in this workspace (any more)",
    ]


async def test_slack_that_cannot_be_asked_is_noted(slack: FakeSlack) -> None:
    slack.faults.fail("conversations.info", "internal_error", status=500)
    found = await look(slack, rulebook=Rulebook({"C0SUPPORT": ChannelRules()}))
    assert found.problems == []
    assert "what is left of Slack was not checked" in found.notes[-1]


async def test_check_asks_slack_and_goes_on_without_it(slack: FakeSlack, tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    write_starter(folder)
    toml = folder / "supportbot.toml"
    toml.write_text(
        '[slack]\noperators = ["U0NOBODY"]\n[slack.channels]\nC0GONE = "hosting"\n', "utf-8"
    )
    environ = {
        "SUPPORTBOT_PORT": "0",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.url,
    }
    found = await look_at(folder, environ)
    assert [problem.partition(" is ")[0] for problem in found.problems] == [
        "[slack] channels: C0GONE",
        "[slack] operators: U0NOBODY",
    ]
    away = await look_at(folder, environ | {"SLACK_API_URL": "http://127.0.0.1:9/api/"})
    assert away.problems == []
    assert "cannot be reached" in away.notes[0]
