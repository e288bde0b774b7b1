"""Mailboxes that are signed in to by access token, over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from supportbot.channels.email.arriving.receiver import Pace
from supportbot.channels.email.channel import EmailChannel, EmailConfig
from supportbot.channels.email.connecting.token_endpoint import OAuthGrant
from supportbot.channels.vault import new_key
from supportbot.store.database import Database
from tests.integration.channels.email.fake_imap import FakeImap, serving, token_login
from tests.integration.channels.email.token_server import TokenServer, token_server

PACE = Pace(poll_seconds=60, first_retry_seconds=0.05, login_retry_seconds=0.05)


@pytest.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    async with token_server() as here:
        yield here


@pytest.fixture
async def imap() -> AsyncIterator[FakeImap]:
    async with serving(
        FakeImap(capabilities="IMAP4rev1 IDLE AUTH=XOAUTH2 AUTH=OAUTHBEARER")
    ) as here:
        yield here


def make_channel(db: Database, imap: FakeImap, tokens: TokenServer) -> EmailChannel:
    config = EmailConfig(
        "help@bot.example",
        b"k" * 32,
        imap=imap.url,
        oauth=OAuthGrant(tokens.url, "app", "first", variable="BOX_TOKEN"),
        token_keys=new_key(),
        pace=PACE,
        timeout_seconds=5.0,
    )
    return EmailChannel(config, db, lambda: datetime.now(UTC))


async def test_the_token_signs_in(
    imap: FakeImap, tokens: TokenServer, mail_db: Database, desk: Any, running: Any
) -> None:
    seen: list[str] = []
    imap.answers["AUTHENTICATE"] = token_login({"access-1"}, seen)
    async with running(make_channel(mail_db, imap, tokens).run(desk.accept)):
        await imap.idling.wait()
    assert seen == [r"XOAUTH2 'user=bot\x01auth=Bearer access-1\x01\x01'"]
    assert imap.count("LOGIN") == 0


async def test_a_server_that_knows_the_newer_way_only_gets_that(
    imap: FakeImap, tokens: TokenServer, mail_db: Database, desk: Any, running: Any
) -> None:
    imap.capabilities = "IMAP4rev1 IDLE AUTH=OAUTHBEARER"
    seen: list[str] = []
    imap.answers["AUTHENTICATE"] = token_login({"access-1"}, seen)
    async with running(make_channel(mail_db, imap, tokens).run(desk.accept)):
        await imap.idling.wait()
    assert seen[0].startswith(r"OAUTHBEARER 'n,a=bot,\x01host=127.0.0.1\x01port=")
    assert seen[0].endswith(r"\x01auth=Bearer access-1\x01\x01'")


async def test_a_token_that_is_refused_is_exchanged_at_once(
    imap: FakeImap, tokens: TokenServer, mail_db: Database, desk: Any, running: Any
) -> None:
    """The refusal comes as one more challenge, which needs an answer of its own."""
    seen: list[str] = []
    imap.answers["AUTHENTICATE"] = token_login({"access-2"}, seen)
    channel = make_channel(mail_db, imap, tokens)
    async with running(channel.run(desk.accept)):
        await imap.idling.wait()
        assert channel.healthy() is None
    assert seen[1] == "b''"
    assert len(tokens.asked) == 2


async def test_a_grant_that_was_taken_back_is_said_once_and_shown(
    imap: FakeImap,
    tokens: TokenServer,
    mail_db: Database,
    desk: Any,
    running: Any,
    eventually: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tokens.failure = (400, {"error": "invalid_grant", "error_description": "revoked"})
    channel = make_channel(mail_db, imap, tokens)
    attempts = 0

    async def counted() -> None:
        nonlocal attempts
        while True:
            attempts += 1
            await channel.run(desk.accept)

    async with running(counted()):
        await eventually(lambda: "invalid_grant: revoked" in (channel.healthy() or ""))
        await eventually(lambda: "BOX_TOKEN" in (channel.healthy() or ""))
    assert attempts == 1, "the channel goes on by itself"
    assert imap.connections == 0, "what cannot sign in does not knock"
    assert len(tokens.asked) == 1
    assert capsys.readouterr().out.count("invalid_grant") == 1
