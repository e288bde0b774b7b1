"""Many workspaces install the app, and none of them ever meets another one's token.

The fake workspaces share a server and an app, as Slack's do. A call with one workspace's token that
names a channel of another one is a violation, which ends the block with an AssertionError.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from supportbot.channels.slack.config import Transport
from supportbot.channels.slack.manifest import SCOPES
from supportbot.channels.vault import new_key
from supportbot.model.delivery import DeliveryState
from supportbot.model.ticket import Handler
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.acceptance.slack_desk import ANSWER, Desk, desk, product, stage
from tests.acceptance.slack_many import KEY, PLAN, install, ticket_of, two


async def ready(d: Desk) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{d.origin}/readyz") as answer,
    ):
        return answer.status, await answer.json()


async def test_two_workspaces_are_answered_each_by_its_own_bot(
    transport: Transport, tmp_path: Path
) -> None:
    async with two(transport, tmp_path) as (d, home, other):
        asked = [
            (workspace, workspace.mention("support", user, f"How do I export, {user}?"))
            for workspace in (home, other)
            for user in ("ada", "grace")
        ]
        asked += [(workspace, workspace.direct("ada", "And here?")) for workspace in (home, other)]
        for workspace, question in asked:
            (answer,) = await workspace.wait_for_replies(question)
            assert answer.markdown == ANSWER
            assert answer.user == workspace.bot_user
            assert (await ticket_of(d, question)).target["team"] == workspace.team
        for workspace, question in asked[:4]:
            workspace.say("support", question.user, "And then?", thread=question)
        for workspace, question in asked[:4]:
            await workspace.wait_for_replies(question, 2)
        await d.settled()
        assert len(await d.tickets()) == len(asked)
        assert len(home.workspace.messages) == len(other.workspace.messages)
        assert {call.team for call in home.calls("chat.postMessage")} <= {home.team, other.team}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_people_do_at_once_no_token_strays(
    transport: Transport, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    async with two(transport, tmp_path) as (d, home, other):
        third = home.another("hooli")
        home.oauth.app.rotates = True
        await install(d, third)
        questions = list[tuple[FakeSlack, FakeMessage]]()
        for _ in range(30):
            workspace = chance.choice([home, other, third])
            questions += _something(chance, workspace, questions)
            if chance.random() < 0.3:
                await asyncio.sleep(chance.random() / 20)
        await d.settled()
        await d.eventually(d.left)
        for workspace, question in questions:
            if workspace.workspace.find(question.channel, question.ts) is None:
                continue  # it was taken back
            theirs = [reply.user for reply in workspace.replies(question)]
            assert theirs, f"{question.text} in {workspace.team} has no answer"
            assert set(theirs) == {workspace.bot_user}
        asked = str(d.model.requests)
        for workspace in {place.team for place, question in questions if question.files}:
            assert f"secret of {workspace}" in asked  # its file was read by its own token
        for ticket in await d.tickets():
            team = ticket.target["team"]
            (place,) = [one for one in (home, other, third) if one.team == team]
            assert ticket.target["channel"] in place.workspace.channels


def _something(
    chance: random.Random, workspace: FakeSlack, before: list[tuple[FakeSlack, FakeMessage]]
) -> list[tuple[FakeSlack, FakeMessage]]:
    """Let somebody do something; return what they asked, if they asked anything new."""
    mine = [question for place, question in before if place is workspace]
    user, what = chance.choice(["ada", "grace"]), chance.random()
    if mine and what < 0.2:
        question = chance.choice(mine)
        workspace.say("support", question.user, "And then?", thread=question)
        return []
    if mine and what < 0.3:
        workspace.edit(chance.choice(mine), f"<@{workspace.bot_user}> How do I import?")
        return []
    if what < 0.4:
        note = ("note.txt", "text/plain", f"secret of {workspace.team}".encode())
        text = f"<@{workspace.bot_user}> What is in this?"
        return [(workspace, workspace.files.share("support", user, text, [note]))]
    if what < 0.5:
        workspace.requests.command(user, f"Question {chance.random()}")
        return []
    if what < 0.6:
        workspace.direct(user, f"Question {chance.random()}")
        return []
    return [(workspace, workspace.mention("support", user, f"Question {chance.random()}"))]


async def test_an_app_that_is_removed_in_mid_answer_leaves_the_ticket_to_a_person(
    transport: Transport, tmp_path: Path
) -> None:
    async with two(transport, tmp_path) as (d, home, other):
        d.model.hold()
        lost = other.mention("support", "ada", "How do I export?")
        await d.until(lambda: d.model.requests)
        other.oauth.uninstall()
        await d.slack.settled()
        d.model.go_on()

        async def handed_off() -> bool:
            return (await ticket_of(d, lost)).handler is Handler.HUMAN

        await d.eventually(handed_off)
        await d.eventually(d.left)
        failed = [
            one
            for one in await d.deliveries(await ticket_of(d, lost))
            if one.state is DeliveryState.FAILED
        ]
        assert failed
        assert other.replies(lost) == []
        kept = home.mention("support", "ada", "And here?")
        await home.wait_for_replies(kept)


@pytest.mark.parametrize("revoked_first", [True, False])
async def test_removing_and_installing_again_stops_and_starts_answers(
    transport: Transport, tmp_path: Path, *, revoked_first: bool
) -> None:
    async with two(transport, tmp_path) as (d, _, other):
        other.oauth.uninstall(revoked_first=revoked_first)
        await d.slack.settled()
        late = other.emit(
            {
                "type": "app_mention",
                "user": "U0UMBRELLAADA",
                "text": f"<@{other.bot_user}> Anybody?",
                "channel": "C0UMBRELLASUPPORT",
                "ts": "1767225600.000100",
            }
        )
        await d.slack.settled()
        assert late.acked
        reasons = [reason for _, reason in await d.outcomes()]
        assert "app_not_installed" in reasons
        await asyncio.sleep(1.0)  # events tell whole seconds
        await install(d, other)
        question = other.mention("support", "ada", "Are you back?")
        await other.wait_for_replies(question)
        assert len(await d.tickets()) == 1


async def test_tokens_that_end_are_renewed_while_people_are_answered(
    transport: Transport, tmp_path: Path
) -> None:
    async with desk(transport, tmp_path, PLAN) as d:
        other = d.slack.another("umbrella")
        app = d.slack.oauth.app
        app.rotates, app.token_seconds = True, 3600.0  # less than two hours: renewed at once
        await install(d, other)
        asked = [other.mention("support", "ada", f"Question {number}") for number in range(5)]
        for question in asked:
            await other.wait_for_replies(question)
        assert app.refreshed >= 1


async def test_two_processes_never_spend_a_refresh_token_twice(
    postgresql_url: str, tmp_path: Path
) -> None:
    """Every token here is about to end from the start, so each of them is exchanged at its use."""
    secret = {"SUPPORTBOT_SECRET_KEY": "the same in both processes"}
    plan = replace(PLAN, database_url=postgresql_url, environ={**PLAN.environ, **secret})
    async with (
        stage(plan) as world,
        product(world, Transport.SOCKET, tmp_path / "one", plan) as one,
        product(world, Transport.SOCKET, tmp_path / "two", plan) as two_,
    ):
        other = one.slack.another("umbrella")
        app = one.slack.oauth.app
        app.rotates, app.token_seconds = True, 3600.0
        await install(one, other)
        asked = [other.mention("support", "ada", f"Question {number}") for number in range(12)]
        for question in asked:
            assert len(await other.wait_for_replies(question, timeout_seconds=60)) == 1
        assert app.refreshed > 1
        await two_.eventually(two_.left)
        assert len(await two_.tickets()) == len(asked)


async def test_a_restarted_process_answers_with_the_stored_tokens(
    transport: Transport, tmp_path: Path
) -> None:
    async with stage(PLAN) as world:
        slack, _ = world
        other = slack.another("umbrella")
        async with product(world, transport, tmp_path, PLAN) as d:
            await install(d, other)
            question = other.mention("support", "ada", "How do I export?")
            await other.wait_for_replies(question)
            await d.settled()
        async with product(world, transport, tmp_path, PLAN) as d:
            other.say("support", "ada", "And then?", thread=question)
            await other.wait_for_replies(question, 2)
            assert len(await d.tickets()) == 1
        assert len(slack.calls("oauth.v2.access")) == 1


async def test_a_reserved_channel_is_open_to_its_group_from_the_start(
    transport: Transport, tmp_path: Path
) -> None:
    slack = '[slack.channels.C0UMBRELLASUPPORT]\ngroups = ["S0VIP"]'
    plan = replace(PLAN, slack=slack)
    async with stage(plan) as world:
        other = world[0].another("umbrella")
        other.scopes.granted = frozenset(SCOPES)
        other.groups.add("vip", "ada")
        async with product(world, transport, tmp_path, plan) as d:
            await install(d, other)
        async with product(world, transport, tmp_path, plan) as d:
            question = other.mention("support", "ada", "How do I export?")
            await other.wait_for_replies(question)
            other.mention("support", "grace", "And I?")
            assert (await d.outcomes())[-1] == ("suppressed", "not_in_group")


async def test_operators_are_told_in_their_own_workspace(
    transport: Transport, tmp_path: Path
) -> None:
    slack = 'operators_channel = "C0DESK"\noperators_team = "T0FAKE0001"'
    plan = replace(PLAN, slack=slack, answer=lambda _request: "[[handoff]]", mode="draft")

    def furnish(workspace: FakeSlack) -> None:
        workspace.add_channel("desk")

    async with two(transport, tmp_path, replace(plan, furnish=furnish)) as (d, home, other):
        other.mention("support", "ada", "How do I export?")
        await d.until(lambda: [m for m in home.workspace.messages if m.channel == "C0DESK"])
        await d.eventually(d.left)
        assert [one for one in other.workspace.messages if one.user == other.bot_user] == []


async def test_a_wrong_key_is_shown_and_mended_without_installing_again(
    transport: Transport, tmp_path: Path
) -> None:
    wrong = replace(PLAN, environ={**PLAN.environ, "SUPPORTBOT_SECRET_TOKEN_KEY": new_key()})
    both = {**PLAN.environ, "SUPPORTBOT_SECRET_TOKEN_KEY": f"{new_key()},{KEY}"}
    async with stage(PLAN) as world:
        slack, _ = world
        other = slack.another("umbrella")
        async with product(world, transport, tmp_path, PLAN) as d:
            await install(d, other)
            assert (await ready(d))[0] == 200
        async with product(world, transport, tmp_path, wrong, healthy=False) as d:

            async def told() -> bool:
                status, shown = await ready(d)
                return status == 503 and "SUPPORTBOT_SECRET_TOKEN_KEY" in str(shown["problems"])

            await d.eventually(told)
        async with product(world, transport, tmp_path, replace(PLAN, environ=both)) as d:
            question = other.mention("support", "ada", "How do I export?")
            await other.wait_for_replies(question)


async def test_a_command_from_a_workspace_without_the_app_gets_a_kind_line(
    transport: Transport, tmp_path: Path
) -> None:
    async with two(transport, tmp_path) as (d, home, _):
        stranger = home.another("hooli")
        typed = stranger.requests.command("ada", "How do I export?")
        await d.slack.settled()
        assert typed.acked
        assert "not installed" in str(typed.response)
        assert await d.tickets() == []


async def test_nothing_is_looked_up_any_more_where_the_app_was_removed(
    transport: Transport, tmp_path: Path
) -> None:
    async with two(transport, tmp_path) as (d, _, other):
        await other.wait_for_replies(other.mention("support", "ada", "How do I export?"))
        looking = d.channel._branches._looking
        assert other.team in looking
        other.oauth.uninstall()
        await d.until(lambda: other.team not in looking)
