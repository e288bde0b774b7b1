"""Access tokens of mailboxes: bought once, kept sealed, given up when the grant is over."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from supportbot.channels.email.connecting.oauth import GrantShelf, RefreshedToken
from supportbot.channels.email.connecting.token_endpoint import (
    GrantRefused,
    OAuthGrant,
    TokenUnavailable,
)
from supportbot.channels.vault import Vault, new_key
from supportbot.errors import StoreUnavailable
from supportbot.store.database import Database
from supportbot.store.tables.catalog import ChannelRow
from tests.integration.channels.email.token_server import TokenServer, token_server

KEY = "email:help@bot.example"
VAULT_KEY = new_key()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server() -> AsyncIterator[TokenServer]:
    async with token_server() as here:
        yield here


@pytest.fixture
async def grants(db: Database) -> Database:
    async with db.writing() as work:
        row = {"kind": "email", "key": KEY, "created_at": datetime.now(UTC)}
        await work.connection.execute(insert(ChannelRow).values(row))
    return db


def token(
    server: TokenServer, db: Database, clock: Clock, *, refresh: str = "first", kept: bool = True
) -> RefreshedToken:
    grant = OAuthGrant(
        server.url, "app", refresh, client_secret="s3", scope="mail", variable="BOX_TOKEN"
    )
    shelf = GrantShelf(KEY, grant, db, Vault(VAULT_KEY) if kept else None)
    return RefreshedToken(grant, shelf, clock)


async def test_an_access_token_is_bought_once_and_again_before_it_expires(
    server: TokenServer, grants: Database, clock: Clock
) -> None:
    ours = token(server, grants, clock)
    assert set(await asyncio.gather(*(ours.current() for _ in range(5)))) == {"access-1"}
    assert server.asked == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "first",
            "client_id": "app",
            "client_secret": "s3",
            "scope": "mail",
        }
    ]
    clock.pass_by(minutes=57)
    assert await ours.current() == "access-1"
    clock.pass_by(minutes=2)
    assert await ours.current() == "access-2"


async def test_a_token_that_a_mail_server_refused_is_not_given_again(
    server: TokenServer, grants: Database, clock: Clock
) -> None:
    ours = token(server, grants, clock)
    first = await ours.current()
    ours.refused("some other token")
    assert await ours.current() == first
    ours.refused(first)
    assert await ours.current() == "access-2"


async def test_a_rotated_refresh_token_outlives_the_process(
    server: TokenServer, grants: Database, clock: Clock
) -> None:
    server.rotates = True
    assert await token(server, grants, clock).current() == "access-1"
    assert await token(server, grants, clock).current() == "access-1", "it is still good"
    clock.pass_by(days=80)
    assert await token(server, grants, clock).current() == "access-2"
    clock.pass_by(days=80)
    assert await token(server, grants, clock).current() == "access-3"
    assert [asked["refresh_token"] for asked in server.asked] == ["first", "refresh-1", "refresh-2"]


async def test_what_is_stored_shows_no_token(
    server: TokenServer, grants: Database, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    server.rotates = True
    ours = token(server, grants, clock)
    await ours.current()
    async with grants.reading() as work:
        row = (await work.connection.execute(text("SELECT * FROM mail_grant"))).one()
    shown = f"{row!r} {ours.__dict__!r} {capsys.readouterr()}"
    assert not re.search(r"access-\d|refresh-\d|\bfirst\b", shown)


async def test_a_new_configured_token_counts_more_than_what_came_of_the_old_one(
    server: TokenServer, grants: Database, clock: Clock
) -> None:
    server.rotates = True
    await token(server, grants, clock).current()
    server.valid = {"second"}
    assert await token(server, grants, clock, refresh="second").current() == "access-2"
    clock.pass_by(days=1)
    assert await token(server, grants, clock, refresh="second").current() == "access-3"


async def test_two_processes_that_exchange_at_once_both_go_on(
    server: TokenServer, grants: Database, clock: Clock
) -> None:
    server.rotates = True
    here, there = token(server, grants, clock), token(server, grants, clock)
    await here.current()
    await there.current()
    clock.pass_by(hours=2)
    fresh = await here.current()
    assert await there.current() == fresh, "the refresh token that there holds is spent"
    clock.pass_by(hours=2)
    assert await there.current() != fresh


async def test_a_grant_that_is_over_is_said_and_not_asked_for_again_and_again(
    server: TokenServer, grants: Database, clock: Clock
) -> None:
    server.failure = (
        400,
        {
            "error": "invalid_grant",
            "error_description": "AADSTS700082: The refresh token has expired.\r\nTrace ID: 1",
        },
    )
    ours = token(server, grants, clock)
    for _ in range(3):
        with pytest.raises(GrantRefused) as caught:
            await ours.current()
    assert len(server.asked) == 1
    assert "AADSTS700082: The refresh token has expired." in str(caught.value)
    assert "BOX_TOKEN" in str(caught.value)
    assert not re.search(r"Trace|first|s3", str(caught.value))
    clock.pass_by(minutes=6)
    server.failure = None
    assert await ours.current() == "access-2"


@pytest.mark.parametrize(
    "failure",
    [
        (503, {"error": "temporarily_unavailable"}),
        (429, {"error": "slow_down"}),
        (500, "<html>first</html>"),
        (200, "no json"),
        (200, {"token_type": "Bearer"}),
        (403, {}),
    ],
)
async def test_what_is_no_answer_may_be_tried_again(
    server: TokenServer,
    grants: Database,
    clock: Clock,
    failure: tuple[int, dict[str, str] | str],
) -> None:
    server.failure = failure
    ours = token(server, grants, clock)
    with pytest.raises(TokenUnavailable) as caught:
        await ours.current()
    assert not caught.value.permanent
    assert "first" not in str(caught.value)
    server.failure = None
    assert await ours.current() == "access-2"


@pytest.mark.parametrize("said", ["3599", None, "soon"])
async def test_however_a_server_writes_how_long_a_token_lives(
    server: TokenServer, grants: Database, clock: Clock, said: str | None
) -> None:
    server.expires_in = said
    ours = token(server, grants, clock)
    await ours.current()
    clock.pass_by(minutes=57)
    assert await ours.current() == "access-1"


async def test_without_a_key_nothing_is_stored(
    server: TokenServer, grants: Database, clock: Clock
) -> None:
    assert await token(server, grants, clock, kept=False).current() == "access-1"
    async with grants.reading() as work:
        assert (await work.connection.execute(text("SELECT * FROM mail_grant"))).all() == []


async def test_a_new_refresh_token_is_on_disk_before_its_access_token_is_used(
    server: TokenServer, grants: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.rotates = True
    ours = token(server, grants, clock)

    def away() -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(grants, "writing", away)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await ours.current()
    assert await ours.current() == "access-1", "what was bought is stored, not bought again"
    clock.pass_by(hours=2)
    assert await token(server, grants, clock).current() == "access-2"
