"""A channel's register of installations beside a fake Slack, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from supportbot.channels.slack.config import AppCredentials, SlackConfig, SlackOAuth, Transport
from supportbot.channels.slack.installing.register import Register
from supportbot.channels.slack.installing.rotation import Rotation, RotationRules
from supportbot.channels.slack.installing.workspaces import InstalledWorkspaces
from supportbot.channels.slack.web import WebSession
from supportbot.channels.vault import Tokens, Vault, new_key
from supportbot.model.installation import Grant, Installation
from supportbot.model.time import Clock
from supportbot.store import catalog, installations
from supportbot.store.database import Database
from supportbot.testing.fake_slack import FakeSlack

CHANNEL = "slack:main"
KEY = new_key()
RULES = RotationRules(lease_seconds=5, patience_seconds=5, look_seconds=0.01)


async def make_register(db: Database, clock: Clock, keys: str = KEY) -> Register:
    """Make a register of a channel that the store knows."""
    async with db.writing() as work:
        await catalog.ensure_channel(work, CHANNEL, "slack", clock())
    return Register(db, CHANNEL, clock, Vault(keys))


def oauth_of(
    slack: FakeSlack, public_url: str = "https://bot.example", keys: str = KEY
) -> SlackOAuth:
    app = AppCredentials(slack.oauth.app.client_id, slack.oauth.app.client_secret)
    return SlackOAuth(app, keys, public_url)


def web_of(slack: FakeSlack) -> WebSession:
    config = SlackConfig(
        app_token=slack.app_token,
        signing_secret=slack.signing_secret,
        transport=Transport.HTTP,
        oauth=oauth_of(slack),
        api_url=slack.url,
        request_timeout_seconds=2.0,
    )
    return WebSession(config)


@dataclass(frozen=True)
class Process:
    """What one process of many knows of the installed workspaces."""

    register: Register
    rotation: Rotation
    workspaces: InstalledWorkspaces


@asynccontextmanager
async def process(slack: FakeSlack, register: Register) -> AsyncIterator[Process]:
    web = web_of(slack)
    rotation = Rotation(register, web, oauth_of(slack).app, RULES)
    try:
        yield Process(register, rotation, InstalledWorkspaces(register, rotation))
    finally:
        await rotation.drained()
        await web.aclose()


def make_grant(register: Register, owner: str, **changes: Any) -> Grant:
    """Make what a workspace grants: tokens that name their owner."""
    tokens = changes.pop("tokens", Tokens(f"xoxb-{owner}"))
    values: dict[str, Any] = {
        "owner": owner,
        "name": f"{owner} Inc.",
        "app_id": "A1",
        "bot_user": f"UBOT{owner}",
        "bot_id": f"B{owner}",
        "scopes": ("chat:write",),
        "sealed": register.seal(owner, tokens),
        "installed_by": "UADA",
        "installed_at": register.clock(),
    }
    return Grant(**(values | changes))


async def install(register: Register, owner: str, **changes: Any) -> Installation:
    """Let an owner install the app."""
    grant = make_grant(register, owner, **changes)
    async with register.db.writing() as work:
        await installations.save(work, register.channel, grant)
        (found,) = await installations.find(work, register.channel, (owner,))
    return found


async def install_expiring(
    slack: FakeSlack, register: Register, left: timedelta, owner: str = FakeSlack.team
) -> Installation:
    """Let a workspace install the app by a code, with a token that ends in a while."""
    slack.oauth.app.rotates = True
    answer = slack.oauth.app.access(
        slack.workspace,
        {
            "client_id": slack.oauth.app.client_id,
            "client_secret": slack.oauth.app.client_secret,
            "code": slack.oauth.consent("ada"),
        },
    )
    tokens = Tokens(answer["access_token"], answer["refresh_token"])
    ends: datetime = register.clock() + left
    return await install(register, owner, tokens=tokens, expires_at=ends)


class Browser:
    """Keeps cookies as a browser does on https; follows no redirect by itself."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self._origin = origin
        self.cookies: dict[str, str] = {}

    async def get(self, address: str, **query: str) -> aiohttp.ClientResponse:
        url = address if address.startswith("http") else f"{self._origin}{address}"
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await self._session.get(
            url, params=query, headers={"Cookie": cookie} if cookie else {}, allow_redirects=False
        )
        for name, morsel in answer.cookies.items():
            self.cookies[name] = morsel.value
        await answer.read()
        return answer


@asynccontextmanager
async def browser(origin: str) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Browser(session, origin)
