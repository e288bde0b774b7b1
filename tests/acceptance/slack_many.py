"""Workspaces that install the app themselves: the stage of stories about several of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from supportbot.channels.slack.config import Transport
from supportbot.channels.vault import new_key
from supportbot.model.ticket import Ticket
from supportbot.testing.fake_slack import FakeMessage, FakeSlack
from tests.acceptance.slack_desk import Desk, Plan, desk
from tests.integration.channels.slack.installing import browser

PUBLIC = "https://bot.example"
KEY = new_key()
PLAN = Plan(
    environ={
        "SLACK_BOT_TOKEN": "",
        "SLACK_CLIENT_ID": "fake-client-id",
        "SLACK_CLIENT_SECRET": "fake-client-secret",
        "SUPPORTBOT_SERVER_PUBLIC_URL": PUBLIC,
        "SUPPORTBOT_SECRET_TOKEN_KEY": KEY,
    }
)


async def install(d: Desk, workspace: FakeSlack, *, whole_org: bool = False) -> str:
    """Install the app as somebody does who is signed in to a workspace; return what they read."""
    workspace.oauth.sign_in(whole_org=whole_org)
    async with browser(d.origin) as visitor:
        page = await visitor.get("/slack/install")
        consent = await visitor.get(page.headers["Location"])
        back = consent.headers["Location"]
        assert back.startswith(f"{PUBLIC}/slack/oauth_redirect?")
        done = await visitor.get(back.removeprefix(PUBLIC))
        said = await done.text()
        assert done.status == 200, said
        return said


@asynccontextmanager
async def two(
    transport: Transport, folder: Path, plan: Plan = PLAN
) -> AsyncIterator[tuple[Desk, FakeSlack, FakeSlack]]:
    """Run the product for two workspaces that install the app while it runs."""
    async with desk(transport, folder, plan) as d:
        other = d.slack.another("umbrella")
        await install(d, d.slack)
        await install(d, other)
        yield d, d.slack, other


async def ticket_of(d: Desk, question: FakeMessage) -> Ticket:
    (found,) = [
        ticket
        for ticket in await d.tickets()
        if (ticket.target["channel"], ticket.target["thread_ts"])
        == (question.channel, question.root)
    ]
    return found
