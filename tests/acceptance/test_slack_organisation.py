"""An organisation installs the app once for all of its workspaces, told over the whole product."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from supportbot.channels.slack.config import Transport
from supportbot.model.ticket import Status
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.acceptance.slack_desk import ANSWER, Desk, Plan, desk
from tests.acceptance.slack_many import PLAN, install, ticket_of

ORG = "E0ACME"


@asynccontextmanager
async def organisation(
    transport: Transport, folder: Path, plan: Plan = PLAN
) -> AsyncIterator[tuple[Desk, FakeSlack, FakeSlack]]:
    """Run the product for two workspaces of an organisation, of which one is signed in to."""
    async with desk(transport, folder, plan) as d:
        one = d.slack.another("sales", enterprise=ORG)
        two = d.slack.another("labs", enterprise=ORG)
        assert "The support bot is in Org now" in await install(d, one, whole_org=True)
        yield d, one, two


async def test_all_of_its_workspaces_are_answered_by_the_one_token(
    transport: Transport, tmp_path: Path
) -> None:
    async with organisation(transport, tmp_path) as (d, *workspaces):
        for place in workspaces:
            asked = [
                place.mention("support", "ada", "How do I export?"),
                place.direct("ada", "Hi?"),
            ]
            for question in asked:
                (answer,) = await place.wait_for_replies(question)
                assert (answer.markdown, answer.user) == (ANSWER, place.bot_user)
                target = (await ticket_of(d, question)).target
                assert (target["team"], target["enterprise"]) == (place.team, ORG)
            place.say("support", "ada", "And then?", thread=asked[0])
            await place.wait_for_replies(asked[0], 2)
        assert len(d.slack.calls("oauth.v2.access")) == 1


async def test_commands_buttons_files_and_check_marks_work_in_each(
    transport: Transport, tmp_path: Path
) -> None:
    async with organisation(transport, tmp_path) as (d, *workspaces):
        for place in workspaces:
            typed = place.requests.command("grace", "How do I import?")
            await d.slack.settled()
            assert "answer you in a direct message" in str(typed.response)
            note = ("note.txt", "text/plain", f"secret of {place.team}".encode())
            text = f"<@{place.bot_user}> What is in this?"
            question = place.files.share("support", "ada", text, [note])
            (answer,) = await place.wait_for_replies(question)
            assert f"secret of {place.team}" in str(d.model.requests)
            await d.settled()
            place.click(answer, "supportbot_escalate", "ada")
            await place.wait_for_replies(question, 2)
            place.reactions.add(question, "white_check_mark", "ada")
            assert (await d.outcomes())[-1] == ("action", "resolve")
            assert (await ticket_of(d, question)).status is Status.RESOLVED


async def test_it_is_named_itself_where_not_everybody_may_install(
    transport: Transport, tmp_path: Path
) -> None:
    allowed = replace(PLAN, slack=f'workspaces = ["{ORG}"]')
    async with organisation(transport, tmp_path, allowed) as (_, one, _two):
        await one.wait_for_replies(one.mention("support", "ada", "How do I export?"))


async def test_what_it_removes_is_removed_everywhere(transport: Transport, tmp_path: Path) -> None:
    async with organisation(transport, tmp_path) as (d, one, two):
        await two.wait_for_replies(two.mention("support", "ada", "How do I export?"))
        await d.settled()
        one.oauth.uninstall()
        await d.slack.settled()
        late = two.emit(
            {
                "type": "app_mention",
                "user": "U0LABSADA",
                "text": f"<@{two.bot_user}> Anybody?",
                "channel": "C0LABSSUPPORT",
                "ts": "1767225600.000100",
            }
        )
        await d.slack.settled()
        assert late.acked
        assert (await d.outcomes())[-1] == ("suppressed", "app_not_installed")


async def test_operators_of_one_workspace_serve_all_of_them(
    transport: Transport, tmp_path: Path
) -> None:
    """Who installed the app is the organisation, and so it is named as the operators' home."""
    slack = (
        f'operators_team = "{ORG}"\noperators_channel = "C0SALESDESK"\noperators = ["U0SALESGRACE"]'
    )
    async with organisation(transport, tmp_path, replace(PLAN, slack=slack)) as (d, one, two):
        one.add_channel("desk")
        question = two.mention("support", "ada", "How do I export?")
        (answer,) = await two.wait_for_replies(question)
        await d.settled()
        two.click(answer, "supportbot_escalate", "ada")

        def packets() -> list[FakeMessage]:
            return [m for m in one.workspace.messages if m.channel == "C0SALESDESK"]

        await d.until(packets)
        (packet,) = packets()
        one.click(packet, "supportbot_claim", "ada")
        await d.until(lambda: one.workspace.ephemerals)
        assert [user for user, _ in one.workspace.ephemerals] == ["U0SALESADA"]
        one.click(packet, "supportbot_claim", "grace")
        await d.until(lambda: "grace has it." in packet.markdown)
        one.say("desk", "grace", "Press the *Export* button.", thread=packet)
        *_, reply = await two.wait_for_replies(question, 3)
        assert "Press the **Export** button." in reply.markdown
